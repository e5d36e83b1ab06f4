package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
)

// TestSlopes: what all pairs add to a metric is nothing, and its square is the variance that
// resampling independent pairs finds.
func TestSlopes(t *testing.T) {
	for _, name := range Pairs.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, r := pairMetric(t, name), rand.New(rand.NewPCG(4, 0))
			for try := range 4 {
				distance, same := draws(r, 400, float64(try%2*8)) // with ties every other time
				weight := make([]float64, len(same))
				for i := range weight {
					weight[i] = 0.5 + r.Float64()
				}
				s, err := Score(distance, same, weight)
				if err != nil {
					t.Fatal(err)
				}
				positive, negative := m.Slope(s.Curve(), 0.5)
				var sum, variance float64
				for i, level := range s.level {
					psi := weight[i] * negative[level]
					if same[i] {
						psi = weight[i] * positive[level]
					}
					sum, variance = sum+psi, variance+psi*psi
				}
				if math.Abs(sum) > 1e-12 {
					t.Errorf("try %d: all pairs add %g, want 0", try, sum)
				}
				// 1,000 resamples have a deviation within 2.3 %, the slope is a first order
				// and that of the EER rests on densities of 40 pairs: 15 %.
				want := resampled(t, m, r, distance, same, weight)
				if got := math.Sqrt(variance); math.Abs(got/want-1) > 0.15 {
					t.Errorf("try %d: deviation %.4f, of resamples %.4f", try, got, want)
				}
			}
		})
	}
}

// TestSlopesOfProbabilities: the same of the metrics of a probability.
func TestSlopesOfProbabilities(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 0))
	p := distance.Probability{Intercept: 0.7, Slope: -1}
	for name, of := range map[string]Statistic{"brier": Brier(p, 0.3), "calibration error": CalibrationError(p, 0.3)} {
		distance, same := draws(r, 600, 0)
		s := score(t, distance, same)
		positive, negative := of.Slope(s.Curve())
		var sum, variance float64
		for i, level := range s.level {
			psi := negative[level]
			if same[i] {
				psi = positive[level]
			}
			sum, variance = sum+psi, variance+psi*psi
		}
		m := PairMetric{Value: func(c *Curve, _ float64) float64 { return of.Value(c) }}
		want := resampled(t, m, r, distance, same, slices.Repeat([]float64{1}, 600))
		// The calibration error is a sum of amounts, whose signs a resample turns: 25 %.
		if got := math.Sqrt(variance); math.Abs(sum) > 1e-12 || math.Abs(got/want-1) > 0.25 {
			t.Errorf("%s: all pairs add %g, deviation %.4f, of resamples %.4f", name, sum, got, want)
		}
	}
}

// resampled returns the deviation of m over 1,000 resamples of the pairs.
func resampled(t *testing.T, m PairMetric, r *rand.Rand, distance []float32, same []bool, weight []float64) float64 {
	t.Helper()
	var sum, squares float64
	for range 1000 {
		var d []float32
		var k []bool
		var w []float64
		for range same {
			i := r.IntN(len(same))
			d, k, w = append(d, distance[i]), append(k, same[i]), append(w, weight[i])
		}
		s, err := Score(d, k, w)
		if err != nil {
			t.Fatal(err)
		}
		v := m.Value(s.Curve(), 0.5)
		sum, squares = sum+v, squares+v*v
	}
	return math.Sqrt(squares/1000 - sum*sum/1e6)
}

// TestWilson holds the interval against R's prop.test(x, n, correct = FALSE), which solves
// |x/n − p| = z·sqrt(p(1−p)/n) for p, as the test does here.
func TestWilson(t *testing.T) {
	const z = 1.959963984540054
	for _, c := range []struct{ share, n float64 }{{0.5, 10}, {0.9, 20}, {0.99, 300}, {0.3, 7}} {
		low, high := wilson(c.share, c.n, z)
		for _, p := range []float64{low, high} {
			if got, want := math.Abs(c.share-p), z*math.Sqrt(p*(1-p)/c.n); math.Abs(got-want) > 1e-12 {
				t.Errorf("wilson(%g, %g): %g is %g from the share, want %g", c.share, c.n, p, got, want)
			}
		}
	}
	if low, high := wilson(1, 4, z); math.Abs(low-4/(4+z*z)) > 1e-12 || high != 1 {
		t.Errorf("4 of 4: %g to %g, want n/(n+z²) to 1", low, high)
	}
}

// TestPerfect: an AUC of 1 is not certain, and the less so the fewer pairs there are.
func TestPerfect(t *testing.T) {
	low := 0.0
	for _, each := range []int{2, 4, 50, 2500} {
		var distance []float32
		var same []bool
		var left, right []int32
		for i := range 2 * each {
			distance, same = append(distance, float32(i/each)), append(same, i < each)
			left, right = append(left, int32(2*i)), append(right, int32(2*i+1))
		}
		got := Sample{}.Pairs(score(t, distance, same), left, right, []Statistic{pairMetric(t, "auc").At(0)})[0]
		if got.High != 1 || got.Low <= low || got.Low > 1-1/float64(2*each) {
			t.Errorf("%d pairs of either kind: %+v, want a low end above %g", each, got, low)
		}
		low = got.Low
	}
}

