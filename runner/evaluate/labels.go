package evaluate

import (
	"context"
	"slices"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// LabelConfig says what Labels measures.
type LabelConfig struct {
	Model     Embedder
	Store     *pipeline.Store
	Data      *dataset.Dataset
	Part      dataset.Part        // photos, and which label image stands for each
	Gallery   LabelEmbeddings     // the model's own, searched beside the label images of Part; may be empty
	NoneAbove *distance.Threshold // of the distance of the nearest, above which it is refused; nil: unknown
	Seen      []string            // classes that the model was trained on; empty: not known
	Seed      uint64              // for the report
	Progress  func(done, total int)
}

// LabelReport is all that Labels measures. Fields are only ever added.
type LabelReport struct {
	Data        string       `json:"data"`
	Fingerprint string       `json:"fingerprint"`
	Split       string       `json:"split"`
	Images      int          `json:"images"`  // photos
	Classes     int          `json:"classes"` // of the photos
	Seed        uint64       `json:"seed"`
	Searched    Searched     `json:"label_images"`
	Retrieval   []Measured   `json:"retrieval"`
	Coarse      []Measured   `json:"coarse,omitempty"` // where all of the photo's coarse class are right
	None        *None        `json:"none_of_these,omitempty"`
	OpenSet     *OpenSearch  `json:"open_set"`
	PerClass    []Class      `json:"per_class"`
	PerCoarse   []Class      `json:"per_coarse,omitempty"`
	Confused    []Confusion  `json:"confused,omitempty"` // label images that are found in place of others, the most often first
	Exposure    *Exposure    `json:"exposure,omitempty"` // set by who knows the training
	Baseline    *Baseline    `json:"baseline,omitempty"` // nil of many images, and where the data lacks label images that are searched
	Answers     LabelAnswers `json:"-"`                  // for who shows examples
}

// Searched says which label images each photo was searched in.
type Searched struct {
	Images   int `json:"images"`   // in all
	OfModel  int `json:"of_model"` // whose stored embeddings were used
	Embedded int `json:"embedded"` // whose embeddings the model made now
}

// None is what refusing the nearest label image, where it is too far, comes to.
type None struct {
	Above        distance.Threshold `json:"above"`
	Detected     Measured           `json:"detection_rate"`
	FalseAccepts Measured           `json:"false_accept_rate"`
}

// LabelAnswers are the label images that each photo found.
type LabelAnswers struct {
	Photos   []int32      // [Q] dataset images
	Right    []int32      // [Q] rows of Images
	Top      [][]int32    // [Q][≤5] rows of Images, nearest first
	Distance [][]float32  // [Q][≤5] in units of the model's distance
	Images   []LabelImage // [G]

	Embeddings, Gallery []float32      // [Q,D] of the photos, [G,D] of the label images
	Open                metric.OpenSet // what photos find first, with and without their label image
}

// Labels searches each photo of c.Part among the label images of c.Part and c.Gallery.
// Errors are those of reading images and of running the model, *LabelImageError, and
// *NoPairsError where there is no photo, or one label image.
func Labels(ctx context.Context, c LabelConfig) (*LabelReport, error) {
	r := &LabelReport{Data: c.Data.Name, Fingerprint: c.Data.Fingerprint(),
		Split: c.Part.Split.String(), Images: len(c.Part.Images), Seed: c.Seed}
	gallery, rows, err := c.gallery(ctx, r)
	if err != nil {
		return nil, err
	}
	switch {
	case len(c.Part.Images) == 0:
		return nil, &NoPairsError{c.Part.Split, "no photos are left"}
	case len(gallery.Images) < 2:
		return nil, &NoPairsError{c.Part.Split, "one label image is there to search; want at least 2 to choose from"}
	}
	t := LabelTask{Photos: c.Part.Images, Gallery: gallery.Vectors, Seed: c.Seed,
		Sample: SampleOf(c.Data, c.Part.Images, c.Seen)}
	t.Right = make([]int32, len(t.Photos))
	for _, m := range c.Part.Matches {
		at, _ := slices.BinarySearch(t.Photos, m.Image)
		t.Right[at] = rows[m.Label]
	}
	photos, err := Embed(ctx, c.Model, c.Store, t.Photos, c.Progress)
	if err != nil {
		return nil, err
	}
	f, err := t.search(c.Model, photos)
	if err != nil {
		return nil, err
	}
	r.Answers = LabelAnswers{t.Photos, t.Right, f.top, f.distance, gallery.Images, photos, gallery.Vectors, f.open}
	r.Confused = r.Answers.confused()
	if r.Retrieval, err = measureAll(f.metrics, t.Sample); err != nil {
		return nil, err
	}
	if err := c.none(r, &f, t.Sample); err != nil {
		return nil, err
	}
	if r.OpenSet, err = (open{OpenSet: f.open}).openSearch(len(gallery.Images), t.Sample); err != nil {
		return nil, err
	}
	classes := c.classes()
	r.Classes = len(slices.Compact(slices.Sorted(slices.Values(classes))))
	if r.PerClass, err = perGroup(f.metrics, c.Data, t.Photos, classes, c.Data.Classes); err != nil {
		return nil, err
	}
	if err := c.coarse(r, t, photos, gallery.Images); err != nil {
		return nil, err
	}
	r.Baseline, err = c.baseline(ctx, t, rows, len(gallery.Images))
	return r, err
}

// classes returns the class [Q] of each photo.
func (c LabelConfig) classes() []int32 {
	classes := make([]int32, len(c.Part.Images))
	for i, image := range c.Part.Images {
		classes[i] = c.Data.Images[image].Class
	}
	return classes
}

// none adds what the threshold of "none of these" does.
func (c LabelConfig) none(r *LabelReport, f *found, s metric.Sample) error {
	if c.NoneAbove == nil {
		return nil
	}
	list, err := measureAll(f.refusal(c.NoneAbove.Value), s)
	if err != nil {
		return err
	}
	r.None = &None{Above: *c.NoneAbove, Detected: list[0], FalseAccepts: list[1]}
	return nil
}

// perGroup returns the metrics of the queries of each group that has any. Queries are images [Q] of
// data, and group [Q] numbers names.
func perGroup(metrics []perQuery, data *dataset.Dataset, images, group []int32, names []string) ([]Class, error) {
	of := make([][]int32, len(names))
	for q, g := range group {
		of[g] = append(of[g], int32(q))
	}
	var list []Class
	for g, queries := range of {
		if len(queries) == 0 {
			continue
		}
		class := Class{Class: names[g], Queries: len(queries), Metrics: map[string]float64{}}
		for _, p := range metrics {
			value, err := p.of(queries)
			if err != nil {
				return nil, err
			}
			class.Metrics[p.name] = value
		}
		var err error
		if class.Interval, err = ofClass(metrics, queries, data, images); err != nil {
			return nil, err
		}
		list = append(list, class)
	}
	return list, nil
}

// ofClass returns the interval of recall@1 of some queries, which are of one class.
func ofClass(metrics []perQuery, queries []int32, data *dataset.Dataset, images []int32) (metric.Interval, error) {
	at := slices.IndexFunc(metrics, func(p perQuery) bool { return p.name == nearestRight })
	var s metric.Sample
	values := make([]float64, len(queries))
	for i, q := range queries {
		values[i] = metrics[at].values[q]
		if data.GroupOf != nil {
			s.Group = append(s.Group, data.GroupOf[images[q]])
		}
	}
	_, interval, err := s.Mean(metric.QueryValues{Values: values}, metric.EachQuery)
	return interval, err
}

// gallery returns the label images of c.Gallery and those of c.Part that it lacks, and
// the row of each label image of c.Part.
func (c LabelConfig) gallery(ctx context.Context, r *LabelReport) (LabelEmbeddings, map[int32]int32, error) {
	labels := c.Part.LabelImages()
	g, rows, err := c.Gallery.with(ctx, c.Model, c.Store, c.Data, labels)
	if err != nil {
		return g, nil, err
	}
	r.Searched = Searched{Images: len(g.Images), OfModel: len(c.Gallery.Images),
		Embedded: len(g.Images) - len(c.Gallery.Images)}
	row := make(map[int32]int32, len(labels))
	coarse := map[string]string{} // by class, as the data has it
	for i, image := range labels {
		row[image] = rows[i]
		if class := c.Data.Images[image].Class; c.Data.CoarseOf != nil {
			coarse[c.Data.Classes[class]] = c.Data.Coarse[c.Data.CoarseOf[class]]
		}
	}
	for i := range g.Images { // what the data says now goes before what was stored
		if now, ok := coarse[g.Images[i].Class]; ok {
			g.Images[i].Coarse = now
		}
	}
	return g, row, nil
}

// coarse adds the metrics of coarse classes, where each photo's label image has one: the
// rank is that of the nearest label image of the photo's coarse class.
func (c LabelConfig) coarse(r *LabelReport, t LabelTask, photos []float32, images []LabelImage) error {
	names, labels := coarseClasses(images)
	query := metric.Set{Embeddings: photos, Dim: c.Model.Dim()}
	for _, row := range t.Right {
		if labels[row] < 0 {
			return nil
		}
		query.Labels = append(query.Labels, labels[row])
	}
	of, err := labelQueries()
	if err != nil {
		return err
	}
	answers := metric.Set{Embeddings: t.Gallery, Dim: c.Model.Dim(), Labels: labels}
	found, err := metric.Nearest(query, answers, c.Model.Distance(), of)
	if err != nil {
		return err
	}
	var metrics []perQuery
	for i, name := range labelMetrics {
		metrics = append(metrics, perQuery{name: name, better: of[i].Better, values: found.Values[i]})
	}
	if r.Coarse, err = measureAll(metrics, t.Sample); err != nil {
		return err
	}
	r.PerCoarse, err = perGroup(metrics, c.Data, t.Photos, query.Labels, names)
	return err
}

// coarseClasses returns the coarse classes of label images, sorted, and that of each [G],
// -1 where it has none.
func coarseClasses(images []LabelImage) (names []string, labels []int32) {
	for _, image := range images {
		if image.Coarse != "" {
			names = append(names, image.Coarse)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, image := range images {
		labels = append(labels, int32(slices.Index(names, image.Coarse)))
	}
	return names, labels
}
