package distance

import (
	"math"
	"testing"
)

// TestProbability: by hand, odds of e² at distance 1, times the odds of the prevalence.
func TestProbability(t *testing.T) {
	p := Probability{Intercept: 5, Slope: -3}
	for _, c := range []struct{ prevalence, want float64 }{
		{0.5, math.Exp(2) / (1 + math.Exp(2))},
		{0.2, math.Exp(2) * 0.25 / (1 + math.Exp(2)*0.25)},
		{0.01, math.Exp(2) / 99 / (1 + math.Exp(2)/99)},
	} {
		if got := p.At(1, c.prevalence); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("At(1, %g) = %g, want %g", c.prevalence, got, c.want)
		}
	}
	if near, far := p.At(0, 0.5), p.At(math.MaxFloat32, 0.5); near < 0.99 || far != 0 {
		t.Errorf("probability %g at 0, %g far away", near, far)
	}
}
