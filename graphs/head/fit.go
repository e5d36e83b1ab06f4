package head

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/internal/names"
)

// denseLayer is the name of the layer that a Fit is about.
const denseLayer = names.Dense

// Keys of what a Fit gives, within a head.
const (
	Kernel = denseLayer + "/kernel" // [F,D]
	Bias   = denseLayer + "/bias"   // [D]
)

// Examples are the training images that a Fit looks at.
type Examples struct {
	Features tf.Output // [n,F] float64: what the head sees of each
	Labels   tf.Output // [n] int32 in [0,C): its class, where the Fit reads Classes
	Classes  tf.Output // [] int32: C
}

// Fit adds a closed form: what the kernel [F,D] and the bias [D] of the head's dense layer,
// both float64, are to be for some images. It is run once, before the first step.
type Fit func(s *op.Scope, x Examples) (kernel, bias tf.Output)

// fitted is the options of heads with a closed form.
type fitted struct {
	Ridge float64 `yaml:"ridge"` // added to each variance, as a share of their mean; > 0
}

func (f fitted) check() error {
	if !(f.Ridge > 0) {
		return fmt.Errorf("ridge must be positive, got %g", f.Ridge)
	}
	return nil
}

// enough refuses more dimensions than features [N,F] have: no closed form gives more.
func (w width) enough(s *op.Scope, features tf.Output) {
	if s.Err() != nil || features.Shape().NumDimensions() != 2 {
		return
	}
	if f := features.Shape().Size(1); w.EmbeddingDim > f {
		s.UpdateErr("head", fmt.Errorf("a head from a closed form has at most as many dimensions as features: "+
			"embedding_dim is %d, the backbone has %d features", w.EmbeddingDim, f))
	}
}

// average adds the mean [1,F] of the rows of x [n,F].
func average(s *op.Scope, x tf.Output) tf.Output {
	return op.Mean(s.SubScope("mean"), x, tg.Const(s.SubScope("rows"), int32(0)), op.MeanKeepDims(true))
}

// covariance adds xᵀx/n of x [n,F], whose mean is 0: [F,F].
func covariance(s *op.Scope, x tf.Output) tf.Output {
	product := op.MatMul(s.SubScope("product"), x, x, op.MatMulTransposeA(true))
	n := op.GatherV2(s.SubScope("count"), op.Shape(s.SubScope("shape"), x),
		tg.Const(s.SubScope("first"), int32(0)), tg.Const(s.SubScope("axis"), int32(0)))
	return op.Div(s.SubScope("mean"), product, op.Cast(s.SubScope("images"), n, tf.Double))
}

// ridged adds a share of the mean of the diagonal of a [F,F] to all of the diagonal.
func ridged(s *op.Scope, a tf.Output, share float64) tf.Output {
	diagonal := op.DiagPart(s.SubScope("diagonal"), a)
	mean := op.Mean(s.SubScope("mean"), diagonal, tg.Const(s.SubScope("axis"), int32(0)))
	amount := op.Mul(s.SubScope("amount"), mean, tg.Const(s.SubScope("share"), share))
	amounts := op.Mul(s.SubScope("amounts"), op.OnesLike(s.SubScope("ones"), diagonal), amount)
	return op.AddV2(s.SubScope("ridged"), a, op.Diag(s.SubScope("ridge"), amounts))
}

// longest adds the dim directions in which a symmetric matrix a [F,F] is the longest, and
// how long it is there: values [dim], descending, and vectors [F,dim], the columns.
func longest(s *op.Scope, a tf.Output, dim int64) (values, vectors tf.Output) {
	ascending, columns := op.SelfAdjointEigV2(s.SubScope("eigen"), a)
	of := s.SubScope("values")
	values = op.Slice(of.SubScope("first"),
		op.ReverseV2(of.SubScope("descending"), ascending, tg.Const(of.SubScope("axis"), []int32{0})),
		tg.Const(of.SubScope("begin"), []int32{0}), tg.Const(of.SubScope("size"), []int32{int32(dim)}))
	of = s.SubScope("vectors")
	vectors = op.Slice(of.SubScope("first"),
		op.ReverseV2(of.SubScope("descending"), columns, tg.Const(of.SubScope("axis"), []int32{1})),
		tg.Const(of.SubScope("begin"), []int32{0, 0}), tg.Const(of.SubScope("size"), []int32{-1, int32(dim)}))
	return values, vectors
}

// known adds 1 for each of values [D], descending variances, that is more than rounding, else 0. A
// direction in which no training image differs from another says nothing about other images.
func known(s *op.Scope, values tf.Output) tf.Output {
	most := op.Max(s.SubScope("most"), values, tg.Const(s.SubScope("axis"), int32(0)))
	least := op.Mul(s.SubScope("least"), most, tg.Const(s.SubScope("share"), 1e-9)) // float32 features have 7 digits
	return op.Cast(s.SubScope("float"), op.Greater(s.SubScope("more"), values, least), tf.Double)
}

// centring adds -mean·kernel, of mean [1,F]: the bias [D] with which the mean comes to zero.
func centring(s *op.Scope, mean, kernel tf.Output) tf.Output {
	product := op.MatMul(s.SubScope("product"), mean, kernel)
	flat := op.Reshape(s.SubScope("flat"), product, tg.Const(s.SubScope("any"), []int32{-1}))
	return op.Neg(s.SubScope("minus"), flat)
}
