package metric

// negligible is the variance of a difference, in [-1,1], up to which no pair does anything to it: a millionth is one standard error.
const negligible = 1e-12

// Change returns by how much the mean of after is above that of before, in [-1,1], and the interval of that. Both are [Q] values in
// [0,1] of the same queries, which the images [Q] of s ask; nil: query i is its image i. The interval is that of the mean of differences,
// brought to [0,1]: what makes a query hard is in both values, and is not in their difference. Where no value differs, it reaches as far
// as the share of differing queries may that so many have not met. Its error is an *EmptyError where there is no query.
func (s Sample) Change(before, after []float64, image []int32) (float64, Interval, error) {
	q := QueryValues{Values: make([]float64, len(before)), Image: image}
	alike := true
	for i, v := range before {
		alike = alike && v == after[i]
		q.Values[i] = (1 + after[i] - v) / 2
	}
	if alike {
		clear(q.Values)
	}
	mean, interval, err := s.Mean(q, EachQuery)
	if alike {
		interval.Low = -interval.High
		return 0, interval, err
	}
	interval.Low, interval.High = 2*interval.Low-1, 2*interval.High-1
	return 2*mean - 1, interval, err
}

// PairsChange returns, as Pairs does, the interval of the difference of two statistics in [0,1]: that of after, less that of before. Both
// are of the same pairs, which two networks have compared.
func (s Sample) PairsChange(before, after *Scored, left, right []int32, from, to Statistic) Interval {
	if len(before.same) != len(after.same) || len(left) != len(after.same) || len(right) != len(after.same) {
		panic("metric: length mismatch")
	}
	d := s.dyads(after, left, right)
	d.set(to)
	d.less(before, from)
	change := to.Value(after.Curve()) - from.Value(before.Curve())
	e := estimate{freedom: d.freedom, draws: d.draws, units: d.seen}
	variance := d.variance()
	if variance <= negligible {
		_, high := e.interval() // of a share that is 0
		return Interval{max(-1, change-high), min(1, change+high), Level, d.question, d.method, d.seen}
	}
	e.value, e.variance = (1+change)/2, variance/4
	low, high := e.interval()
	return Interval{2*low - 1, 2*high - 1, Level, d.question, d.method, d.seen}
}

// less takes from psi what each pair adds to a statistic over other distances of the same pairs.
func (d *dyads) less(other *Scored, of Statistic) {
	after := d.psi
	before := &dyads{Scored: other, psi: make([]float64, len(after))}
	before.set(of)
	for i, psi := range before.psi {
		after[i] -= psi
	}
}
