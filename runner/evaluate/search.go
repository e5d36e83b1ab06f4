package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// LabelTask is photos that are searched for among label images.
type LabelTask struct {
	Photos  []int32   // [Q] dataset images
	Right   []int32   // [Q] the row of Gallery that is each one's label image
	Gallery []float32 // [G,D] embeddings of the label images; G >= 2
	Seed    uint64    // of drawn pairs

	Sample metric.Sample // how the photos came to be measured
}

// AmongLabels returns the photos of part as they are searched for among label images, ascending, which hold those of
// all photos. Gallery, Seed and Sample are not set. The error is a *NoPairsError.
func AmongLabels(part dataset.Part, labels []int32) (LabelTask, error) {
	t := LabelTask{Photos: part.Images, Right: make([]int32, len(part.Images))}
	switch {
	case len(part.Images) == 0:
		return t, &NoPairsError{Split: part.Split, Reason: "no photos are left"}
	case len(labels) < 2:
		return t, &NoPairsError{Reason: "fewer than 2 label images are left to choose from"}
	}
	for _, m := range part.Matches {
		at, _ := slices.BinarySearch(part.Images, m.Image)
		right, _ := slices.BinarySearch(labels, m.Label)
		t.Right[at] = int32(right)
	}
	return t, nil
}

// shownAnswers is how many of the nearest label images a search tells of each photo.
const shownAnswers = 5

// found is what photos find among label images.
type found struct {
	top      [][]int32   // [Q][≤5] rows of the gallery, nearest first
	distance [][]float32 // [Q][≤5] of them, in units of the model's distance
	metrics  []perQuery
	open     metric.OpenSet
}

// perQuery is a metric as its values of each query.
type perQuery struct {
	name   string
	better metric.Better
	values []float64 // [Q]
	image  []int32   // [Q] of the sample; nil: query i is its image i
	middle bool      // the metric is the median of values, else their mean
}

// of returns the metric over some of the queries.
func (p perQuery) of(queries []int32) (float64, error) {
	values := make([]float64, len(queries))
	for i, q := range queries {
		values[i] = p.values[q]
	}
	if p.middle {
		return metric.Median(values)
	}
	return metric.Mean(values)
}

// measure returns the metric with its interval, and, where s knows classes, the mean of
// theirs.
func (p perQuery) measure(s metric.Sample) (m Measured, err error) {
	m = Measured{Name: p.name, Better: p.better}
	q := metric.QueryValues{Values: p.values, Image: p.image}
	if p.middle {
		m.Value, m.Interval, err = s.Median(q)
		return m, err
	}
	if m.Value, m.Interval, err = s.Mean(q, metric.EachQuery); err != nil || s.Class == nil {
		return m, err
	}
	m.Macro = &Macro{}
	m.Macro.Value, m.Macro.Interval, err = s.Mean(q, metric.EachClass)
	return m, err
}

// measureAll returns the metrics with their intervals.
func measureAll(list []perQuery, s metric.Sample) ([]Measured, error) {
	var measured []Measured
	for _, p := range list {
		m, err := p.measure(s)
		if err != nil {
			return nil, err
		}
		measured = append(measured, m)
	}
	return measured, nil
}

// labelMetrics are the rows of metric.Queries that say something where each query has one
// answer; MedianRank is reported beside them.
var labelMetrics = []string{"recall@1", "recall@5", "recall@10", "mrr"}

// Names of the metrics of searches among label images that metric.Queries does not have.
const (
	MedianRank      = "median_rank"       // of the right label image, from 1
	DetectionRate   = "detection_rate"    // share of photos whose nearest is accepted, and right
	FalseAcceptRate = "false_accept_rate" // share for which another is accepted, its own taken out
	// FalsePositiveRate is what ISO/IEC 19795-1 calls the false-positive identification rate: the
	// share of strangers for which an image is accepted.
	FalsePositiveRate = "false_positive_identification_rate"
)

// Direction says which values of a metric of validation are good. Where labels are
// images there are those of searches, too. The error is a *named.UnknownError.
func Direction(name string, labels bool) (metric.Better, error) {
	directions := map[string]metric.Better{}
	for _, known := range metric.Pairs.Names() {
		m, err := metric.Pairs.New(&named.Choice{Name: known})
		if err != nil {
			return "", err
		}
		directions[known] = m.Better
	}
	if labels {
		for _, known := range labelMetrics {
			directions[known] = metric.Higher
		}
		directions[MedianRank], directions[FalseAcceptRate] = metric.Lower, metric.Lower
		directions[DetectionRate] = metric.Higher
	}
	better, ok := directions[name]
	if !ok {
		known := make([]string, 0, len(directions))
		for name := range directions {
			known = append(known, name)
		}
		slices.Sort(known)
		return "", &named.UnknownError{Kind: "metric of validation", Name: name, Known: known}
	}
	return better, nil
}

