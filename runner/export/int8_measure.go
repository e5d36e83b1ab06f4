package export

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/quantize"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/trained"
)

// Names of what int8 may cost: metrics of validation, and of images of which nothing is known.
const (
	accuracy = "accuracy"
	auc      = "auc"
	recall1  = "recall@1"
	cosine   = "cosine"
)

// heldOut is how many images of the user's a network is measured on that was not trained.
const heldOut = 500

// yardstick is what networks are measured on: images on which no range was observed.
type yardstick struct {
	images []int32            // that are embedded
	pairs  evaluate.Pairs     // of them; not of a network without training
	labels []int32            // label images, ascending; nil: labels are no images
	task   evaluate.LabelTask // of images, among labels
}

// measured is what a network answers there.
type measured struct {
	embeddings []float32                  // [N,D] of the images
	labels     []float32                  // [G,D] of the label images; nil: labels are no images
	outcome    evaluate.Outcome           // that scores are made of
	scores     evaluate.Scores            // zero of a network without training
	metrics    map[string]float64         // what may not drop, as far as it can be measured
	intervals  map[string]models.Interval // of these, but for the cosine
	recall     evaluate.Recall            // recall@1 where labels are no images
	queries    int                        // images that recall@1 is of
}

// part chooses on which images ranges are observed, and on which networks are measured.
func (w *quantizing) part() error {
	if w.Model != nil {
		all := w.data.All().Images
		w.train = dataset.Evenly(all, min(observed, max(1, len(all)/2))) // of few images a half is held out
		rest := slices.DeleteFunc(slices.Clone(all), func(i int32) bool { return slices.Contains(w.train, i) })
		if w.images = dataset.Evenly(rest, heldOut); len(rest) == 0 {
			w.images = all
		}
		return nil
	}
	if err := w.data.Assign(trained.Splits(w.model.Spec)); err != nil {
		return err
	}
	if given := w.data.Fingerprint(); given != w.model.State.Fingerprint {
		return &DataError{w.data.Name, w.model.State.Fingerprint, given}
	}
	bad := w.skipped()
	val := w.data.In(dataset.Val).Without(bad)
	w.train = dataset.Evenly(w.data.In(dataset.Train).Without(bad).Images, observed)
	if w.model.Spec.LabelImages() {
		return w.amongLabels(val)
	}
	var err error
	w.pairs, err = evaluate.ChoosePairs(w.data, val, nil, w.model.State.Seen, uint64(w.model.Spec.Train.Seed))
	w.images = w.pairs.Images
	return err
}

// skipped returns the images that the training left out.
func (w *quantizing) skipped() map[int32]bool {
	paths, bad := map[string]bool{}, map[int32]bool{}
	for _, path := range w.model.State.Skipped {
		paths[path] = true
	}
	for i, image := range w.data.Images {
		if paths[image.Path] {
			bad[int32(i)] = true
		}
	}
	return bad
}

// leaveOut takes bad images out of those of the user's. The error is a *pipeline.BadImagesError where they are more than may be.
func (w *quantizing) leaveOut(ctx context.Context) error {
	if w.Model == nil {
		return nil // the training has
	}
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(w.train, w.images)))) // a single image is both
	bad, err := w.store.Prepare(ctx, all, nil)
	if err == nil {
		_, err = pipeline.LeaveOut(bad, len(all), w.Int8.SkipBad)
	}
	if err != nil {
		return err
	}
	isBad := func(i int32) bool {
		return slices.ContainsFunc(bad, func(b pipeline.BadImage) bool { return b.Image == i })
	}
	w.train, w.images, w.bad = slices.DeleteFunc(slices.Clone(w.train), isBad), slices.DeleteFunc(slices.Clone(w.images), isBad), bad
	if len(w.train) == 0 || len(w.images) == 0 {
		return &pipeline.BadImagesError{Images: bad, Total: len(all)}
	}
	return nil
}

// amongLabels chooses photos of val that are searched for among the label images of the training.
func (w *quantizing) amongLabels(val dataset.Part) (err error) {
	at := map[string]int32{}
	for _, i := range w.data.All().LabelImages() {
		at[w.data.Images[i].Path] = i
	}
	for _, known := range w.model.State.Gallery {
		i, ok := at[known.Path]
		if !ok {
			return fmt.Errorf("data %q has no label image %q, which the training had", w.data.Name, known.Path)
		}
		w.labels = append(w.labels, i)
	}
	if w.task, err = evaluate.AmongLabels(val, w.labels); err != nil {
		return err
	}
	w.task.Seed, w.task.Sample = uint64(w.model.Spec.Train.Seed), evaluate.SampleOf(w.data, val.Images, w.model.State.Seen)
	w.images = w.task.Photos
	return nil
}

// measureFloat measures the float32 network.
func (w *quantizing) measureFloat(ctx context.Context) error {
	net, err := w.open(w.model, w.def)
	if err != nil {
		return err
	}
	w.float = net
	if w.before, err = w.measure(ctx, net); err == nil && len(w.before.metrics) == 0 {
		w.before.metrics[cosine] = 1
	}
	return err
}

