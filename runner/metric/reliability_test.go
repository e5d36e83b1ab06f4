package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
)

// TestReliability: the bins hold all pairs, and are what the calibration error is the mean of.
func TestReliability(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var distances []float32
	var same []bool
	for range 500 {
		d := r.Float32() * 2
		distances, same = append(distances, d), append(same, r.Float32() > d/2)
	}
	s, err := Score(distances, same, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := distance.Probability{Intercept: 2, Slope: -1.5}
	for _, prevalence := range []float64{0.5, 0.01} {
		var all, off float64
		for _, b := range Reliability(s.Curve(), p, prevalence) {
			all, off = all+b.Share, off+b.Share*math.Abs(b.Said-b.True)
		}
		want := CalibrationError(p, prevalence).Value(s.Curve())
		if math.Abs(all-1) > 1e-12 || math.Abs(off-want) > 1e-12 {
			t.Errorf("prevalence %g: the bins hold %g of all pairs, and are off by %g; want 1 and %g", prevalence, all, off, want)
		}
	}
}

// TestReliabilityByHand: two pairs of probability near 0.88, one of them same, are a bin of a half.
func TestReliabilityByHand(t *testing.T) {
	s, err := Score([]float32{0, 0, 4, 4}, []bool{true, false, true, false}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := distance.Probability{Intercept: 2, Slope: -1} // 1/(1+e^-2) = 0.880797 at 0, 1/(1+e^2) = 0.119203 at 4
	got := Reliability(s.Curve(), p, 0.5)
	if len(got) != 2 || got[0].True != 0.5 || got[1].True != 0.5 || math.Abs(got[0].Said-0.119203) > 1e-6 || math.Abs(got[1].Said-0.880797) > 1e-6 {
		t.Errorf("Reliability = %+v", got)
	}
}