// Brief says in a line what the metric of this name is, "" where there is none.
func Brief(name string) string {
	switch name {
	case MedianRank:
		return "middle of the ranks, from 1, of the right label images"
	case DetectionRate:
		return "share of photos whose nearest label image is accepted, and is the right one"
	case FalseAcceptRate:
		return "share of photos for which another label image is accepted when their own is taken out"
	}
	if row, ok := metric.Pairs.Rows[name]; ok {
		return row.Brief
	}
	return metric.Queries.Rows[name].Brief
}

// search finds for each photo, whose embeddings [Q,D] photos are, the nearest label images.
func (t LabelTask) search(e Embedder, photos []float32) (found, error) {
	dim := e.Dim()
	gallery := metric.Set{Embeddings: t.Gallery, Dim: dim, Labels: make([]int32, len(t.Gallery)/dim)}
	for row := range gallery.Labels {
		gallery.Labels[row] = int32(row)
	}
	of, err := labelQueries()
	if err != nil {
		return found{}, err
	}
	r, err := metric.NearestTop(metric.Set{Embeddings: photos, Dim: dim, Labels: t.Right}, gallery,
		e.Distance(), of, shownAnswers)
	if err != nil {
		return found{}, fmt.Errorf("rank nearest label images: %w", err)
	}
	f := found{top: r.Top}
	for i, name := range append(slices.Clone(labelMetrics), MedianRank) {
		f.metrics = append(f.metrics, perQuery{name: name, better: of[i].Better, values: r.Values[i],
			middle: name == MedianRank})
	}
	f.compare(e, slices.Concat(photos, t.Gallery), t.Right)
	return f, nil
}

// labelQueries returns the metrics of labelMetrics, and the first rank.
func labelQueries() ([]metric.QueryMetric, error) {
	var of []metric.QueryMetric
	for _, name := range labelMetrics {
		m, err := metric.Queries.New(&named.Choice{Name: name})
		if err != nil {
			return nil, err
		}
		of = append(of, m)
	}
	return append(of, metric.FirstRank), nil
}

// compare sets the distances of what each photo found. rows are embeddings, of the
// photos [Q,D] and then of the gallery [G,D].
func (f *found) compare(e Embedder, rows []float32, right []int32) {
	var left, others []int32
	for q, top := range f.top {
		for _, row := range top {
			left, others = append(left, int32(q)), append(others, int32(len(f.top))+row)
		}
	}
	distance := e.Distance().Pairs(rows, e.Dim(), left, others)
	for q, top := range f.top {
		mine := distance[:len(top)]
		distance = distance[len(top):]
		f.distance = append(f.distance, mine)
		known := top[0] == right[q]
		unknown := mine[0] // of the nearest other: the second where the first is right
		if known {
			unknown = mine[1]
		}
		f.open.Known, f.open.Right = append(f.open.Known, mine[0]), append(f.open.Right, known)
		f.open.Unknown = append(f.open.Unknown, unknown)
	}
}

// refusal returns what "none of these" above a threshold comes to.
func (f *found) refusal(threshold float64) []perQuery {
	return []perQuery{
		{name: DetectionRate, better: metric.Higher, values: f.open.Detected(threshold)},
		{name: FalseAcceptRate, better: metric.Lower, values: f.open.FalselyAccepted(threshold)},
	}
}

// pairs returns, of each photo, the pair with its label image, which is same, and one
// with another label image, drawn, which is different; of at most 2,500 photos. Rows are
// those of the photos and then of the gallery.
func (t LabelTask) pairs(dim int) Pairs {
	photos, size := len(t.Photos), len(t.Gallery)/dim
	r := rand.New(rand.NewPCG(t.Seed, 0x6c61626c)) // "labl": a stream of its own
	chosen := r.Perm(photos)[:min(photos, maxDrawn)]
	slices.Sort(chosen)
	p := Pairs{Images: t.Photos, Source: fmt.Sprintf("drawn, seed %d", t.Seed),
		Sample: t.Sample, Answers: true}
	for _, same := range []bool{true, false} {
		for _, q := range chosen {
			row := int(t.Right[q])
			if !same {
				row = (row + 1 + r.IntN(size-1)) % size
			}
			p.add(int32(q), int32(photos+row), same)
		}
	}
	return p
}
