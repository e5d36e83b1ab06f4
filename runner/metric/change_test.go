package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// changed is listed pairs that a second network sees a little differently.
type changed struct {
	listed
	blur float64 // standard deviation of what it adds to each distance
}

// pairs draws pairs and what both networks say of them.
func (c changed) pairs(t testing.TB, r *rand.Rand) (before, after *Scored, left, right []int32) {
	distance, same, left, right := c.draw(r)
	blurred := make([]float32, len(distance))
	for i, d := range distance {
		blurred[i] = d + float32(c.blur*r.NormFloat64())
	}
	return score(t, distance, same), score(t, blurred, same), left, right
}

// study is of the AUC, whose true values listed.auc has, or of accuracy at the middle of the gap, which Φ(gap / 2 deviation) of the pairs
// are on the right side of.
func (c changed) study(t *testing.T, metric, method string) study {
	more := c.listed
	more.noise = math.Hypot(c.noise, c.blur)
	truth, at := more.auc()-c.auc(), 0.0
	if metric == "accuracy" {
		right := func(l listed) float64 {
			return normal(l.gap / 2 / math.Sqrt(2*l.effect*l.effect+l.noise*l.noise))
		}
		truth, at = right(more)-right(c.listed), c.gap/2
	}
	of := pairMetric(t, metric).At(at)
	return study{truth, method, false, func(t *testing.T, r *rand.Rand) Interval {
		before, after, left, right := c.pairs(t, r)
		return Sample{}.PairsChange(before, after, left, right, of, of)
	}}
}

// TestCoverageOfChanges is about what one network does better than another.
func TestCoverageOfChanges(t *testing.T) {
	components := changed{listed{units: 120, pairs: 360, effect: 0.5, noise: 1, gap: 1.6}, 0.5}
	shared := changed{listed{units: 100, pairs: 300, shared: true, effect: 0.7, noise: 1, gap: 1.6}, 0.5}
	for name, s := range map[string]study{
		"auc, components":      components.study(t, "auc", ByComponents),
		"accuracy, components": components.study(t, "accuracy", ByComponents),
		"auc, images":          shared.study(t, "auc", ByImages),
		"accuracy, images":     shared.study(t, "accuracy", ByImages),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.covers(t)
		})
	}
}

// TestPairsChange: of pairs that share no image the change of accuracy is that of as many questions, and surer than accuracy itself.
func TestPairsChange(t *testing.T) {
	c := changed{listed{units: 600, pairs: 600, noise: 1, gap: 3}, 0.3}
	before, after, left, right := c.pairs(t, rand.New(rand.NewPCG(1, 2)))
	accuracy := pairMetric(t, "accuracy").At(c.gap / 2)
	got := Sample{}.PairsChange(before, after, left, right, accuracy, accuracy)
	answers := func(s *Scored) (list []float64) {
		for i, level := range s.level {
			v := 0.0
			if (float64(s.curve.Distance[level]) <= c.gap/2) == s.same[i] {
				v = 1
			}
			list = append(list, v)
		}
		return list
	}
	change, want, err := Sample{}.Change(answers(before), answers(after), nil)
	if err != nil {
		t.Fatal(err)
	}
	if value := accuracy.Value(after.Curve()) - accuracy.Value(before.Curve()); math.Abs(change-value) > 1e-12 || value == 0 {
		t.Errorf("Change = %g, want %g, which is not 0", change, value)
	}
	width := want.High - want.Low
	if math.Abs(got.Low-want.Low) > 0.02*width || math.Abs(got.High-want.High) > 0.02*width {
		t.Errorf("PairsChange = %+v, want about %+v", got, want)
	}
	if alone := (Sample{}).Pairs(after, left, right, []Statistic{accuracy})[0]; width > 0.7*(alone.High-alone.Low) {
		t.Errorf("the change is %g wide, accuracy %g", width, alone.High-alone.Low)
	}
}

// TestNoChange: where nothing differs, the interval reaches as far as Wilson's of 0 of so many.
func TestNoChange(t *testing.T) {
	c := changed{listed{units: 300, pairs: 300, noise: 1, gap: 2}, 0}
	before, after, left, right := c.pairs(t, rand.New(rand.NewPCG(3, 4)))
	for name, draws := range map[string]int{"accuracy": 150, "auc": 150} { // pairs of either kind
		of := pairMetric(t, name).At(1)
		got, want := Sample{}.PairsChange(before, after, left, right, of, of), Share(0, draws, "").High
		if math.Abs(got.High-want) > 1e-12 || got.Low != -got.High {
			t.Errorf("%s: %+v, want ± %g", name, got, want)
		}
	}
	same := []float64{1, 0, 1, 1, 0, 1, 1, 1}
	change, got, err := Sample{}.Change(same, same, nil)
	if want := Share(0, len(same), "").High; err != nil || change != 0 || math.Abs(got.High-want) > 1e-12 || got.Low != -got.High {
		t.Errorf("Change = %g, %+v, %v; want 0 ± %g", change, got, err, want)
	}
}