func (w *quantizing) measure(ctx context.Context, net *graphNet) (m measured, err error) {
	m.metrics, m.intervals = map[string]float64{}, map[string]models.Interval{}
	if m.embeddings, err = evaluate.Embed(ctx, net, w.store, w.images, w.networkSeen()); err != nil {
		return m, err
	}
	if w.Model == nil {
		if err := w.score(ctx, net, &m); err != nil {
			return m, err
		}
	}
	if w.labels != nil {
		return m, nil
	}
	m.recall, err = evaluate.Recall1(net, w.data, w.images, m.embeddings, w.model.State.Seen)
	if m.recall.Queries > 0 {
		m.metrics[recall1], m.intervals[recall1], m.queries = m.recall.Value, models.Interval(m.recall.Interval), m.recall.Queries
	}
	return m, err
}

// networkSeen returns what tells how many images were embedded, by all networks that are measured whole: that in float32, and one of
// each method. It is nil for those that come later.
func (w *quantizing) networkSeen() func(done, total int) {
	before, networks := w.networks, 1+len(quantize.Methods)
	if w.networks++; before >= networks {
		return nil
	}
	return func(done, total int) { w.Int8.tell(measuring, before*total+done, networks*total) }
}

// score measures pairs, or photos among label images.
func (w *quantizing) score(ctx context.Context, net *graphNet, m *measured) (err error) {
	if w.labels == nil {
		m.outcome, err = evaluate.Measure(net, m.embeddings, w.pairs)
	} else if m.labels, err = w.embedLabels(ctx, net); err == nil {
		task := w.task
		task.Gallery = m.labels
		m.outcome, err = evaluate.MeasureLabels(net, m.embeddings, task)
	}
	if err != nil {
		return err
	}
	if m.scores, err = m.outcome.Scores(distance.Rule(w.model.Spec.Train.Threshold)); err != nil {
		return err
	}
	m.queries = m.scores.Photos
	for _, name := range []string{accuracy, auc, recall1} {
		if value, ok := m.scores.Metrics[name]; ok {
			m.metrics[name], m.intervals[name] = value, models.Interval(m.scores.Intervals[name])
		}
	}
	return nil
}

// embedLabels returns the embeddings of label images: those of the training where they are frozen.
func (w *quantizing) embedLabels(ctx context.Context, net *graphNet) ([]float32, error) {
	if w.model.FrozenTargets() {
		g, err := w.model.Labels()
		if err != nil {
			return nil, err
		}
		return g.Vectors, nil
	}
	return evaluate.Embed(ctx, net, w.store, w.labels, nil)
}

// changes sets the intervals of how much the metrics of q differ from those of the float32 network.
func (w *quantizing) changes(q *quantized) error {
	q.about.ChangeIntervals = map[string]models.Interval{}
	for name := range q.intervals {
		change := func() (metric.Interval, error) {
			return evaluate.Change(name, w.before.outcome, q.outcome, w.before.scores, q.scores)
		}
		if name == recall1 && q.recall.Queries > 0 {
			change = func() (metric.Interval, error) { return w.before.recall.Change(q.recall) }
		}
		interval, err := change()
		if err != nil {
			return err
		}
		q.about.ChangeIntervals[name] = models.Interval(interval)
	}
	return nil
}

// drop returns which metric lost most, and how many points. That one image more finds another class first is not
// counted: of few images it would be points.
func (w *quantizing) drop(q *quantized) (worst string, points float64) {
	points = math.Inf(-1)
	for _, name := range []string{accuracy, auc, recall1, cosine} {
		before, ok := w.before.metrics[name]
		if !ok {
			continue
		}
		d := before - q.metrics[name]
		if name == recall1 {
			d -= 1 / float64(w.before.queries)
		}
		if 100*d > points {
			worst, points = name, 100*d
		}
	}
	return worst, points
}

const (
	timedBatch = 8
	timedRuns  = 5 // of each network, in turns; the median counts
)

// clock measures how large and how fast both networks are here.
func (w *quantizing) clock(ctx context.Context, q *quantized) error {
	if w.Int8.Now == nil {
		return nil
	}
	side := w.model.Spec.Input.Size
	pixels := make([]uint8, timedBatch*side*side*3) // how fast a network is does not depend on what it sees
	var seconds [2][]float64
	for run := range timedRuns + 1 {
		for i, net := range []*graphNet{w.float, q.net} {
			if err := ctx.Err(); err != nil {
				return err
			}
			began := w.Int8.Now()
			if _, err := net.Embed(pixels); err != nil {
				return err
			}
			if run > 0 { // compiled for this size
				seconds[i] = append(seconds[i], w.Int8.Now().Sub(began).Seconds())
			}
		}
	}
	speed := func(list []float64) float64 {
		slices.Sort(list)
		return timedBatch / max(list[len(list)/2], time.Microsecond.Seconds())
	}
	q.speed = &Speed{Batch: timedBatch, Float: speed(seconds[0]), Int8: speed(seconds[1]), FloatBytes: len(w.def), Int8Bytes: len(q.def)}
	return nil
}
