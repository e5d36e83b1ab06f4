package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// matrix is every image of a batch, a row, against every reference, a column.
type matrix struct {
	cosine   tf.Output // [N,R] float32 in [-1,1]
	positive tf.Output // [N,R] float32: 1 where the reference is another image of the same class
	negative tf.Output // [N,R] float32: 1 where it is of another class
}

// against adds the matrix of in's embeddings and references.
func against(s *op.Scope, in In) matrix {
	images := unit(s.SubScope("images"), in.Embeddings)
	references := images
	if in.References != in.Embeddings {
		references = unit(s.SubScope("references"), in.References)
	}
	m := matrix{cosine: op.MatMul(s.SubScope("cosine"), images, references,
		op.MatMulTransposeB(true))}
	m.positive, m.negative = sides(s, in)
	return m
}

// sides adds which references are positives of each image, and which negatives: [N,R] float32.
func sides(s *op.Scope, in In) (positive, negative tf.Output) {
	same := op.Equal(s.SubScope("same"), column(s.SubScope("labels"), in.Labels),
		row(s.SubScope("reference_labels"), in.ReferenceLabels))
	different := op.LogicalNot(s.SubScope("different"), same)
	positives := op.LogicalAnd(s.SubScope("positive"), same, in.Comparable)
	negatives := op.LogicalAnd(s.SubScope("negative"), different, in.Comparable)
	return op.Cast(s.SubScope("positive_float"), positives, tf.Float),
		op.Cast(s.SubScope("negative_float"), negatives, tf.Float)
}

// unit adds x/‖x‖ for each row of x [N,D].
func unit(s *op.Scope, x tf.Output) tf.Output {
	square := op.Square(s.SubScope("square"), x)
	norm2 := op.Sum(s.SubScope("norm2"), square, tg.Const(s.SubScope("axis"), int32(1)),
		op.SumKeepDims(true))
	// A vector of zeros has no direction, and 0/0 is not a number: 1e-12 is the clamp
	// of tf.math.l2_normalize.
	clamp := tg.Const(s.SubScope("clamp"), float32(1e-12))
	inverse := op.Rsqrt(s.SubScope("inverse"), op.Maximum(s.SubScope("at_least"), norm2, clamp))
	return op.Mul(s.SubScope("scale"), x, inverse)
}

// logSumExp adds ln Σ e^x over the columns of each row of x [N,R] that mask [N,R]
// float32 has 1 for: [N]; 0 where it has none. With one, it is ln(1 + Σ e^x).
func logSumExp(s *op.Scope, x, mask tf.Output, one bool) tf.Output {
	axis := tg.Const(s.SubScope("axis"), int32(1))
	masked := op.Mul(s.SubScope("masked"), x, mask)
	// Shifted by the largest, no power overflows.
	low := op.Mul(s.SubScope("low"), op.Sub(s.SubScope("left_out"), mask,
		tg.Const(s.SubScope("ones"), float32(1))), tg.Const(s.SubScope("far"), float32(1e30)))
	largest := op.Max(s.SubScope("largest"), op.AddV2(s.SubScope("candidates"), masked, low), axis,
		op.MaxKeepDims(true))
	count := op.Sum(s.SubScope("count"), mask, axis, op.SumKeepDims(true))
	zero := tg.Const(s.SubScope("zero"), float32(0))
	some := op.Cast(s.SubScope("some_float"), op.Greater(s.SubScope("some"), count, zero), tf.Float)
	shift := op.Mul(s.SubScope("shift"), largest, some) // 0 in a row without any
	extra := op.Sub(s.SubScope("none"), tg.Const(s.SubScope("one"), float32(1)), some)
	if one {
		shift = op.Maximum(s.SubScope("shift_one"), shift, zero)
		extra = op.Exp(s.SubScope("extra"), op.Neg(s.SubScope("minus_shift"), shift))
	}
	shift = op.StopGradient(s.SubScope("constant"), shift)
	extra = op.StopGradient(s.SubScope("constant_extra"), extra)
	// Masked powers are those of 0, so that none is infinite and times 0.
	exponent := op.Mul(s.SubScope("exponent"), op.Sub(s.SubScope("shifted"), x, shift), mask)
	powers := op.Mul(s.SubScope("powers"), op.Exp(s.SubScope("exp"), exponent), mask)
	sum := op.AddV2(s.SubScope("sum"), extra,
		op.Sum(s.SubScope("sum_of_powers"), powers, axis, op.SumKeepDims(true)))
	total := op.AddV2(s.SubScope("total"), op.Log(s.SubScope("log"), sum), shift)
	return flat(s.SubScope("flat"), total)
}

// rowSum adds Σ x over each row of x [N,R]: [N].
func rowSum(s *op.Scope, x tf.Output) tf.Output {
	return op.Sum(s.SubScope("sum"), x, tg.Const(s.SubScope("axis"), int32(1)))
}

// where adds values [M] where valid [M] bool is true, else 0. Values must be finite.
func where(s *op.Scope, valid, values tf.Output) tf.Output {
	return op.Mul(s.SubScope("masked"), values, op.Cast(s.SubScope("mask"), valid, tf.Float))
}

// anyOf adds which rows of mask [N,R] float32 have a 1: [N] bool.
func anyOf(s *op.Scope, mask tf.Output) tf.Output {
	return op.Greater(s.SubScope("some"), rowSum(s.SubScope("count"), mask),
		tg.Const(s.SubScope("zero"), float32(0)))
}

// times adds x · factor.
func times(s *op.Scope, x tf.Output, factor float32) tf.Output {
	return op.Mul(s.SubScope("scaled"), x, tg.Const(s.SubScope("factor"), factor))
}

// plus adds x + term.
func plus(s *op.Scope, x tf.Output, term float32) tf.Output {
	return op.AddV2(s.SubScope("shifted"), x, tg.Const(s.SubScope("term"), term))
}

// column adds x [N] as [N,1].
func column(s *op.Scope, x tf.Output) tf.Output {
	return op.ExpandDims(s.SubScope("column"), x, tg.Const(s.SubScope("axis"), int32(1)))
}

// row adds x [R] as [1,R].
func row(s *op.Scope, x tf.Output) tf.Output {
	return op.ExpandDims(s.SubScope("row"), x, tg.Const(s.SubScope("axis"), int32(0)))
}

// flat adds x of any shape as one axis.
func flat(s *op.Scope, x tf.Output) tf.Output {
	return op.Reshape(s.SubScope("join"), x, tg.Const(s.SubScope("any"), []int32{-1}))
}
