package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
)

// TestKeep: a curve that is kept says of each of its thresholds what counting says, and a threshold
// chosen on it is as good as one chosen on all pairs, to 3 % of the wrong answers.
func TestKeep(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 0))
	for try := range 5 {
		distances, same := draws(r, 20_000, float64(try%2*50))
		c := score(t, distances, same).Curve()
		kept := c.Keep(distance.EvenPrevalence)
		if err := kept.Check(); err != nil {
			t.Fatal(err)
		}
		if len(kept.Threshold) > 1500 {
			t.Errorf("%d thresholds are kept of %d distances", len(kept.Threshold), len(c.Distance))
		}
		positives, negatives := kept.Pairs()
		for i, threshold := range kept.Threshold {
			far, frr := errorRates(distances, same, threshold)
			gotFAR := float64(kept.Different[i]) / float64(negatives)
			gotFRR := float64(positives-kept.Same[i]) / float64(positives)
			if gotFAR != far || gotFRR != frr {
				t.Fatalf("at %g the rates are %g and %g, kept are %g and %g", threshold, far, frr, gotFAR, gotFRR)
			}
			if slices.Contains(distances, float32(threshold)) && i+1 < len(kept.Threshold) && float64(float32(threshold)) == threshold {
				t.Fatalf("threshold %g is a distance", threshold)
			}
		}
		for _, rate := range []float64{0.001, 0.01, 0.2} {
			exact, err := Rates(c, []float64{rate})
			if err != nil {
				t.Fatal(err)
			}
			chosen, err := kept.Choose(distance.Rule{FalseAccepts: rate})
			if err != nil {
				t.Fatal(err)
			}
			far, frr := errorRates(distances, same, chosen.Value)
			if far > rate || far < exact[0].FAR/grain-1/float64(negatives) || frr > exact[0].FRR*grain+1/float64(positives) {
				t.Errorf("at most %g: false accepts %g, rejects %g; of all pairs %g, %g", rate, far, frr,
					exact[0].FAR, exact[0].FRR)
			}
			if chosen, err = kept.Choose(distance.Rule{FalseRejects: rate}); err != nil {
				t.Fatal(err)
			}
			best := 0.0 // the laxest rate that any threshold between distances has
			for levels := range len(c.Distance) + 1 {
				accepted, _ := c.upTo(levels)
				if rejects := 1 - accepted/float64(positives); rejects <= rate {
					best = max(best, rejects)
				}
			}
			if _, frr := errorRates(distances, same, chosen.Value); frr > rate || frr < best/grain-1/float64(positives) {
				t.Errorf("at most %g: false rejects %g, of all thresholds %g", rate, frr, best)
			}
		}
	}
}

// TestKeepFew: up to 33 wrong answers every threshold that matters is kept, so that the best one
// of few pairs is that of Calibrate.
func TestKeepFew(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 0))
	for range 50 {
		distances, same := draws(r, 60, 0)
		c := score(t, distances, same).Curve()
		positives, negatives := c.total()
		chosen, err := c.Keep(positives / (positives + negatives)).Choose(distance.Rule{Max: distance.Accuracy})
		if err != nil {
			t.Fatal(err)
		}
		if _, want := Calibrate(c); math.Abs(Accuracy(c, chosen.Value)-want) > 1e-12 {
			t.Errorf("accuracy %g at %g, the best is %g", Accuracy(c, chosen.Value), chosen.Value, want)
		}
		if chosen, err = c.Keep(positives / (positives + negatives)).Choose(distance.Rule{Max: distance.F1}); err != nil {
			t.Fatal(err)
		}
		best := 0.0
		for levels := range len(c.Distance) + 1 {
			best = max(best, F1(c, c.cut(levels)))
		}
		if got := F1(c, chosen.Value); math.Abs(got-best) > 1e-12 {
			t.Errorf("F1 %g at %g, the best is %g", got, chosen.Value, best)
		}
	}
}

// TestWrongAnswers: both rates are those of counting, their slopes those of moving a pair's weight.
func TestWrongAnswers(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 0))
	distances, same := draws(r, 400, 20)
	const threshold = 0.5
	far, frr := errorRates(distances, same, threshold)
	for _, c := range []struct {
		name string
		of   Statistic
		want float64
	}{{"FalseAccepts", FalseAccepts(threshold), far}, {"FalseRejects", FalseRejects(threshold), frr}} {
		curve := score(t, distances, same).Curve()
		if got := c.of.Value(curve); got != c.want {
			t.Errorf("%s = %g, want %g", c.name, got, c.want)
		}
		positive, negative := c.of.Slope(curve)
		for _, pair := range []int{0, 1, 7, 100, 399} {
			const more = 1e-6
			weight := slices.Repeat([]float64{1}, len(same))
			weight[pair] += more
			moved, err := Score(distances, same, weight)
			if err != nil {
				t.Fatal(err)
			}
			level, _ := slices.BinarySearch(curve.Distance, distances[pair])
			want := negative[level]
			if same[pair] {
				want = positive[level]
			}
			if got := (c.of.Value(moved.Curve()) - c.want) / more; math.Abs(got-want) > 1e-6 {
				t.Errorf("%s grows by %g with pair %d, its slope is %g", c.name, got, pair, want)
			}
		}
	}
}
