// Package evaluate says how good a model is on labelled images:
//
//	images → Embedder → embeddings [N,D] ─┬ pairs, listed or drawn → distances → pair metrics, rates
//	                                      ├ labels → nearest others → retrieval metrics
//	                                      └ label images → the nearest of them, or none of these
//
// Thresholds come from Outcome.Scores, on validation data; Run measures at a
// threshold it is given and never chooses one. It prints nothing.
package evaluate

import (
	"context"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// Embedder is a model as evaluation needs it.
type Embedder interface {
	// Embed returns embeddings [N,D], row-major, of pixels [N,S,S,3] uint8 RGB.
	Embed(pixels []uint8) ([]float32, error)
	// Compare returns the distance [M] of each pair of rows of embeddings [N,D], and
	// the probability [M] of "same", nil where the model has none.
	Compare(embeddings []float32, left, right []int32) (distance, probability []float32, err error)
	// Distance returns by what embeddings are compared and ranked.
	Distance() distance.Distance
	// Dim returns D.
	Dim() int
}

// embedBatch is how many images are embedded at once: enough to fill the cores,
// few enough that the activations of a small tower stay in the cache.
const embedBatch = 32

// Embed returns the embeddings [N,D], row-major, of the given images of store.
// progress, which may be nil, is called after each batch.
func Embed(ctx context.Context, e Embedder, store *pipeline.Store, images []int32,
	progress func(done, total int)) ([]float32, error) {
	embeddings := make([]float32, 0, len(images)*e.Dim())
	for batch, err := range store.Sequence(ctx, images, embedBatch, nil) {
		if err != nil {
			return nil, err
		}
		rows, err := e.Embed(batch.Pixels)
		if err != nil {
			return nil, err
		}
		embeddings = append(embeddings, rows...)
		if progress != nil {
			progress(len(embeddings)/e.Dim(), len(images))
		}
	}
	return embeddings, nil
}

// Scores are the metrics of pairs at a threshold and, where labels are images, of
// searching photos among them.
type Scores struct {
	Metrics   map[string]float64         `json:"metrics"`   // by the names that Direction knows
	Intervals map[string]metric.Interval `json:"intervals"` // likewise
	Threshold float64                    `json:"threshold"`
	// Probability that a pair is the same, by its distance; nil in runs of before it was kept.
	Probability *distance.Probability `json:"probability,omitempty"`
	// Rule by which the threshold was chosen, in words; "" of the one of best accuracy.
	Rule      string           `json:"threshold_rule,omitempty"`
	Curve     *distance.Curve  `json:"-"` // what other thresholds do, without a source
	Pairs     int              `json:"pairs"`
	Distances metric.Distances `json:"distances"`
	Spread    float64          `json:"spread"`           // see metric.Spread
	Rank      float64          `json:"effective_rank"`   // see metric.EffectiveRank
	Photos    int              `json:"photos,omitempty"` // searched among label images
	// NoneAbove is the distance of the nearest label image above which it is refused: see
	// metric.OpenSet. It is nil where labels are no images.
	NoneAbove *float64 `json:"none_above,omitempty"`
	// Promise is the share of strangers, photos whose label image is taken out, that NoneAbove
	// accepts at most; 0: there were too few photos, and the best mean of both shares was chosen.
	Promise float64  `json:"none_above_promise,omitempty"`
	Doubts  []string `json:"doubts,omitempty"` // why the numbers carry little, half a sentence each
}

// measured is a model's answers on pairs.
type measured struct {
	embeddings            []float32 // [N,D], rows as pairs.Images
	distance, probability []float32 // [M]; probability nil where the model has none
	scored                *metric.Scored
}

// score compares the pairs, which number rows of embeddings.
func (m *measured) score(e Embedder, embeddings []float32, pairs Pairs) (err error) {
	m.distance, m.probability, err = e.Compare(embeddings, pairs.Left, pairs.Right)
	if err != nil {
		return err
	}
	m.scored, err = metric.Score(m.distance, pairs.Same, pairs.Weight)
	return err
}

// Source is images that are searched: of the data that is measured, or of other data,
// whose classes are the same where their names are.
type Source struct {
	Store *pipeline.Store
	Data  *dataset.Dataset
	Part  dataset.Part
}

// Config says what Run measures.
type Config struct {
	Model     Embedder
	Store     *pipeline.Store
	Data      *dataset.Dataset
	Part      dataset.Part
	Threshold distance.Threshold

	Probability *distance.Probability // calibrated on validation; nil: the model has none
	Prevalence  float64               // share of same among the pairs of the service, in (0,1); 0: a half

	LabelImages []int32         // that photos of Part are paired with, ascending; nil: labels are no images
	Known       LabelEmbeddings // the model's own, which keep their embeddings; may be empty

	Gallery  *Source  // images that are searched, none of them in Part; nil: Part itself
	Seen     []string // classes that the model was trained on; empty: not known
	Seed     uint64   // of drawn pairs
	Progress func(done, total int)
}

// Measured is one number with its interval.
type Measured struct {
	Name     string          `json:"name"`
	Value    float64         `json:"value"`
	Better   metric.Better   `json:"better"`
	Interval metric.Interval `json:"interval"`
	Macro    *Macro          `json:"macro,omitempty"` // nil where there are no classes
}

// Macro is a mean of the means of classes: each class counts the same, however many
// images it has.
type Macro struct {
	Value    float64         `json:"value"`
	Interval metric.Interval `json:"interval"`
}

// Report is all that Run measures. Fields are only ever added.
type Report struct {
	Data         string             `json:"data"`
	Fingerprint  string             `json:"fingerprint"`
	Split        string             `json:"split"`
	Images       int                `json:"images"`
	Classes      int                `json:"classes"`
	Pairs        int                `json:"pairs"`
	Same         int                `json:"same"`
	Different    int                `json:"different"`
	PairSource   string             `json:"pair_source"`             // "listed", or "drawn by class, seed 0"
	Weighed      bool               `json:"pairs_weighed,omitempty"` // pairs do not count the same: each class does
	Seed         uint64             `json:"seed"`
	Threshold    distance.Threshold `json:"threshold"`
	Metrics      []Measured         `json:"metrics"`
	AccuracyHalf *Measured          `json:"accuracy_at_half,omitempty"` // at probability 0.5
	Folds        *Folds             `json:"folds,omitempty"`            // nil where the pairs have none
	Rates        []metric.Rate      `json:"rates"`                      // of EveryPair, else of the pairs
	Wrong        *Wrong             `json:"wrong_answers,omitempty"`    // at the threshold
	EveryPair    *EveryPair         `json:"every_pair,omitempty"`       // nil where pairs are listed
	Retrieval    []Measured         `json:"retrieval,omitempty"`
	Gallery      *SearchedPart      `json:"gallery,omitempty"`              // searched; nil: the other images of the split
	Excluded     int                `json:"queries_excluded"`               // without label, or without their class to find
	FewestRight  int                `json:"fewest_right_answers,omitempty"` // that a query can find
	PerClass     []Class            `json:"per_class,omitempty"`
	Confused     []Confusion        `json:"confused,omitempty"`    // classes whose images find another one first, the most often first
	OpenSet      *OpenSearch        `json:"open_set,omitempty"`    // nil where classes are not known
	Probability  *Calibrated        `json:"probability,omitempty"` // nil where the model has none
	Distances    metric.Distances   `json:"distances"`
	Spread       float64            `json:"spread"`
	Rank         float64            `json:"effective_rank"`
	Exposure     *Exposure          `json:"exposure,omitempty"` // set by who knows the training
	Baseline     *Baseline          `json:"baseline,omitempty"` // nil of many images
	Doubts       []string           `json:"doubts,omitempty"`   // why the numbers carry little
	Answers      Answers            `json:"-"`                  // for who shows examples
	Found        *Found             `json:"-"`                  // likewise; nil where nothing was searched
	Curve        *metric.Curve      `json:"-"`                  // of the pairs that Rates are of
}

// Answers are the pairs that were measured, and their distances.
type Answers struct {
	Pairs
	Distance   []float32 // [M] in units of the model's distance
	Embeddings []float32 // [N,D] of the images
}

// Run measures c.Model on c.Part. Class folders have their pairs drawn; listed
// pairs are taken as they are. Errors are those of ChoosePairs, of reading images
// and of running the model, *metric.DegenerateError, *LabelImageError and *NoQueriesError.
func Run(ctx context.Context, c Config) (*Report, error) {
	pairs, err := ChoosePairs(c.Data, c.Part, c.LabelImages, c.Seen, c.Seed)
	if err != nil {
		return nil, err
	}
	queries := pairs.Images
	if c.Part.Kind() == dataset.OfLabelImages { // label images stand behind the photos, and ask for nothing
		queries = pairs.Images[:len(c.Part.Images)]
	}
	m, err := c.measure(ctx, pairs, queries)
	if err != nil {
		return nil, err
	}
	r := c.describe(pairs, queries)
	r.Answers = Answers{pairs, m.distance, m.embeddings}
	if r.Distances, err = metric.Summarize(m.distance, pairs.Same, pairs.Weight); err != nil {
		return nil, err
	}
	if r.Spread, err = metric.Spread(m.embeddings, c.Model.Dim()); err != nil {
		return nil, err
	}
	if r.Rank, err = metric.EffectiveRank(m.embeddings, c.Model.Dim()); err != nil {
		return nil, err
	}
	if pairs.Weight != nil { // drawn from class folders
		err = c.everyPair(r, m.embeddings, pairs)
	} else {
		r.Curve = m.scored.Curve()
		r.Wrong = wrong(m.scored.Curve(), c.Threshold, pairs.intervals(m.scored, wrongAnswers(c.Threshold)...))
		r.Rates, err = metric.Rates(m.scored.Curve(), metric.Targets())
	}
	if err != nil {
		return nil, err
	}
	if r.Metrics, err = pairMetrics(m.scored, pairs, c.Threshold.Value); err != nil {
		return nil, err
	}
	if pairs.Fold != nil {
		if r.Folds, err = acrossFolds(m.distance, pairs); err != nil {
			return nil, err
		}
	}
	if c.Probability != nil {
		r.Probability = c.calibrated(m.scored, pairs)
	}
	if m.probability != nil {
		if r.AccuracyHalf, err = c.accuracyAtHalf(m.probability, pairs); err != nil {
			return nil, err
		}
	}
	if err := c.retrieve(ctx, r, m.embeddings[:len(queries)*c.Model.Dim()], queries); err != nil {
		return nil, err
	}
	r.Baseline, err = c.baseline(ctx, pairs, queries)
	return r, err
}

// measure embeds the images of pairs, of which the first ask for the nearest and the others
// are label images, and compares them.
func (c Config) measure(ctx context.Context, pairs Pairs, queries []int32) (m measured, err error) {
	if m.embeddings, err = Embed(ctx, c.Model, c.Store, queries, c.Progress); err != nil {
		return m, err
	}
	if labels := pairs.Images[len(queries):]; len(labels) > 0 {
		g, rows, err := c.Known.with(ctx, c.Model, c.Store, c.Data, labels)
		if err != nil {
			return m, err
		}
		dim := c.Model.Dim()
		for _, row := range rows {
			m.embeddings = append(m.embeddings, g.Vectors[int(row)*dim:][:dim]...)
		}
	}
	return m, m.score(c.Model, m.embeddings, pairs)
}

// describe begins the report of pairs p and of the images that ask for the nearest.
func (c Config) describe(p Pairs, queries []int32) *Report {
	r := &Report{
		Data: c.Data.Name, Fingerprint: c.Data.Fingerprint(), Split: c.Part.Split.String(),
		Images: len(queries), Pairs: len(p.Same), PairSource: p.Source, Seed: c.Seed,
		Threshold: c.Threshold, Doubts: p.doubts(),
	}
	r.Same, r.Different = p.counts()
	r.Weighed = slices.ContainsFunc(p.Weight, func(w float64) bool { return w != 1 })
	classes := map[int32]bool{}
	for _, i := range queries {
		if class := c.Data.Images[i].Class; class >= 0 {
			classes[class] = true
		}
	}
	r.Classes = len(classes)
	return r
}

// pairMetrics returns every metric of metric.Pairs over s at threshold, in the order
// of their names.
func pairMetrics(s *metric.Scored, p Pairs, threshold float64) ([]Measured, error) {
	var list []Measured
	var of []metric.Statistic
	for _, name := range metric.Pairs.Names() {
		m, err := metric.Pairs.New(&named.Choice{Name: name})
		if err != nil {
			return nil, err
		}
		list = append(list, Measured{Name: name, Value: m.Value(s.Curve(), threshold), Better: m.Better})
		of = append(of, m.At(threshold))
	}
	for i, interval := range p.intervals(s, of...) {
		list[i].Interval = interval
	}
	return list, nil
}

// accuracyAtHalf is the accuracy at probability 0.5, which needs no calibration.
func (c Config) accuracyAtHalf(probability []float32, p Pairs) (*Measured, error) {
	s, err := metric.ScoreProbabilities(probability, p.Same, p.Weight)
	if err != nil {
		return nil, err
	}
	accuracy, err := metric.Pairs.New(&named.Choice{Name: "accuracy"})
	if err != nil {
		return nil, err
	}
	of := accuracy.At(metric.Half)
	return &Measured{Name: "accuracy_at_half", Value: of.Value(s.Curve()), Better: metric.Higher,
		Interval: p.intervals(s, of)[0]}, nil
}
