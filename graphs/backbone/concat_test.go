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

// TestConcatSizes: a tower whose images are smaller or larger than those of the backbone sees them by the
// triangle filter that pipeline/resize has; one that has their size sees them as they are.
func TestConcatSizes(t *testing.T) {
	const from = 48
	in := pixels(2, from)
	for _, to := range []int{33, from, 60} {
		g := graphtest.BuildNetwork(t, []graphtest.Input{in}, func(s *op.Scope, _ *variable.Set, in []tf.Output) []tf.Output {
			seen := resized(s, op.Cast(s.SubScope("levels"), in[0], tf.Uint8), int64(to))
			return []tf.Output{op.Cast(s.SubScope("float"), seen, tf.Float)}
		})
		got, want := g.Run(t, []graphtest.Input{in})[0], triangle(in.Data, 2, from, to)
		for i, level := range want {
			if math.Abs(float64(got[i])-level) > 1e-3 { // float32 sums of 255 have 7 digits
				t.Fatalf("to %d pixels: value %d is %g, want %g", to, i, got[i], level)
			}
		}
	}
}

// triangle resizes n squares of side from to side to, straight from the definition: weight
// max(0, 1 - |distance of centres| / s), s = max(1, from/to), in x and in y, normalized.
func triangle(levels []float32, n, from, to int) (result []float64) {
	ratio := float64(from) / float64(to)
	weight := func(out, in int) float64 {
		return max(0, 1-math.Abs(float64(in)+0.5-(float64(out)+0.5)*ratio)/max(1, ratio))
	}
	for i := range n * to * to * 3 {
		channel, column, row, image := i%3, i/3%to, i/3/to%to, i/3/to/to
		var sum, total float64
		for y := range from {
			for x := range from {
				w := weight(row, y) * weight(column, x)
				sum, total = sum+w*float64(levels[((image*from+y)*from+x)*3+channel]), total+w
			}
		}
		result = append(result, sum/total)
	}
	return result
}

// TestConcatRefusesSizes that are not one for each tower, and at least its smallest.
func TestConcatRefusesSizes(t *testing.T) {
	for _, test := range []struct {
		sizes []int
		want  string
	}{
		{[]int{224}, "sizes must be one for each of 2 towers, got 1"},
		{[]int{224, 31}, `sizes must be at least 32 for tower "efficientnet-lite0", got 31`},
		{[]int{224, 224, 224}, "sizes must be one for each of 2 towers, got 3"},
	} {
		c, err := named.Choose("concat", map[string]any{"of": []string{"mobilenetv2", "efficientnet-lite0"}, "sizes": test.sizes})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("sizes %d of two towers: %v, want %q", test.sizes, err, test.want)
		}
	}
}
