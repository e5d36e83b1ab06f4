package backbone

import (
	"slices"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
)

// TestConcat: the features are those of each tower by itself, with the same weights, one after the
// other, and nothing is trained.
func TestConcat(t *testing.T) {
	in, names := []graphtest.Input{pixels(2, 33)}, []string{"mobilenetv2", "efficientnet-lite0"}
	b := mustNew(t, "concat", map[string]any{"of": names})
	if !slices.Equal(b.Towers, names) || !b.AllFrozen || b.Modes {
		t.Errorf("towers %q, all frozen %t, modes %t; want %q, true, false", b.Towers, b.AllFrozen, b.Modes, names)
	}
	g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		list := []tf.Output{build(b, s, v, layer.Mode{}, in[0])}
		if n := len(v.Trained()); n > 0 {
			t.Errorf("%d variables are trained, want none", n)
		}
		for _, name := range names {
			one := mustNew(t, name, map[string]any{"freeze": "all"})
			list = append(list, build(one, s.SubScope(name), v.Reuse().Sub(name), layer.Mode{}, in[0]))
		}
		return list
	})
	y := g.Run(t, in)
	for row := range 2 {
		want := append(slices.Clone(y[1][row*1280:][:1280]), y[2][row*1280:][:1280]...)
		if got := y[0][row*2560:][:2560]; !slices.Equal(got, want) {
			t.Errorf("image %d: the features are not those of the towers, one after the other", row)
		}
	}
}
