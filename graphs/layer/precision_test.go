package layer

import (
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
)

// TestBF16Sums: sums over pixels are exact in bfloat16, too: 16,384 times 1 is 16,384, which bfloat16 can say. Added up in
// bfloat16 it would stay at 256: 256 + 1 is 256 there.
func TestBF16Sums(t *testing.T) {
	ones := func(shape ...int64) graphtest.Input {
		in := random(0, shape...)
		for i := range in.Data {
			in.Data[i] = 1
		}
		return in
	}
	m := Mode{BFloat16: true}
	const images, side = 4, 64
	x := ones(images, side, side, 2)
	for name, c := range map[string]struct {
		of    graphtest.Input // whose gradient is the sum
		build func(s *op.Scope, x, of tf.Output) tf.Output
	}{
		"bias": {ones(2), func(s *op.Scope, x, of tf.Output) tf.Output {
			return addBias(s, x, of)
		}},
		"convolution": {ones(1, 1, 2, 2), func(s *op.Scope, x, of tf.Output) tf.Output {
			return convolve(s, x, of, Same(1))
		}},
		"depthwise convolution": {ones(1, 1, 2, 1), func(s *op.Scope, x, of tf.Output) tf.Output {
			return convolveDepthwise(s, x, of, Same(1))
		}},
		"beta of batch norm": {ones(2), func(s *op.Scope, x, of tf.Output) tf.Output {
			none := tg.Const(s.SubScope("none"), []float32{})
			y, _, _, _, _, _ := op.FusedBatchNormV3(s.SubScope("normalize"), x, of, of, none, none, op.FusedBatchNormV3Epsilon(1))
			return y
		}},
		"product": {ones(2, 2), func(s *op.Scope, x, of tf.Output) tf.Output {
			rows := op.Reshape(s.SubScope("rows"), x, tg.Const(s.SubScope("shape"), []int32{-1, 2}))
			return op.MatMul(s.SubScope("multiply"), rows, as(s, of, x))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := graphtest.Gradient(t, []graphtest.Input{x, c.of}, func(s *op.Scope, in []tf.Output) tf.Output {
				return Float(s, c.build(s, m.Enter(s, in[0]), in[1]))
			})[1]
			for i, g := range got {
				if g != images*side*side {
					t.Errorf("gradient[%d] = %g, want %d", i, g, images*side*side)
				}
			}
		})
	}
}
