package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
)

// Folded is a batch norm in inference that goes into the convolution before it: one
// pass over the pixels instead of two. Over constants the runtime folds once for all.
//
//	gamma·(x - mean)/√(variance + ε) + beta = scale·x + bias
type Folded struct {
	scope       *op.Scope
	scale, bias tf.Output // [C] float32
}

// Fold reads the variables of BatchNorm.
func Fold(s *op.Scope, v *variable.Set, channels int64, n Norm) Folded {
	gamma, beta, mean, variance := normVariables(v, channels)
	epsilon := tg.Const(s.SubScope("epsilon"), n.Epsilon)
	deviation := op.Rsqrt(s.SubScope("root"), op.AddV2(s.SubScope("positive"), variance.Read, epsilon))
	scale := op.Mul(s.SubScope("scale"), gamma.Read, deviation)
	bias := op.Sub(s.SubScope("bias"), beta.Read, op.Mul(s.SubScope("centre"), mean.Read, scale))
	return Folded{s, scale, bias}
}

// Conv is Conv → BatchNorm in inference.
func (f Folded) Conv(s *op.Scope, v *variable.Set, x tf.Output, filters int64, w Window) tf.Output {
	kernel, ok := convKernel(s, v, x, filters, w)
	if !ok {
		return x
	}
	scaled := op.Mul(f.scope.SubScope("kernel"), kernel, f.scale)
	return op.BiasAdd(f.scope.SubScope("add_bias"), convolve(s, x, scaled, w), f.bias)
}

// DepthwiseConv is DepthwiseConv → BatchNorm in inference.
func (f Folded) DepthwiseConv(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output {
	kernel, ok := depthwiseKernel(s, v, x, w)
	if !ok {
		return x
	}
	perChannel := op.ExpandDims(f.scope.SubScope("per_channel"), f.scale,
		tg.Const(f.scope.SubScope("last"), int32(1)))
	scaled := op.Mul(f.scope.SubScope("kernel"), kernel, perChannel)
	return op.BiasAdd(f.scope.SubScope("add_bias"), convolveDepthwise(s, x, scaled, w), f.bias)
}
