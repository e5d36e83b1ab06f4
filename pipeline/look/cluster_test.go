package look

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestClosest against one distance after another, to the last bit; of equal centres the first is taken.
func TestClosest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	point := func() []float64 {
		p := make([]float64, 13)
		for j := range p {
			p[j] = r.NormFloat64()
		}
		return p
	}
	for n := 1; n <= 9; n++ {
		for range 50 {
			p, centres := point(), make([][]float64, n)
			for c := range centres {
				centres[c] = point()
			}
			if r.IntN(2) == 0 {
				centres[r.IntN(n)] = centres[r.IntN(n)]
			}
			at, least := 0, math.Inf(1)
			for c := range centres {
				if d := square(p, centres[c]); d < least {
					at, least = c, d
				}
			}
			if gotAt, got := closest(p, centres); gotAt != at || got != least {
				t.Fatalf("of %d centres number %d at %g, want number %d at %g", n, gotAt, got, at, least)
			}
		}
	}
}
