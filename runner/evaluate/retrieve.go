package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// SearchedPart says which images are searched for each query.
type SearchedPart struct {
	Data   string `json:"data"`
	Split  string `json:"split"` // "" is all of it
	Images int    `json:"images"`
}

// Class is the retrieval metrics of the queries of one class.
type Class struct {
	Class    string             `json:"class"`
	Queries  int                `json:"queries"`
	Metrics  map[string]float64 `json:"metrics"`  // by the names of metric.Queries
	Interval metric.Interval    `json:"interval"` // of recall@1, for new images of this class
}

// NoQueriesError says that no image has anything to find in a gallery that was asked for.
type NoQueriesError struct {
	Queries dataset.Split
	Gallery SearchedPart
	Images  int // of the queries' split
}

func (e *NoQueriesError) Error() string {
	gallery := fmt.Sprintf("split %q", e.Gallery.Split)
	if e.Gallery.Split == "" {
		gallery = fmt.Sprintf("all of %q", e.Gallery.Data)
	}
	return fmt.Sprintf("none of %s of split %q has its class in the gallery, %s",
		plural.Count(e.Images, "image"), e.Queries, gallery)
}

// retrieve adds the metrics of metric.Queries: each image asks for the nearest others
// of the same images, or for the nearest of c.Gallery, but for those of its own group. Data without classes, or with
// nothing to find, has none; where a gallery was asked for that is a *NoQueriesError.
func (c Config) retrieve(ctx context.Context, r *Report, embeddings []float32, images []int32) error {
	if r.Classes == 0 && c.Gallery == nil {
		return nil
	}
	names, of, err := queryMetrics()
	if err != nil {
		return err
	}
	queries := c.set(embeddings, images)
	gallery, err := c.gallery(ctx, queries)
	if err != nil {
		return err
	}
	found, err := c.search(queries, gallery, append(of, metric.RightAnswers))
	if err != nil {
		return fmt.Errorf("rank nearest images: %w", err)
	}
	r.Excluded = found.Excluded
	if c.Gallery != nil {
		r.Gallery = &SearchedPart{Data: c.Gallery.Data.Name, Split: string(c.Gallery.Part.Split),
			Images: len(c.Gallery.Part.Images)}
	}
	if len(found.Queries) == 0 {
		if c.Gallery != nil {
			return &NoQueriesError{c.Part.Split, *r.Gallery, len(images)}
		}
		return nil
	}
	r.FewestRight = int(slices.Min(found.Values[len(of)]))
	sample := SampleOf(c.Data, images, c.Seen)
	for i, name := range names {
		one := perQuery{name: name, better: of[i].Better, values: found.Values[i], image: found.Queries}
		m, err := one.measure(sample)
		if err != nil {
			return err
		}
		r.Retrieval = append(r.Retrieval, m)
	}
	if r.PerClass, err = c.perClass(found, names, images); err != nil {
		return err
	}
	r.Found = c.found(images, queries, gallery, found, names)
	r.Confused = c.confused(r.Found)
	r.OpenSet, err = openSet(c.Model, queries, gallery, found.Sides).openSearch(len(gallery.Labels), sample)
	return err
}

// queryMetrics returns every metric of metric.Queries, in the order of their names.
func queryMetrics() (names []string, of []metric.QueryMetric, err error) {
	names = metric.Queries.Names()
	for _, name := range names {
		m, err := metric.Queries.New(&named.Choice{Name: name})
		if err != nil {
			return nil, nil, err
		}
		of = append(of, m)
	}
	return names, of, nil
}

// search ranks the nearest images of gallery for each query; queries themselves where that is
// what is searched.
func (c Config) search(queries, gallery metric.Set, of []metric.QueryMetric) (metric.Retrieval, error) {
	if c.Gallery == nil {
		return metric.NearestOtherTop(queries, c.Model.Distance(), of, shownAnswers)
	}
	return metric.NearestTop(queries, gallery, c.Model.Distance(), of, shownAnswers)
}

// gallery returns what queries are searched in.
func (c Config) gallery(ctx context.Context, queries metric.Set) (metric.Set, error) {
	from := c.Gallery
	if from == nil {
		return queries, nil
	}
	embeddings, err := Embed(ctx, c.Model, from.Store, from.Part.Images, c.Progress)
	if err != nil {
		return metric.Set{}, err
	}
	gallery := metric.Set{Embeddings: embeddings, Dim: c.Model.Dim()}
	for _, i := range from.Part.Images {
		gallery.Labels = append(gallery.Labels, c.classIn(from.Data, i))
		if from.Data.GroupOf != nil {
			gallery.Groups = append(gallery.Groups, c.groupIn(from.Data, i))
		}
	}
	return gallery, nil
}

// Classes that are none of the queries' data.
const (
	noClass = -1 // it is not known
	foreign = -2 // it is known, and only other data has it
)

// classIn returns the class that c.Data has by the name of an image's class in other
// data, noClass or foreign where it has none.
func (c Config) classIn(other *dataset.Dataset, image int32) int32 {
	class := other.Images[image].Class
	if class < 0 || other == c.Data {
		return class
	}
	at, ok := slices.BinarySearch(c.Data.Classes, other.Classes[class])
	if !ok {
		return foreign
	}
	return int32(at)
}

// groupIn returns the group that c.Data has by the name of an image's group in other data, -1
// where there is none.
func (c Config) groupIn(other *dataset.Dataset, image int32) int32 {
	group := other.GroupOf[image]
	if group < 0 || other == c.Data {
		return group
	}
	at, ok := slices.BinarySearch(c.Data.Groups, other.Groups[group])
	if !ok {
		return -1
	}
	return int32(at)
}

// set labels the embeddings [N,D] of images [N] with their classes and groups.
func (c Config) set(embeddings []float32, images []int32) metric.Set {
	s := metric.Set{Embeddings: embeddings, Dim: c.Model.Dim()}
	for _, i := range images {
		s.Labels = append(s.Labels, c.Data.Images[i].Class)
		if c.Data.GroupOf != nil {
			s.Groups = append(s.Groups, c.Data.GroupOf[i])
		}
	}
	return s
}

// perClass averages the metrics over the counted queries of each class, in the order
// of the data's classes. images are those that found.Queries number.
func (c Config) perClass(found metric.Retrieval, names []string, images []int32) ([]Class, error) {
	var metrics []perQuery
	for i, name := range names {
		metrics = append(metrics, perQuery{name: name, values: found.Values[i]})
	}
	asked, classes := make([]int32, len(found.Queries)), make([]int32, len(found.Queries))
	for at, query := range found.Queries {
		asked[at] = images[query]
		classes[at] = c.Data.Images[asked[at]].Class
	}
	return perGroup(metrics, c.Data, asked, classes, c.Data.Classes)
}
