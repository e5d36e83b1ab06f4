package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// study is a synthetic population of pairs whose true AUC is known.
type study struct {
	units        int     // components, or images where shared
	pairs        int     // per data set
	shared       bool    // pairs join any two images; otherwise the two of a component
	effect       float64 // standard deviation of what an image adds to all its distances
	noise        float64 // standard deviation of what is each pair's own
	gap          float64 // negatives are farther by this
	method       string
	least, worst int // limits of how many of 200 intervals cover
}

// auc is P(positive < negative) for distances that differ by gap and, each, by the
// variance of two image effects and noise: Φ(gap / sqrt(2·(2·effect² + noise²))).
func (s study) auc() float64 {
	return math.Erfc(-s.gap/math.Sqrt(4*(2*s.effect*s.effect+s.noise*s.noise))) / 2
}

// draw returns one data set.
func (s study) draw(r *rand.Rand) (distance []float32, same []bool, left, right []int32) {
	images := s.units
	if !s.shared {
		images = 2 * s.units
	}
	effects := make([]float64, images)
	for i := range effects {
		effects[i] = s.effect * r.NormFloat64()
	}
	for i := range s.pairs {
		a := int32(2 * (i % s.units))
		b := a + 1
		if s.shared {
			a = int32(r.IntN(images))
			b = (a + 1 + int32(r.IntN(images-1))) % int32(images)
		}
		// Within a component all pairs are of one kind, so that chance alone, and no
		// common effect, orders positives and negatives.
		positive := (i%s.units)%2 == 0
		d := effects[a] + effects[b] + s.noise*r.NormFloat64()
		if !positive {
			d += s.gap
		}
		distance, same = append(distance, float32(d)), append(same, positive)
		left, right = append(left, a), append(right, b)
	}
	return distance, same, left, right
}

func TestCoverage(t *testing.T) {
	for name, s := range map[string]study{
		// 90 to 99 % of 200. Φ(1.6/sqrt(2·1.5)) = 0.82.
		"components": {
			units: 60, pairs: 180, effect: 0.5, noise: 1, gap: 1.6,
			method: ByComponents, least: 180, worst: 198,
		},
		"images that matter": {
			units: 40, pairs: 300, shared: true, effect: 1, noise: 0.5, gap: 2,
			method: ByImages, least: 180, worst: 198,
		},
		// Here the variance is nearly three times too large: the interval that 95 %
		// should have is 1.96·√3 = 3.4 standard errors wide and covers nearly always.
		"images that do not": {
			units: 40, pairs: 300, shared: true, effect: 0, noise: 1, gap: 1,
			method: ByImages, least: 196, worst: 200,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(3, 0))
			covered, width := 0, 0.0
			for set := range 200 {
				distance, same, left, right := s.draw(r)
				// 200 resamples, not 1,000, for the time; the percentiles are a little rougher.
				b := Bootstrap{Resamples: 200, Level: 0.95, Seed: uint64(set)}
				got, err := b.Pairs(score(t, distance, same), left, right, []Statistic{AUC})
				if err != nil || got[0].Method != s.method {
					t.Fatalf("interval %+v, %v, want method %q", got, err, s.method)
				}
				width += (got[0].High - got[0].Low) / 200
				if got[0].Low <= s.auc() && s.auc() <= got[0].High {
					covered++
				}
			}
			t.Logf("%.1f %% of 200 intervals, %.3f wide on average, cover the AUC %.3f",
				float64(covered)/2, width, s.auc())
			if covered < s.least || covered > s.worst {
				t.Errorf("%d of 200 intervals cover, want %d to %d", covered, s.least, s.worst)
			}
		})
	}
}

func TestCoverageOfMean(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	covered := 0
	for set := range 200 {
		values := make([]float64, 150)
		for i := range values {
			if r.Float64() < 0.7 { // the true recall
				values[i] = 1
			}
		}
		got, err := Bootstrap{Resamples: 200, Level: 0.95, Seed: uint64(set)}.Mean(values, ByQueries)
		if err != nil || got.Method != ByQueries || got.Units != 150 {
			t.Fatalf("interval %+v, %v", got, err)
		}
		if got.Low <= 0.7 && 0.7 <= got.High {
			covered++
		}
	}
	if covered < 180 || covered > 198 { // 90 to 99 %
		t.Errorf("%d of 200 intervals cover, want 180 to 198", covered)
	}
}

