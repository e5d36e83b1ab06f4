package evaluate

import (
	"slices"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

// Outcome is what a network answered on validation: all that its scores are made of.
type Outcome struct {
	pairs    Pairs
	distance []float32 // [M] of the pairs
	every    []walk    // pairs that thresholds are chosen on; nil: those above, which are listed
	spread   float64   // see metric.Spread
	rank     float64   // see metric.EffectiveRank
	photos   int       // searched among label images
	found    found     // by them
}

// walk calls block with the distances [M] of pairs, some at a time, and whether they are same.
type walk func(block func(distances []float32, same []bool) error) error

// Measure compares pairs, by embeddings [N,D] of their images. Call it with validation data
// only. Errors are *metric.DistanceError, *metric.EmbeddingError, *metric.DegenerateError and
// those of e.
func Measure(e Embedder, embeddings []float32, pairs Pairs) (Outcome, error) {
	o := Outcome{pairs: pairs}
	if pairs.Weight != nil {
		o.every = []walk{pairs.walk(e, embeddings)}
	}
	return o, o.measure(e, embeddings, embeddings)
}

// MeasureLabels searches photos, whose embeddings [N,D] are given, among label images, and
// compares each photo with its label image and with another. Spread and rank are of photos.
// Errors are those of Measure.
func MeasureLabels(e Embedder, photos []float32, t LabelTask) (Outcome, error) {
	o := Outcome{pairs: t.pairs(e.Dim()), every: []walk{t.walk(e, photos)}, photos: len(t.Photos)}
	if err := o.measure(e, slices.Concat(photos, t.Gallery), photos); err != nil {
		return Outcome{}, err
	}
	var err error
	o.found, err = t.search(e, photos)
	return o, err
}

// measure compares the pairs by rows [R,D], of which embeddings [N,D] are those of images that
// are measured.
func (o *Outcome) measure(e Embedder, rows, embeddings []float32) (err error) {
	if o.distance, _, err = e.Compare(rows, o.pairs.Left, o.pairs.Right); err != nil {
		return err
	}
	if o.spread, err = metric.Spread(embeddings, e.Dim()); err != nil {
		return err
	}
	o.rank, err = metric.EffectiveRank(embeddings, e.Dim())
	return err
}

// Pool returns the outcomes of several networks, each on images that the others were not
// measured on, as if one network had answered. Spread and rank, which are no pairs', are means.
func Pool(outcomes []Outcome) Outcome {
	var all Outcome
	n := float64(len(outcomes))
	for _, o := range outcomes {
		all.pairs.pool(o.pairs)
		all.distance = append(all.distance, o.distance...)
		all.every = append(all.every, o.every...)
		all.spread, all.rank = all.spread+o.spread/n, all.rank+o.rank/n
		all.photos += o.photos
		all.found.pool(o.found)
	}
	return all
}

// pool adds pairs of other images.
func (p *Pairs) pool(o Pairs) {
	first := int32(len(p.Images))
	p.Images = append(p.Images, o.Images...)
	for i, same := range o.Same {
		p.add(first+o.Left[i], first+o.Right[i], same)
	}
	p.Weight = append(p.Weight, o.Weight...)
	p.Sample.Class, p.Sample.Group = append(p.Sample.Class, o.Sample.Class...), append(p.Sample.Group, o.Sample.Group...)
	p.Sample.NewClasses = p.Sample.NewClasses || o.Sample.NewClasses
	p.Answers, p.OneGroup = p.Answers || o.Answers, p.OneGroup || o.OneGroup
}

// pool adds what other photos found.
func (f *found) pool(o found) {
	if f.metrics == nil {
		f.metrics = make([]perQuery, len(o.metrics))
	}
	for i, m := range o.metrics {
		m.values = append(f.metrics[i].values, m.values...)
		f.metrics[i] = m
	}
	f.open.Known = append(f.open.Known, o.open.Known...)
	f.open.Right = append(f.open.Right, o.open.Right...)
	f.open.Unknown = append(f.open.Unknown, o.open.Unknown...)
}

// Scores chooses a threshold by a rule and measures there. Where pairs were drawn from classes
// a rate of wrong answers is that of all pairs of the images. The error is a
// *distance.FewPairsError.
func (o Outcome) Scores(by distance.Rule) (Scores, error) {
	p := o.pairs
	scored, err := metric.Score(o.distance, p.Same, p.Weight)
	if err != nil {
		return Scores{}, err
	}
	probability := metric.Logistic(scored.Curve())
	s := Scores{Metrics: map[string]float64{}, Intervals: map[string]metric.Interval{}, Probability: &probability,
		Pairs: len(p.Same), Spread: o.spread, Rank: o.rank, Doubts: p.doubts()}
	if s.Curve, err = o.curve(scored); err != nil {
		return Scores{}, err
	}
	if err := s.choose(scored.Curve(), by); err != nil {
		return Scores{}, err
	}
	list, err := pairMetrics(scored, p, s.Threshold)
	if err != nil {
		return Scores{}, err
	}
	s.add(list)
	if s.Distances, err = metric.Summarize(o.distance, p.Same, p.Weight); err != nil || o.photos == 0 {
		return s, err
	}
	return s, o.searches(&s)
}

// searches adds what photos found among label images, and the distance above which the nearest
// is refused, so that at most distance.Promise of the photos are accepted whose own is taken out.
func (o Outcome) searches(s *Scores) error {
	above, _, err := o.found.open.Calibrate()
	if err != nil {
		return err
	}
	if unknown := o.found.open.Unknown; len(unknown) >= distance.Needed(distance.Promise) {
		above, s.Promise = distance.Limit(unknown, nil, distance.Promise), distance.Promise
	}
	s.Photos, s.NoneAbove = o.photos, &above
	list, err := measureAll(append(o.found.metrics, o.found.refusal(above)...), o.pairs.Sample)
	s.add(list)
	return err
}

func (s *Scores) add(list []Measured) {
	for _, m := range list {
		s.Metrics[m.Name], s.Intervals[m.Name] = m.Value, m.Interval
	}
}