// TestOneUnit: one class, or one group, does not say how others differ.
func TestOneUnit(t *testing.T) {
	for name, s := range map[string]Sample{
		"class": {Class: make([]int32, 4), NewClasses: true},
		"group": {Group: make([]int32, 4)},
	} {
		_, mean, err := s.Mean(QueryValues{Values: []float64{1, 1, 0, 1}}, EachQuery)
		if err != nil {
			t.Fatal(err)
		}
		median, around, err := s.Median(QueryValues{Values: []float64{3, 7, 1, 5}})
		if err != nil {
			t.Fatal(err)
		}
		pairs := s.Pairs(score(t, []float32{1, 2}, []bool{true, false}), []int32{0, 2}, []int32{1, 3},
			[]Statistic{pairMetric(t, "auc").At(0)})[0]
		for _, i := range []Interval{mean, pairs} {
			if i.Low != 0 || i.High != 1 || i.Units != 1 {
				t.Errorf("one %s: %+v, want 0 to 1 of 1 unit", name, i)
			}
		}
		if around.Low != 1 || around.High != 7 {
			t.Errorf("one %s: median %g, %+v, want 1 to 7", name, median, around)
		}
	}
}

func TestUnits(t *testing.T) {
	var left, right []int32
	for i := range int32(30) { // 30 chains of three images
		left, right = append(left, 3*i, 3*i+1), append(right, 3*i+1, 3*i+2)
	}
	distance, same := draws(rand.New(rand.NewPCG(2, 0)), 60, 0)
	class, group := make([]int32, 90), make([]int32, 90)
	for i := range class {
		class[i], group[i] = int32(i%9), int32(i%45)
	}
	of := []Statistic{pairMetric(t, "auc").At(0)}
	interval := func(s Sample, left, right []int32) Interval {
		return s.Pairs(score(t, distance, same), left, right, of)[0]
	}
	chained := slices.Clone(left) // three chains are one: 6 of 60 pairs
	chained[2], chained[4] = 0, 0
	for _, c := range []struct {
		name             string
		got              Interval
		question, method string
		units            int
	}{
		{"chains", interval(Sample{}, left, right), NewPairs, ByComponents, 30},
		{"one component of more than 5 %", interval(Sample{}, chained, right), NewPairs, ByImages, 88},
		{"seen classes", interval(Sample{Class: class}, left, right), NewImages, ByImages, 90},
		{"new classes", interval(Sample{Class: class, NewClasses: true}, left, right), NewClasses, ByClasses, 9},
		{"groups", interval(Sample{Group: group}, left, right), NewGroups, ByGroups, 45},
		{"groups of seen classes", interval(Sample{Group: group, Class: class}, left, right), NewGroups, ByGroups, 45},
	} {
		if c.got.Question != c.question || c.got.Method != c.method || c.got.Units != c.units {
			t.Errorf("%s: %+v, want %q by %q, %d units", c.name, c.got, c.question, c.method, c.units)
		}
	}
}

func TestQuantile(t *testing.T) {
	// numpy.quantile([1, 2, 4, 8], q)
	for q, want := range map[float64]float64{0: 1, 0.5: 3, 0.9: 6.8, 1: 8} {
		if got := quantile([]float64{1, 2, 4, 8}, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %g = %g, want %g", q, got, want)
		}
	}
}

// BenchmarkPairs makes the intervals of all metrics for 5,000 pairs.
func BenchmarkPairs(b *testing.B) {
	for name, s := range map[string]listed{
		"components": {units: 5000, pairs: 5000, noise: 1, gap: 1},
		"images":     {units: 1000, pairs: 5000, shared: true, noise: 1, gap: 1},
	} {
		b.Run(name, func(b *testing.B) {
			distance, same, left, right := s.draw(rand.New(rand.NewPCG(1, 0)))
			scored := score(b, distance, same)
			var of []Statistic
			for _, name := range Pairs.Names() {
				of = append(of, pairMetric(b, name).At(0.5))
			}
			for b.Loop() {
				Sample{}.Pairs(scored, left, right, of)
			}
		})
	}
}

// TestShare: the method without continuity correction of Newcombe, Two-sided confidence intervals for the single proportion:
// comparison of seven methods, Statistics in Medicine 17, 1998, table I.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {0, 0, 0, 1}} {
		got := Share(c.hits, c.n, "others")
		if math.Abs(got.Low-c.low) > 5e-5 || math.Abs(got.High-c.high) > 5e-5 || got.Units != c.n {
			t.Errorf("%d of %d: %+v, want %v to %v", c.hits, c.n, got, c.low, c.high)
		}
	}
}
