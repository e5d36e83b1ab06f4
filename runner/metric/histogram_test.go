package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestHistogram: rates at the thresholds of a histogram are those of the pairs themselves,
// and the AUC is theirs but for ties of 0.05 %.
func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	for try := range 10 {
		distance, same := draws(r, 3000, float64(try%2*50))
		var h Histogram
		for from := 0; from < len(same); from += 700 {
			to := min(from+700, len(same))
			if err := h.Add(distance[from:to], same[from:to]); err != nil {
				t.Fatal(err)
			}
		}
		c, err := h.Curve()
		if err != nil {
			t.Fatal(err)
		}
		rates, err := Rates(c, []float64{0.01, 0.1})
		if err != nil {
			t.Fatal(err)
		}
		exact, err := Rates(score(t, distance, same).Curve(), []float64{0.01, 0.1})
		if err != nil {
			t.Fatal(err)
		}
		for i, rate := range rates {
			far, frr := errorRates(distance, same, rate.Threshold)
			if far != rate.FAR || frr != rate.FRR || rate.FAR > rate.Target {
				t.Errorf("at %g the rates are %g and %g, not as in %+v", rate.Threshold, far, frr, rate)
			}
			if math.Abs(rate.FRR-exact[i].FRR) > 0.01 {
				t.Errorf("false rejects %g, exactly %g", rate.FRR, exact[i].FRR)
			}
		}
		if got, want := AUC(c), AUC(score(t, distance, same).Curve()); math.Abs(got-want) > 1e-4 {
			t.Errorf("AUC = %g, of the pairs %g", got, want)
		}
	}
}

// TestLevelOf: levels ascend with the distance, and hold 0.05 % of it.
func TestLevelOf(t *testing.T) {
	ascending := []float32{-math.MaxFloat32, -2, -1, -1e-30, 0, 1e-30, 0.5, 0.5005, 1, 2, math.MaxFloat32}
	for i, d := range ascending[1:] {
		if levelOf(d) <= levelOf(ascending[i]) {
			t.Errorf("levelOf(%g) = %d, not above %d of %g", d, levelOf(d), levelOf(ascending[i]), ascending[i])
		}
	}
	if levelOf(float32(math.Copysign(0, -1))) != levelOf(0) {
		t.Error("-0 and 0 have two levels")
	}
}

// TestEvery: all pairs, each once, have the intervals that the same pairs have in a list.
func TestEvery(t *testing.T) {
	c := cloud{classes: 9, images: 7}
	r := rand.New(rand.NewPCG(5, 0))
	points, s := c.points(r, c.centres(r))
	s.NewClasses = true
	of := []Statistic{pairMetric(t, "auc").At(0)}
	curve, got, err := s.Every(len(points), everyPair(points), of)
	if err != nil {
		t.Fatal(err)
	}
	var left, right []int32
	var distance []float32
	var same []bool
	_ = everyPair(points)(func(l, r []int32, d []float32) error {
		left, right, distance = append(left, l...), append(right, r...), append(distance, d...)
		for i := range l {
			same = append(same, s.Class[l[i]] == s.Class[r[i]])
		}
		return nil
	})
	scored := score(t, distance, same)
	want := s.Pairs(scored, left, right, of)[0]
	if math.Abs(AUC(curve)-AUC(scored.Curve())) > 1e-4 || math.Abs(got[0].Low-want.Low) > 2e-3 ||
		math.Abs(got[0].High-want.High) > 2e-3 || got[0].Units != want.Units || got[0].Question != want.Question {
		t.Errorf("AUC %g, %+v; listed %g, %+v", AUC(curve), got[0], AUC(scored.Curve()), want)
	}
}