func TestBootstrapRepeats(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, shared := range []bool{false, true} {
		s := study{units: 40, pairs: 200, shared: shared, noise: 1, gap: 1}
		distance, same, left, right := s.draw(rand.New(rand.NewPCG(1, 0)))
		run := func(seed uint64, cores int) []Interval {
			runtime.GOMAXPROCS(cores)
			got, err := DefaultBootstrap(seed).Pairs(score(t, distance, same), left, right,
				[]Statistic{AUC, pairMetric(t, "f1").At(0.5)})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		first := run(1, 1)
		if !slices.Equal(first, run(1, 8)) {
			t.Error("another number of cores gives another interval")
		}
		if slices.Equal(first, run(2, 1)) {
			t.Error("another seed gives the same interval")
		}
		i := first[0]
		if !(i.Low < i.High) || i.Resamples != 1000 || i.Level != 0.95 || i.Units != 40 {
			t.Errorf("interval %+v", i)
		}
	}
}

func TestBootstrapRefuses(t *testing.T) {
	s := score(t, []float32{1, 2, 3}, kinds("100"))
	none := make([]int32, 3)
	if _, err := (Bootstrap{Level: 0.9}).Pairs(s, none, none, nil); err == nil {
		t.Error("0 resamples were taken")
	}
	if _, err := (Bootstrap{Resamples: 1, Level: 1}).Mean([]float64{1}, ByQueries); err == nil {
		t.Error("level 1 was taken")
	}
	var empty *EmptyError
	if _, err := DefaultBootstrap(1).Mean(nil, ByQueries); !errors.As(err, &empty) {
		t.Errorf("error = %v, want *EmptyError", err)
	}
	// Two images: a resample that has pairs at all has all of them.
	got, err := DefaultBootstrap(1).Pairs(s, []int32{0, 0, 0}, []int32{1, 1, 1}, []Statistic{AUC})
	if err != nil || got[0].Low != 1 || got[0].High != 1 || got[0].Units != 2 {
		t.Errorf("two images: %+v, %v, want 1 to 1", got, err)
	}
	// Two pairs of four images: all other resamples lack one kind and are drawn again.
	s = score(t, []float32{1, 2}, kinds("10"))
	got, err = DefaultBootstrap(1).Pairs(s, []int32{0, 2}, []int32{1, 3}, []Statistic{AUC})
	if err != nil || got[0].Low != 1 || got[0].High != 1 || got[0].Units != 4 {
		t.Errorf("four images: %+v, %v, want 1 to 1", got, err)
	}
}

func TestUnits(t *testing.T) {
	var left, right []int32
	for i := range int32(30) { // 30 chains of three images, numbered with holes
		left = append(left, 10*i, 10*i+1)
		right = append(right, 10*i+1, 10*i+2)
	}
	u := unitsOf(left, right)
	if u.method != ByComponents || u.count != 30 {
		t.Fatalf("%s, %d, want 30 components", u.method, u.count)
	}
	seen := map[int32]int{}
	for i := range u.left {
		if u.left[i] != u.right[i] || u.left[i] != u.left[i/2*2] {
			t.Fatalf("pair %d is in components %d and %d", i, u.left[i], u.right[i])
		}
		seen[u.left[i]]++
	}
	if len(seen) != 30 {
		t.Errorf("%d components have pairs, want 30", len(seen))
	}
	left, right = append(left, 0), append(right, 10) // joins two chains
	if u = unitsOf(left, right); u.method != ByImages || u.count != 90 {
		t.Errorf("%s, %d, want 90 images", u.method, u.count)
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

// BenchmarkBootstrap makes the intervals of all metrics for 5,000 pairs.
func BenchmarkBootstrap(b *testing.B) {
	for name, s := range map[string]study{
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
				if _, err := DefaultBootstrap(1).Pairs(scored, left, right, of); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
