package network

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	graph "github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
)

// TestDistanceNames: what can be trained can be searched, and the other way round.
func TestDistanceNames(t *testing.T) {
	if g, m := graph.Table.Names(), distance.Table.Names(); !slices.Equal(g, m) {
		t.Errorf("graphs/distance has %v, models/distance %v: each needs a row of the other's", g, m)
	}
}

// TestDistances: a distance outside of the graph is the graph's, to the rounding of float32.
func TestDistances(t *testing.T) {
	const rows, dim = 64, 33
	zero, a, b := make([]float32, rows*dim), normal(1, rows*dim, 1), normal(2, rows*dim, 1)
	cases := map[string][2][]float32{
		"random": {a, b}, "equal": {a, a}, "one zero": {a, zero}, "both zero": {zero, zero},
		"a multiple": {a, scaled(a, 3)}, "opposite": {a, scaled(a, -1)},
		"small":     {scaled(a, 1e-4), scaled(b, 1e-4)},
		"clamped":   {scaled(a, 1e-8), scaled(b, 1e-8)}, // norms below that of the clamp of cosine
		"neighbour": {a, slices.Concat(a[:dim], normal(3, (rows-1)*dim, 1e3))},
	}
	for _, name := range graph.Table.Names() {
		build, err := graph.Table.New(&named.Choice{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		d, err := distance.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		shape := []int64{rows, dim}
		of := func(in [2][]float32) []graphtest.Input {
			return []graphtest.Input{{Shape: shape, Data: in[0]}, {Shape: shape, Data: in[1]}}
		}
		g := graphtest.Build(t, of(cases["random"]), func(s *op.Scope, in []tf.Output) []tf.Output {
			return []tf.Output{build(s, in[0], in[1])}
		})
		for what, in := range cases {
			for i, want := range g.Run(t, of(in))[0] {
				got := d.Between(in[0][i*dim:][:dim], in[1][i*dim:][:dim])
				if !near(got, want) {
					t.Errorf("%s, %s, row %d: %g, the graph has %g", name, what, i, got, want)
				}
			}
		}
	}
}

// near: sums of 33 terms in float32 and in any order differ by less than 33·2⁻²⁴ = 2e-6 of
// their sum; cosine is a difference of numbers near 1, whose rounding is 1e-7.
func near(got, want float32) bool {
	x, y := float64(got), float64(want)
	return math.Abs(x-y) <= 2e-6*math.Abs(y)+1e-13
}

func normal(seed uint64, n int, deviation float64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(deviation * r.NormFloat64())
	}
	return list
}

func scaled(list []float32, by float32) []float32 {
	list = slices.Clone(list)
	for i := range list {
		list[i] *= by
	}
	return list
}
