package metric

import (
	"math"
	"slices"
)

// QueryValues are values of queries, and which image of a Sample asks each.
type QueryValues struct {
	Values []float64 // [Q] none NaN
	Image  []int32   // [Q] of the sample; nil: query i is its image i
}

// Mean returns the mean of q, in [0,1], and its interval; the gallery is held fixed. Each
// query counts the same, or, where each is a class, each class of s does. Its error is an
// *EmptyError where there is none.
func (s Sample) Mean(q QueryValues, each Each) (float64, Interval, error) {
	if len(q.Values) == 0 {
		return 0, Interval{}, &EmptyError{Of: "queries"}
	}
	r := s.asked(q, each)
	mean := r.mean(q.Values)
	low, high := r.estimate(mean, q.Values).interval()
	return mean, r.interval(low, high), nil
}

// MeanOfEpisodes returns the mean of values in [0,1], one of each episode, and its interval.
// Its error is an *EmptyError where there is none.
func MeanOfEpisodes(values []float64) (float64, Interval, error) {
	mean, interval, err := Sample{}.Mean(QueryValues{Values: values}, EachQuery)
	interval.Question, interval.Method = NewEpisodes, ByEpisodes
	return mean, interval, err
}

// Median is Mean for the median of any values: an interval of the share below it is read
// back as values. Woodruff, Confidence intervals for medians and other position measures,
// Journal of the American Statistical Association 47, 1952.
func (s Sample) Median(q QueryValues) (float64, Interval, error) {
	if len(q.Values) == 0 {
		return 0, Interval{}, &EmptyError{Of: "queries"}
	}
	sorted := slices.Sorted(slices.Values(q.Values))
	middle := median(sorted)
	below := make([]float64, len(q.Values))
	for i, v := range q.Values {
		switch { // ties count half, so that the share below the middle is near a half
		case v < middle:
			below[i] = 1
		case v == middle:
			below[i] = 0.5
		}
	}
	r := s.asked(q, EachQuery)
	e := r.estimate(r.mean(below), below)
	half := studentsT(e.freedom) * math.Sqrt(e.variance)
	first, last := max(0, 0.5-half), min(1, 0.5+half)
	if e.units < fewUnits {
		first, last = e.interval()
	}
	low, high := quantile(sorted, first), quantile(sorted, last)
	return middle, r.interval(low, high), nil
}

// Each says what counts the same in a mean.
type Each bool

// A mean over queries (micro), or of the means of classes (macro).
const (
	EachQuery Each = false
	EachClass Each = true
)

// asked are queries by unit.
type asked struct {
	units
	unit   []int32   // [Q]
	weight []float64 // [Q] how much each counts
	total  float64   // of the weights
}

func (s Sample) asked(q QueryValues, each Each) asked {
	image := func(i int) int32 {
		if q.Image == nil {
			return int32(i)
		}
		return q.Image[i]
	}
	n := int32(0)
	for i := range q.Values {
		n = max(n, image(i)+1)
	}
	r := asked{units: s.units(int(n)), unit: make([]int32, len(q.Values)), weight: make([]float64, len(q.Values))}
	if s.Class == nil && s.Group == nil {
		r.question, r.method = NewQueries, ByQueries
	}
	of := map[int32]float64{}
	if each == EachClass {
		for i := range q.Values {
			of[s.Class[image(i)]]++
		}
	}
	for i := range q.Values {
		r.unit[i] = r.of[image(i)]
		r.weight[i] = 1
		if each == EachClass {
			r.weight[i] = 1 / of[s.Class[image(i)]]
		}
		r.total += r.weight[i]
	}
	return r
}

func (r asked) mean(values []float64) float64 {
	sum := 0.0
	for i, v := range values {
		sum += v * r.weight[i]
	}
	return sum / r.total
}

// seen returns how many units ask.
func (r asked) seen() int { return distinct(r.unit, r.unit) }

func (r asked) interval(low, high float64) Interval {
	return Interval{low, high, Level, r.question, r.method, r.seen()}
}

// estimate returns the mean of values with its error.
func (r asked) estimate(mean float64, values []float64) estimate {
	sums, weights := make([]float64, r.count), make([]float64, r.count)
	for i, v := range values {
		sums[r.unit[i]] += r.weight[i] / r.total * (v - mean)
		weights[r.unit[i]] += r.weight[i]
	}
	e := estimate{value: mean, draws: float64(len(values)), units: r.seen()}
	e.variance, e.freedom = r.variance(sums, weights)
	if spread := mean * (1 - mean); spread > 0 {
		among := 0.0 // the variance of the means of units
		for unit, w := range weights {
			if w > 0 {
				among += sums[unit] * sums[unit] * r.total / w
			}
		}
		e.mixed = max(0, 1-among/spread)
	}
	return e
}

// quantile interpolates linearly between sorted values, as NumPy's default does.
func quantile(sorted []float64, q float64) float64 {
	below, share := math.Modf(q * float64(len(sorted)-1))
	low := sorted[int(below)]
	high := sorted[min(int(below)+1, len(sorted)-1)]
	return low + (high-low)*share
}
