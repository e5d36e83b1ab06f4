package layer

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// moments are the mean and the variance of each channel of the images of all processes, each [C] float32.
type moments struct{ count, mean, variance tf.Output }

// sharedNorm is BatchNorm in training, with the mean and the variance of the images of all processes:
//
//	own images → count, Σ(x-c), Σ(x-c)² → summed over processes → mean, variance → normalize
//
// Summed is an operation that gives what it takes, and whose gradient does. Where a graph has several processes
// both become sums over them: the gradient of a sum is the sum of the gradients, so that all is exact. c is the
// moving mean, which all processes have alike: near it little is lost in a difference of sums. Ioffe and
// Szegedy, Batch Normalization, 2015, arXiv:1502.03167, over processes as Goyal et al., 2017, arXiv:1706.02677, do not.
func sharedNorm(s *op.Scope, v *variable.Set, x tf.Output, channels int64, n Norm) tf.Output {
	gamma, beta, mean, variance := normVariables(v, channels)
	m := sharedMoments(s.SubScope("moments"), x, mean.Read, channels)
	y := normalized(s, x, gamma.Read, beta.Read, m, n.Epsilon)
	share, one := tg.Const(s.SubScope("share"), 1-n.Momentum), tg.Const(s.SubScope("one"), float32(1))
	others := op.Maximum(s.SubScope("at_least"), op.Sub(s.SubScope("others"), m.count, one), one)
	unbiased := op.Mul(s.SubScope("unbiased"), m.variance, op.Div(s.SubScope("factor"), m.count, others))
	v.Update(mean, mean.Approach(s.SubScope("move_mean"), m.mean, share))
	v.Update(variance, variance.Approach(s.SubScope("move_variance"), unbiased, share))
	return y
}

// sharedMoments adds the moments of x [N,H,W,C] of all processes, by differences to centre [C].
func sharedMoments(s *op.Scope, x, centre tf.Output, channels int64) moments {
	pixels := tg.Const(s.SubScope("pixels"), []int32{0, 1, 2})
	d := op.Sub(s.SubScope("difference"), Float(s, x), centre)
	size := op.Size(s.SubScope("size"), x, op.SizeOutType(tf.Int64))
	count := op.Cast(s.SubScope("count"), op.Div(s.SubScope("rows"), size, tg.Const(s.SubScope("channels"), channels)), tf.Float)
	sums := op.ConcatV2(s.SubScope("own"), []tf.Output{
		op.ExpandDims(s.SubScope("list"), count, tg.Const(s.SubScope("axis"), int32(0))),
		op.Sum(s.SubScope("sum"), d, pixels), op.Sum(s.SubScope("squares"), op.Square(s.SubScope("square"), d), pixels)},
		tg.Const(s.SubScope("first"), int32(0)))
	all := op.CheckNumerics(s.SubScope("summed"), sums, fmt.Sprint(names.Summed, 1+2*channels))
	part := func(name string, from, size int64) tf.Output {
		at := s.SubScope(name)
		return op.Slice(at.SubScope("slice"), all, tg.Const(at.SubScope("from"), []int32{int32(from)}),
			tg.Const(at.SubScope("size"), []int32{int32(size)}))
	}
	m := moments{count: part("counts", 0, 1)}
	off := op.Div(s.SubScope("off"), part("sums", 1, channels), m.count)
	m.mean = op.AddV2(s.SubScope("mean"), centre, off)
	square := op.Div(s.SubScope("mean_square"), part("sums_of_squares", 1+channels, channels), m.count)
	// Rounding may give less than the 0 of a channel that is constant.
	m.variance = op.Relu(s.SubScope("variance"), op.Sub(s.SubScope("about_mean"), square, op.Square(s.SubScope("off_square"), off)))
	return m
}

// normalized adds y = gamma·(x - mean)/√(variance + ε) + beta. The runtime's operation for that has no gradient of mean and
// variance. So it takes them as constants, and a scale and an offset that depend on them: their values are gamma and
// beta, and their gradients those of the formula.
func normalized(s *op.Scope, x, gamma, beta tf.Output, m moments, epsilon float32) tf.Output {
	mean := op.StopGradient(s.SubScope("mean"), m.mean)
	variance := op.StopGradient(s.SubScope("variance"), m.variance)
	wide := op.AddV2(s.SubScope("wide"), m.variance, tg.Const(s.SubScope("epsilon"), epsilon))
	inverse := op.Mul(s.SubScope("gain"), gamma, op.Rsqrt(s.SubScope("inverse"), wide))
	deviation := op.StopGradient(s.SubScope("deviation"), op.Sqrt(s.SubScope("root"), wide))
	scale := op.Mul(s.SubScope("scale"), inverse, deviation)
	moved := op.Mul(s.SubScope("moved"), op.Sub(s.SubScope("less"), mean, m.mean), inverse)
	offset := op.AddV2(s.SubScope("offset"), beta, moved)
	y, _, _, _, _, _ := op.FusedBatchNormV3(s.SubScope("normalize"), x, scale, offset, mean, variance,
		op.FusedBatchNormV3Epsilon(epsilon), op.FusedBatchNormV3IsTraining(false))
	return y
}
