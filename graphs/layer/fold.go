package layer

import (
	"math"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
)

// Folded is a batch norm in inference that goes into the convolution before it: one
// pass over the pixels instead of two. It is computed here, in float64, of a set of constants, so that
// the graph holds kernels and biases and nothing else:
//
//	gamma·(x - mean)/√(variance + ε) + beta = scale·x + bias
type Folded struct {
	variables   *variable.Set // of the batch norm
	scale, bias []float64     // [C]; nil after an error
	inputs      []Input       // nil: as the kernel has them
}

// Input says which channel of a kernel an input goes to, and what it is to be divided by first.
type Input struct {
	Channel int
	Scale   float32
}

// Of returns f for a convolution of such inputs: the kernel divides them and puts them in order.
func (f Folded) Of(inputs []Input) Folded {
	f.inputs = inputs
	return f
}

// Fold reads the constants of BatchNorm.
func Fold(v *variable.Set, channels int64, n Norm) Folded {
	shape := []int64{channels}
	gamma, beta := v.Values("gamma", shape), v.Values("beta", shape)
	mean, variance := v.Values("moving_mean", shape), v.Values("moving_variance", shape)
	f := Folded{variables: v}
	if gamma == nil || beta == nil || mean == nil || variance == nil {
		return f
	}
	for c := range gamma {
		scale := float64(gamma[c]) / math.Sqrt(float64(variance[c])+float64(n.Epsilon))
		f.scale = append(f.scale, scale)
		f.bias = append(f.bias, float64(beta[c])-float64(mean[c])*scale)
	}
	return f
}

// Conv is Conv → BatchNorm in inference. v holds the kernel.
func (f Folded) Conv(s *op.Scope, v *variable.Set, x tf.Output, filters int64, w Window) tf.Output {
	channels, ok := dimension(s, x, 4, 3)
	if !ok {
		return x
	}
	kernel, ok := f.kernel(v, []int64{w.Size, w.Size, channels, filters})
	if !ok {
		return x
	}
	return f.add(s, convolve(s, x, kernel, w))
}

// DepthwiseConv is DepthwiseConv → BatchNorm in inference, likewise.
func (f Folded) DepthwiseConv(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output {
	channels, ok := dimension(s, x, 4, 3)
	if !ok {
		return x
	}
	kernel, ok := f.kernel(v, []int64{w.Size, w.Size, channels, 1})
	if !ok {
		return x
	}
	return f.add(s, convolveDepthwise(s, x, kernel, w))
}

// Dense is Multiply → BatchNorm in inference, likewise: x [N,F] → [N,units].
func (f Folded) Dense(s *op.Scope, v *variable.Set, x tf.Output, units int64) tf.Output {
	features, ok := dimension(s, x, 2, 1)
	if !ok {
		return x
	}
	kernel, ok := f.kernel(v, []int64{features, units})
	if !ok {
		return x
	}
	return f.add(s, op.MatMul(s.SubScope("multiply"), x, kernel))
}

// kernel adds the kernel of v, scaled. The channels of the batch norm are its last numbers: those of
// [H,W,I,C], [F,C], and of the depthwise [H,W,C,1].
func (f Folded) kernel(v *variable.Set, shape []int64) (tf.Output, bool) {
	kernel := v.Values("kernel", shape)
	if kernel == nil || f.scale == nil {
		return tf.Output{}, false
	}
	scaled, outputs := make([]float32, len(kernel)), len(f.scale)
	for i := range kernel {
		from, by := i, f.scale[i%outputs]
		if n := len(f.inputs); n > 0 {
			in := i / outputs % n
			from += (f.inputs[in].Channel - in) * outputs
			by /= float64(f.inputs[in].Scale)
		}
		scaled[i] = float32(float64(kernel[from]) * by)
	}
	return v.Derive("kernel", shape, scaled), true
}

// add adds the bias to the last axis of x.
func (f Folded) add(s *op.Scope, x tf.Output) tf.Output {
	bias := make([]float32, len(f.bias))
	for c, b := range f.bias {
		bias[c] = float32(b)
	}
	return op.BiasAdd(s.SubScope("add_bias"), x, f.variables.Derive("bias", []int64{int64(len(bias))}, bias))
}
