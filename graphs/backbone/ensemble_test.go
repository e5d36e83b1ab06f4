package backbone

import (
	"math"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

func of(members ...map[string]any) map[string]any { return map[string]any{"of": members} }

// TestEnsemble: the features are those of each network at its own size and behind its head, each brought to length 1,
// one after the other, and nothing is trained.
func TestEnsemble(t *testing.T) {
	in := []graphtest.Input{pixels(2, 24)}
	b := mustNew(t, "ensemble", of(map[string]any{"network": "conv4"}, map[string]any{"network": "smallconv", "size": 20, "embedding_dim": 7}))
	if len(b.Members) != 2 || !b.AllFrozen || b.Modes || b.MinSize != 16 {
		t.Errorf("%d members, all frozen %t, modes %t, smallest %d; want 2, true, false, 16", len(b.Members), b.AllFrozen, b.Modes, b.MinSize)
	}
	g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		v = v.Sub(names.Backbone)
		whole := build(b, s, v, layer.Mode{}, in[0])
		if n := len(v.Trained()); n > 0 {
			t.Errorf("%d variables are trained, want none", n)
		}
		for _, key := range []string{MemberKey(1) + "backbone/", MemberKey(2) + "backbone/", MemberKey(2) + "head/dense/kernel"} {
			if !slices.ContainsFunc(v.All(), func(x variable.Variable) bool { return strings.HasPrefix(x.Key, key) }) {
				t.Errorf("no variable begins with %q", key)
			}
		}
		first := build(mustNew(t, "conv4", nil), s.SubScope("first"), v.Reuse().Sub("1").Sub("backbone"), layer.Mode{}, in[0])
		second := resized(s.SubScope("small"), op.Cast(s.SubScope("levels"), in[0], tf.Uint8), 20)
		second = mustNew(t, "smallconv", nil).Features(s.SubScope("second"), v.Reuse().Sub("2").Sub("backbone"), layer.Mode{}, second)
		second = layer.Dense(s.SubScope("dense"), v.Reuse().Sub("2").Sub("head").Sub("dense"), second, 7)
		return []tf.Output{whole, first, second}
	})
	y := g.Run(t, in)
	long := len(y[1]) / 2
	for row := range 2 {
		want := append(unit(y[1][row*long:][:long]), unit(y[2][row*7:][:7])...)
		for i, got := range y[0][row*(long+7):][:long+7] {
			if math.Abs(float64(got)-want[i]) > 1e-6 {
				t.Fatalf("image %d: number %d is %g, want %g", row, i, got, want[i])
			}
		}
	}
}

// unit brings x to length 1.
func unit(x []float32) (y []float64) {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	for _, v := range x {
		y = append(y, float64(v)/math.Sqrt(sum))
	}
	return y
}

// TestEnsembleRefuses what no training could begin with.
func TestEnsembleRefuses(t *testing.T) {
	one := map[string]any{"network": "conv4"}
	for _, test := range []struct {
		options any
		want    string
	}{
		{of(one), "of must list two networks or more, got 1"},
		{of(one, map[string]any{"network": "concat"}), `network 2: unknown backbone "concat"`},
		{of(one, map[string]any{"network": "conv4", "size": 15}), `network 2: size must be 0 (input.size) or at least 16 for "conv4", got 15`},
		{of(one, map[string]any{"network": "conv4", "embedding_dim": -1}), "network 2: embedding_dim must be 0 (none) or more, got -1"},
		{of(one, map[string]any{"network": map[string]any{"conv4": map[string]int{"filter": 3}}}), `unknown field "filter"`},
	} {
		c, err := named.Choose("ensemble", test.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.options, err, test.want)
		}
	}
}
