package metric

import (
	"math"
	"testing"

	"github.com/tfpair/tfpair/internal/golden"
)

// sklearn is testdata/golden.json, written by testdata/golden.py with scikit-learn.
type sklearn struct {
	Cases []struct {
		Name         string
		Distance     []float32
		Same         []int
		Weight       []float64
		Threshold    float64
		Metrics      map[string]float64
		BestAccuracy float64 `json:"best_accuracy"`
	}
}

func TestGolden(t *testing.T) {
	g := golden.Read[sklearn](t, "testdata/golden.json")
	for _, c := range g.Cases {
		t.Run(c.Name, func(t *testing.T) {
			same := make([]bool, len(c.Same))
			for i, s := range c.Same {
				same[i] = s == 1
			}
			s, err := Score(c.Distance, same, c.Weight)
			if err != nil {
				t.Fatal(err)
			}
			curve := s.Curve()
			for name, want := range c.Metrics {
				got := pairMetric(t, name).Value(curve, c.Threshold)
				// 1e-12: float64 sums of 80 terms; the EER is a root found to 1e-14
				if math.Abs(got-want) > 1e-12 {
					t.Errorf("%s = %.15g, scikit-learn has %.15g", name, got, want)
				}
			}
			threshold, best := Calibrate(curve)
			if math.Abs(best-c.BestAccuracy) > 1e-12 || Accuracy(curve, threshold) != best {
				t.Errorf("Calibrate = %g with %g, scikit-learn's best is %g",
					threshold, best, c.BestAccuracy)
			}
		})
	}
}
