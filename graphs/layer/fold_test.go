package layer

import (
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

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
			g := graphtest.BuildNetwork(t, []graphtest.Input{x},
				func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
					y := c.apart(s.SubScope("conv"), v.Sub("conv"), in[0], w)
					y = BatchNorm(s.SubScope("norm"), v.Sub("norm"), Mode{}, y, norm)
					f := Fold(s.SubScope("fold"), v.Reuse().Sub("norm"), 3, norm)
					return []tf.Output{y, c.folded(f, s.SubScope("folded"), v.Reuse().Sub("conv"), in[0], w)}
				})
			g.Set(t, start)
			y := g.Run(t, []graphtest.Input{x})
			near(t, name, y[1], wide(y[0]))
		}
	}
}
