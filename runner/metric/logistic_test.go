package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
)

// TestLogistic: distances of positives and negatives that are normal with one deviation s
// have log-odds that are linear in the distance, (m₊−m₋)/s² the slope and their middle the
// distance of probability 1/2. Weights and shares of either kind change nothing.
func TestLogistic(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 0))
	var d []float32
	var same []bool
	for i := range 60_000 {
		positive := i%3 == 0
		x := 2 + 0.5*r.NormFloat64()
		if !positive {
			x++
		}
		d, same = append(d, float32(x)), append(same, positive)
	}
	p := Logistic(score(t, d, same).Curve())
	if math.Abs(p.Slope+4) > 0.1 || math.Abs(-p.Intercept/p.Slope-2.5) > 0.02 { // 4 deviations of either
		t.Errorf("probability %+v, want slope -4 and a half at 2.5", p)
	}
	if got := Logistic(score(t, []float32{1, 2, 3, 4}, kinds("1100")).Curve()); !(got.Slope < 0) ||
		math.IsInf(got.Slope, 0) || math.Abs(got.At(2.5, 0.5)-0.5) > 1e-9 {
		t.Errorf("separated pairs: %+v, want a finite slope around 2.5", got)
	}
	if got := Logistic(score(t, []float32{1, 2, 3, 4}, kinds("0011")).Curve()); got != (distance.Probability{}) {
		t.Errorf("positives farther than negatives: %+v, want a half everywhere", got)
	}
	if got := Logistic(score(t, []float32{1, 1}, kinds("10")).Curve()); got.At(1, 0.5) != 0.5 {
		t.Errorf("one distance: %+v, want a half", got)
	}
}

// TestCalibration: by hand. The probability is 0.75 at distance 1 and 0.25 at 2.
func TestCalibration(t *testing.T) {
	p := distance.Probability{Intercept: 3 * math.Log(3), Slope: -2 * math.Log(3)}
	c := score(t, []float32{1, 1, 2, 2}, kinds("1110")).Curve()
	// Positives: two at 0.75, one at 0.25; negative: one at 0.25; either kind is half of all.
	brier := (2*0.0625+0.5625)/6 + 0.0625/2
	// Bin of 0.75: 2/6 of all, all positive. Of 0.25: 1/6 of all positive and 1/2 negative.
	off := math.Abs(2.0/6*(0.75-1)) + math.Abs(1.0/6*(0.25-1)+1.0/2*0.25)
	if got := Brier(p, 0.5).Value(c); math.Abs(got-brier) > 1e-12 {
		t.Errorf("Brier = %g, want %g", got, brier)
	}
	if got := CalibrationError(p, 0.5).Value(c); math.Abs(got-off) > 1e-12 {
		t.Errorf("CalibrationError = %g, want %g", got, off)
	}
}

// TestCalibrated: probabilities that are true have no calibration error, at any prevalence.
func TestCalibrated(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 0))
	p := distance.Probability{Intercept: 6, Slope: -3}
	var d []float32
	var same []bool
	for range 200_000 {
		x := float32(4 * r.Float64())
		d, same = append(d, x), append(same, r.Float64() < p.At(x, 0.5))
	}
	c := score(t, d, same).Curve()
	for _, prevalence := range []float64{0.5, 0.1, 0.01} {
		if got := CalibrationError(p, prevalence).Value(c); got > 0.006 {
			t.Errorf("calibration error %g at a prevalence of %g, want next to none", got, prevalence)
		}
	}
}

// TestCalibrationByChance: a true probability has this calibration error on the average of many draws, whether images make
// their pairs near and far together or not. Distances are normal, with one deviation for both kinds of pair,
// so that the true probability is logistic.
func TestCalibrationByChance(t *testing.T) {
	const classes, each, draws = 10, 8, 60
	for name, shared := range map[string]float64{"pairs vary alone": 0, "images vary": 0.3} { // variance of an image's part
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, 0))
			variance := 2*shared + 0.4
			p := distance.Probability{Intercept: 2.5 / variance, Slope: -1 / variance} // means of 2 and 3
			var seen, byChance float64
			for range draws {
				var s Sample
				var left, right []int32
				var d []float32
				var same []bool
				var image []float64
				for i := range int32(classes * each) {
					s.Class, image = append(s.Class, i/each), append(image, math.Sqrt(shared)*r.NormFloat64())
					for j := range i {
						x := 3 + image[i] + image[j] + math.Sqrt(0.4)*r.NormFloat64()
						if s.Class[i] == s.Class[j] {
							x--
						}
						left, right, d, same = append(left, i), append(right, j), append(d, float32(x)), append(same, s.Class[i] == s.Class[j])
					}
				}
				scored := score(t, d, same)
				seen += CalibrationError(p, 0.5).Value(scored.Curve()) / draws
				byChance += s.CalibrationByChance(scored, left, right, p, 0.5) / draws
			}
			t.Logf("calibration error %.4f, by chance %.4f", seen, byChance)
			if math.Abs(seen/byChance-1) > 0.15 {
				t.Errorf("calibration error %.4f, by chance %.4f, want them within 15 %%", seen, byChance)
			}
		})
	}
}
