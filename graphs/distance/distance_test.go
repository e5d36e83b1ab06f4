package distance

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/internal/named"
)

const rows, dim = 5, 7

// oracles are the distances as plain loops over one pair of rows.
var oracles = map[string]func(a, b []float64) float64{
	"sqeuclidean": square,
	"euclidean":   func(a, b []float64) float64 { return math.Sqrt(square(a, b)) },
	"cosine": func(a, b []float64) float64 {
		var ab, aa, bb float64
		for i := range a {
			ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
		}
		return 1 - ab/math.Sqrt(aa*bb)
	},
}

func square(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += (a[i] - b[i]) * (a[i] - b[i])
	}
	return s
}

func mustNew(t *testing.T, name string) Distance {
	t.Helper()
	d, err := Table.New(&named.Choice{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func builder(d Distance) func(*op.Scope, []tf.Output) tf.Output {
	return func(s *op.Scope, in []tf.Output) tf.Output { return d(s, in[0], in[1]) }
}

func one(build func(*op.Scope, []tf.Output) tf.Output) graphtest.Builder {
	return func(s *op.Scope, in []tf.Output) []tf.Output { return []tf.Output{build(s, in)} }
}

func random(seed uint64) graphtest.Input {
	r := rand.New(rand.NewPCG(seed, 0))
	in := graphtest.Input{Shape: []int64{rows, dim}}
	for range rows * dim {
		in.Data = append(in.Data, float32(r.NormFloat64()))
	}
	return in
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestTable holds each distance against its oracle, its mirror and its gradient.
func TestTable(t *testing.T) {
	a, b := random(1), random(2)
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			d, oracle := mustNew(t, name), oracles[name]
			if oracle == nil {
				t.Fatal("no oracle")
			}
			g := graphtest.Build(t, []graphtest.Input{a, b}, one(builder(d)))
			got, mirrored := g.Run(t, []graphtest.Input{a, b})[0], g.Run(t, []graphtest.Input{b, a})[0]
			for i, x := range got {
				want := oracle(wide(a.Data)[i*dim:(i+1)*dim], wide(b.Data)[i*dim:(i+1)*dim])
				if math.Abs(float64(x)-want) > 1e-5*want { // float32 sums of seven terms
					t.Errorf("row %d: %v, want %v", i, x, want)
				}
				if x != mirrored[i] {
					t.Errorf("row %d: %v one way, %v the other", i, x, mirrored[i])
				}
			}
			for i, x := range g.Run(t, []graphtest.Input{a, a})[0] {
				if !(x >= 0 && x <= 4e-4) { // √1e-7, the clamp of the Euclidean distance
					t.Errorf("row %d: distance to itself %v", i, x)
				}
			}
			graphtest.CheckGradient(t, []graphtest.Input{a, b}, builder(d), func(in [][]float64) float64 {
				sum := 0.0
				for i := range rows {
					sum += oracle(in[0][i*dim:(i+1)*dim], in[1][i*dim:(i+1)*dim])
				}
				return sum
			})
		})
	}
}

// TestFinite: gradients are finite where rows are equal, and where they are zero.
func TestFinite(t *testing.T) {
	a, zero := random(3), graphtest.Input{Shape: []int64{rows, dim}, Data: make([]float32, rows*dim)}
	for _, name := range Table.Names() {
		for what, in := range map[string][]graphtest.Input{
			"equal": {a, a}, "one zero": {a, zero}, "both zero": {zero, zero},
		} {
			for _, g := range graphtest.Gradient(t, in, builder(mustNew(t, name))) {
				for _, x := range g {
					if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
						t.Errorf("%s, %s: gradient %v", name, what, x)
					}
				}
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for _, name := range Table.Names() {
		c, err := named.Choose(name, map[string]int{"p": 3})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&c); err == nil || !strings.Contains(err.Error(), `unknown field "p"`) {
			t.Errorf("%s with an option: %v, want it refused", name, err)
		}
	}
}
