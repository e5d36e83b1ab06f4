package layer

import (
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/variable"
)

// TestFold: a folded batch norm gives what the two operations give.
func TestFold(t *testing.T) {
	x := random(11, 2, 5, 6, 3)
	norm := Norm{Momentum: 0.9, Epsilon: 1e-3}
	start := map[string][]float32{"norm/gamma": {0.5, 1, -2}, "norm/beta": {-1, 0, 3},
		"norm/moving_mean": {0.1, 0.2, 0.3}, "norm/moving_variance": {0.5, 1, 4}}
	for name, c := range map[string]struct {
		apart  func(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output
		folded func(f Folded, s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output
	}{
		"conv": {func(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output {
			return Conv(s, v, x, 3, w)
		}, func(f Folded, s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output {
			return f.Conv(s, v, x, 3, w)
		}},
		"depthwise": {DepthwiseConv, Folded.DepthwiseConv},
	} {
		for _, w := range windows {
			in := []graphtest.Input{x}
			g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				y := c.apart(s.SubScope("conv"), v.Sub("conv"), in[0], w)
				return []tf.Output{BatchNorm(s.SubScope("norm"), v.Sub("norm"), Mode{}, y, norm)}
			})
			g.Set(t, start)
			folded := graphtest.BuildConstant(t, in, g, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				f := Fold(v.Sub("norm"), 3, norm)
				return []tf.Output{c.folded(f, s.SubScope("folded"), v.Sub("conv"), in[0], w)}
			})
			near(t, name, folded.Run(t, in)[0], wide(g.Run(t, in)[0]))
		}
	}
}

// TestFoldDense: the same of a dense layer, whose batch norm sees images of one pixel.
func TestFoldDense(t *testing.T) {
	norm, in := Norm{Momentum: 0.9, Epsilon: 1e-3}, []graphtest.Input{random(12, 4, 5)}
	g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		y := Multiply(s.SubScope("dense"), v.Sub("dense"), in[0], 3)
		pixels := op.Reshape(s.SubScope("pixels"), y, tg.Const(s.SubScope("pixel"), []int32{-1, 1, 1, 3}))
		return []tf.Output{BatchNorm(s.SubScope("norm"), v.Sub("norm"), Mode{}, pixels, norm)}
	})
	g.Set(t, map[string][]float32{"norm/gamma": {0.5, 1, -2}, "norm/beta": {-1, 0, 3},
		"norm/moving_mean": {0.1, 0.2, 0.3}, "norm/moving_variance": {0.5, 1, 4}})
	folded := graphtest.BuildConstant(t, in, g, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		return []tf.Output{Fold(v.Sub("norm"), 3, norm).Dense(s.SubScope("folded"), v.Sub("dense"), in[0], 3)}
	})
	near(t, "dense", folded.Run(t, in)[0], wide(g.Run(t, in)[0]))
}
