package evaluate

import (
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/runner/metric"
)

// Change returns the interval of the difference of a metric between two networks: after, less before. Both were asked the same, and each
// decides at its own threshold, which Scores chose. The metric is a share of pairs or of searches, in [0,1]. Errors are those of
// metric.Score, and a *named.UnknownError.
func Change(name string, before, after Outcome, from, to Scores) (metric.Interval, error) {
	at := func(list []perQuery) int {
		return slices.IndexFunc(list, func(q perQuery) bool { return q.name == name })
	}
	p := after.pairs
	if i, k := at(before.found.metrics), at(after.found.metrics); i >= 0 && k >= 0 {
		return before.found.metrics[i].change(after.found.metrics[k], p.Sample)
	}
	m, err := metric.Pairs.New(&named.Choice{Name: name})
	if err != nil {
		return metric.Interval{}, err
	}
	was, err := metric.Score(before.distance, p.Same, p.Weight)
	if err != nil {
		return metric.Interval{}, err
	}
	is, err := metric.Score(after.distance, p.Same, p.Weight)
	if err != nil {
		return metric.Interval{}, err
	}
	left, right := p.drawn()
	return p.Sample.PairsChange(was, is, left, right, m.At(from.Threshold), m.At(to.Threshold)), nil
}

// change is the interval of how much the mean of after is above that of p.
func (p perQuery) change(after perQuery, s metric.Sample) (metric.Interval, error) {
	_, interval, err := s.Change(p.values, after.values, after.image)
	return interval, err
}

// Recall is recall@1 of images, as each of them was answered.
type Recall struct {
	Measured
	Queries int // images that have another to find; 0: none has, and the rest says nothing

	each   perQuery
	sample metric.Sample
}

// Change returns the interval of how much recall@1 of after, of the same images, is above that of r.
func (r Recall) Change(after Recall) (metric.Interval, error) {
	return r.each.change(after.each, r.sample)
}
