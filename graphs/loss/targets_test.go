package loss

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// targetOracles are the losses of targets, with the default options, of one embedding
// and its target, as plain loops.
var targetOracles = map[string]func(x, t []float64) float64{
	"l1":     absoluteOracle,
	"mse":    squareOracle,
	"mixed":  func(x, t []float64) float64 { return absoluteOracle(x, t) + squareOracle(x, t) },
	"cosine": func(x, t []float64) float64 { return 1 - cosine(x, t) },
}

func absoluteOracle(x, t []float64) float64 {
	s := 0.0
	for i := range x {
		s += math.Abs(x[i] - t[i])
	}
	return s / float64(len(x))
}

func squareOracle(x, t []float64) float64 {
	s := 0.0
	for i := range x {
		s += (x[i] - t[i]) * (x[i] - t[i])
	}
	return s / float64(len(x))
}

// ofTargets returns a builder of l's values from embeddings and targets.
func ofTargets(l Loss) graphtest.Builder {
	return func(s *op.Scope, in []tf.Output) []tf.Output {
		v := variable.NewSet(s.SubScope("variables"), "")
		values, valid := l.Build(s.SubScope("loss"), v, In{Embeddings: in[0], Targets: in[1]})
		return []tf.Output{values, op.Cast(s.SubScope("valid"), valid, tf.Float)}
	}
}

func rowsOf(x []float32) graphtest.Input {
	return graphtest.Input{Shape: []int64{int64(len(x) / dim), dim}, Data: x}
}

// TestTargets holds each loss of targets against its plain loop, and its gradients by
// embeddings and targets against central differences of that.
func TestTargets(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 21))
	embeddings, targets := randomRows(r, 5), randomRows(r, 5)
	in := []graphtest.Input{rowsOf(embeddings), rowsOf(targets)}
	for _, name := range For(Targets) {
		t.Run(name, func(t *testing.T) {
			oracle := targetOracles[name]
			if oracle == nil {
				t.Fatal("no oracle")
			}
			x, y := wide(embeddings), wide(targets)
			got := graphtest.Run(t, in, ofTargets(mustNew(t, name)))
			for i := range x {
				if want := oracle(x[i], y[i]); math.Abs(float64(got[0][i])-want) > 1e-5*want {
					t.Errorf("loss of row %d = %v, want %v", i, got[0][i], want)
				}
				if got[1][i] != 1 {
					t.Errorf("row %d does not count", i)
				}
			}
			sum := func() float64 {
				s := 0.0
				for i := range x {
					s += oracle(x[i], y[i])
				}
				return s
			}
			gradients := graphtest.Gradient(t, in, first(ofTargets(mustNew(t, name))))
			near(t, "gradient by embeddings", gradients[0], differences(x, sum), 1e-3)
			near(t, "gradient by targets", gradients[1], differences(y, sum), 1e-3)
		})
	}
}

// TestMixed: the weights are those of the sum, and one of 0 leaves its loss out.
func TestMixed(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 22))
	in := []graphtest.Input{rowsOf(randomRows(r, 3)), rowsOf(randomRows(r, 3))}
	value := func(name string, options any) []float32 {
		return graphtest.Run(t, in, ofTargets(newLoss(t, name, options)))[0]
	}
	got := value("mixed", map[string]float64{"l1": 0.5, "mse": 0, "cosine": 2})
	absolute, direction := value("l1", nil), value("cosine", nil)
	for i, g := range got {
		if want := 0.5*absolute[i] + 2*direction[i]; math.Abs(float64(g-want)) > 1e-6 {
			t.Errorf("mixed of row %d = %v, want %v", i, g, want)
		}
	}
	for _, c := range []struct {
		options map[string]float64
		want    string
	}{
		{map[string]float64{"l1": -1}, `loss "mixed": weight l1 must be 0 or more, got -1`},
		{map[string]float64{"mse": math.NaN()}, "mse: want a finite decimal number, got .nan"},
		{map[string]float64{"l1": 0, "mse": 0}, "all weights are 0"},
	} {
		choice, err := named.Choose("mixed", c.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&choice); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("mixed with %v: %v, want %q", c.options, err, c.want)
		}
	}
}

// TestTargetEdges: at its target a loss is 0 and moves nothing; zeros and large values
// give finite losses and gradients.
func TestTargetEdges(t *testing.T) {
	same := slices.Repeat([]float32{3}, dim)
	zero, huge := make([]float32, dim), slices.Repeat([]float32{1e6}, dim)
	for _, name := range For(Targets) {
		for what, c := range map[string][2][]float32{"at its target": {same, same},
			"both zero": {zero, zero}, "zero": {zero, same}, "target zero": {same, zero},
			"huge": {huge, zero}} {
			in := []graphtest.Input{rowsOf(c[0]), rowsOf(c[1])}
			value := graphtest.Run(t, in, ofTargets(mustNew(t, name)))[0][0]
			gradient := graphtest.Gradient(t, in, first(ofTargets(mustNew(t, name))))[0]
			for _, x := range append(slices.Clone(gradient), value) {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) || value < 0 {
					t.Fatalf("%s, %s: value %v, gradient %v", name, what, value, gradient)
				}
			}
			if what != "at its target" {
				continue
			}
			if value > 1e-6 || slices.ContainsFunc(gradient, func(g float32) bool { return math.Abs(float64(g)) > 1e-6 }) {
				t.Errorf("%s at its target: value %v, gradient %v", name, value, gradient)
			}
		}
	}
}
