package metric

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Bootstrap says how intervals are made: the percentile method (Efron and
// Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3). Use
// DefaultBootstrap and change what must differ. The same values give the same
// intervals on any number of cores.
//
// The threshold and the model are held fixed, so that an interval speaks of the
// choice of test images only. A metric that no resample changes, such as an AUC of
// 1, has an interval of no width; it is not certain for that.
type Bootstrap struct {
	Resamples int     // >= 1
	Level     float64 // wanted coverage, in (0,1)
	Seed      uint64
}

// DefaultBootstrap returns 1,000 resamples at 95 %: the percentiles then rest on 25
// resamples beyond each end.
func DefaultBootstrap(seed uint64) Bootstrap {
	return Bootstrap{Resamples: 1000, Level: 0.95, Seed: seed}
}

// How an Interval was made.
const (
	ByComponents = "bootstrap of connected components"
	ByImages     = "bootstrap of images, conservative"
	ByQueries    = "bootstrap of queries"
	ByEpisodes   = "bootstrap of episodes"
)

// Interval is a confidence interval.
type Interval struct {
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Level     float64 `json:"level"`
	Method    string  `json:"method"` // one of the By… constants
	Resamples int     `json:"resamples"`
	Units     int     `json:"units"` // components, images, queries or episodes resampled
}

// Pairs returns an interval for each statistic over s. Pair i, as given to Score,
// joins the images left[i] and right[i] [M], any whole numbers.
//
// Pairs that share an image are not independent. Where the pairs fall into at least
// 30 connected components, whole components are resampled. Otherwise images are, and
// a pair counts as often as the product of its two images' counts (the pigeonhole
// bootstrap: Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007); its
// variance is too large by up to a factor of three, where pairs
// vary but images do not, and about right where images dominate: conservative. A
// resample without either kind of pair is drawn again. Errors are unusable settings.
func (b Bootstrap) Pairs(s *Scored, left, right []int32, of []Statistic) ([]Interval, error) {
	if len(left) != len(s.order) || len(right) != len(s.order) {
		panic("metric: length mismatch")
	}
	if err := b.validate(); err != nil {
		return nil, err
	}
	u := unitsOf(left, right)
	values := make([][]float64, len(of)) // [statistic][resample]
	for i := range values {
		values[i] = make([]float64, b.Resamples)
	}
	b.each(func() func(int, *rand.Rand) {
		c, times := s.blank(), make([]int32, u.count)
		return func(resample int, r *rand.Rand) {
			s.resample(c, u, times, r)
			for i, statistic := range of {
				values[i][resample] = statistic(c)
			}
		}
	})
	intervals := make([]Interval, len(of))
	for i := range values {
		intervals[i] = b.interval(values[i], u.method, u.count)
	}
	return intervals, nil
}

// resample fills c with pairs drawn by units, both kinds present. times [units] is
// scratch. One positive and one negative pair come together in a share of at least
// 4!/4⁴ = 0.09 of all draws (of four images, each needed), so that the loop ends.
func (s *Scored) resample(c *Curve, u units, times []int32, r *rand.Rand) {
	weight := func(pair int32) int64 {
		return int64(times[u.left[pair]]) * int64(times[u.right[pair]])
	}
	if u.method == ByComponents {
		weight = func(pair int32) int64 { return int64(times[u.left[pair]]) }
	}
	for {
		draw(times, r)
		s.count(c, weight)
		if positives, negatives := c.total(); positives > 0 && negatives > 0 {
			return
		}
	}
}

// draw sets times to how often each unit comes in len(times) draws with replacement.
func draw(times []int32, r *rand.Rand) {
	clear(times)
	for range times {
		times[r.IntN(len(times))]++
	}
}

// Mean returns an interval for the mean of values [Q], one per query or episode and
// none NaN, resampling those; method, ByQueries or ByEpisodes, says which they are. The
// gallery is held fixed. Errors are *EmptyError where there is none, and unusable
// settings.
func (b Bootstrap) Mean(values []float64, method string) (Interval, error) {
	return b.of(values, method, func(drawn []float64) float64 {
		sum := 0.0
		for _, v := range drawn {
			sum += v
		}
		return sum / float64(len(drawn))
	})
}

// Median is Mean for the median. Ranks are whole numbers, and so are most of its ends.
func (b Bootstrap) Median(values []float64, method string) (Interval, error) {
	return b.of(values, method, func(drawn []float64) float64 {
		slices.Sort(drawn)
		return median(drawn)
	})
}

// of returns an interval for a statistic of values, which may reorder what it is given.
func (b Bootstrap) of(values []float64, method string,
	statistic func(drawn []float64) float64) (Interval, error) {
	if err := b.validate(); err != nil {
		return Interval{}, err
	}
	if len(values) == 0 {
		return Interval{}, &EmptyError{Of: "queries"}
	}
	results := make([]float64, b.Resamples)
	b.each(func() func(int, *rand.Rand) {
		drawn := make([]float64, len(values))
		return func(resample int, r *rand.Rand) {
			for i := range drawn {
				drawn[i] = values[r.IntN(len(values))]
			}
			results[resample] = statistic(drawn)
		}
	})
	return b.interval(results, method, len(values)), nil
}

func (b Bootstrap) validate() error {
	if b.Resamples < 1 {
		return fmt.Errorf("%d bootstrap resamples, want at least 1", b.Resamples)
	}
	if !(b.Level > 0 && b.Level < 1) {
		return fmt.Errorf("bootstrap level is %v, want between 0 and 1", b.Level)
	}
	return nil
}

// each calls work for every resample, on all cores, each with its own random
// numbers. newWork is called once per goroutine; all have ended when each returns.
func (b Bootstrap) each(newWork func() func(resample int, r *rand.Rand)) {
	parallel(b.Resamples, func() func(int) {
		work := newWork()
		source := rand.NewPCG(0, 0)
		r := rand.New(source)
		return func(resample int) {
			source.Seed(b.Seed, uint64(resample)*0x9e3779b97f4a7c15) // 2⁶⁴/φ, spreads the seeds
			work(resample, r)
		}
	})
}

// parallel calls work for 0..n-1 on all cores and returns when all are done.
func parallel(n int, newWork func() func(int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			work := newWork()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(int(i))
			}
		})
	}
	wait.Wait()
}

// interval sorts values and returns their percentiles.
func (b Bootstrap) interval(values []float64, method string, units int) Interval {
	slices.Sort(values)
	return Interval{
		Low: quantile(values, (1-b.Level)/2), High: quantile(values, (1+b.Level)/2),
		Level: b.Level, Method: method, Resamples: b.Resamples, Units: units,
	}
}

// quantile interpolates linearly between sorted values, as NumPy's default does.
func quantile(sorted []float64, q float64) float64 {
	below, share := math.Modf(q * float64(len(sorted)-1))
	low := sorted[int(below)]
	high := sorted[min(int(below)+1, len(sorted)-1)]
	return low + (high-low)*share
}
