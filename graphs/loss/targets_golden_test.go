package loss

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/internal/golden"
)

// goldenTargets is testdata/golden/torch_targets.json; the script beside it documents it.
type goldenTargets struct {
	Tolerance           struct{ Relative float64 }
	Embeddings, Targets []float32
	Cases               []struct {
		Loss     string
		Options  map[string]any
		Value    float64 // mean over the rows
		Gradient []float64
	}
}

// TestTargetsGolden holds values and gradients against those of PyTorch.
func TestTargetsGolden(t *testing.T) {
	g := golden.Read[goldenTargets](t, "../../testdata/golden/torch_targets.json")
	in := []graphtest.Input{rowsOf(g.Embeddings), rowsOf(g.Targets)}
	var seen []string
	for _, c := range g.Cases {
		seen = append(seen, c.Loss)
		t.Run(fmt.Sprint(c.Loss, c.Options), func(t *testing.T) {
			build := ofTargets(newLoss(t, c.Loss, c.Options))
			var values []float64
			for _, v := range graphtest.Run(t, in, build)[0] {
				values = append(values, float64(v))
			}
			if got := mean(values); math.Abs(got-c.Value) > g.Tolerance.Relative*c.Value {
				t.Errorf("loss = %v, want %v", got, c.Value)
			}
			gradient := graphtest.Gradient(t, in, first(build))[0] // of the sum over the rows
			for i := range gradient {
				gradient[i] /= float32(len(values))
			}
			near(t, "gradient", gradient, c.Gradient, g.Tolerance.Relative)
		})
	}
	slices.Sort(seen)
	if want := For(Targets); !slices.Equal(slices.Compact(seen), want) {
		t.Errorf("golden cases of %v, want %v", seen, want)
	}
}
