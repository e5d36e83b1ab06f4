package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/distance"
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
	names, of, err := queryMetrics(c.Data.Recalls)
	if err != nil {
		return err
	}
	var queries, gallery metric.Set
	answers, search := images, metric.NearestTop
	if asking, searched := c.roles(images); len(searched) > 0 {
		queries, gallery = c.rows(embeddings, images, asking), c.rows(embeddings, images, searched)
		images, answers = rowsOf(images, 1, asking), rowsOf(images, 1, searched)
		r.Gallery = &SearchedPart{Data: c.Data.Name, Split: "gallery", Images: len(searched)}
	} else {
		queries = c.set(embeddings, images)
		if gallery, err = c.gallery(ctx, queries); err != nil {
			return err
		}
		if c.Gallery == nil {
			search = nearestOther
		}
	}
	found, err := search(queries, gallery, c.Model.Distance(), append(of, metric.RightAnswers), shownAnswers)
	if err != nil {
		return fmt.Errorf("rank nearest images: %w", err)
	}
	r.Excluded = found.Excluded
	if c.Gallery != nil {
		r.Gallery = &SearchedPart{Data: c.Gallery.Data.Name, Split: c.Gallery.Part.Split.String(),
			Images: len(c.Gallery.Part.Images)}
	}
	if len(found.Queries) == 0 {
		if c.Gallery != nil {
			return &NoQueriesError{c.Part.Split, *r.Gallery, len(images)}
		}
		return nil
	}
	r.FewestRight = int(slices.Min(found.Values[len(names)]))
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
	r.Found = c.found(images, answers, queries, gallery, found, names)
	r.Confused = c.confused(r.Found)
	r.OpenSet, err = openSet(c.Model, queries, gallery, found.Sides).openSearch(len(gallery.Labels), sample)
	return err
}

// nearestOther is metric.NearestTop of a set in itself.
func nearestOther(queries, _ metric.Set, by distance.Distance, of []metric.QueryMetric, k int) (metric.Retrieval, error) {
	return metric.NearestOtherTop(queries, by, of, k)
}

// roles returns which rows of images ask and which are searched, where the data tells them apart and
// no other gallery was asked for; none where each image asks for all others.
func (c Config) roles(images []int32) (asking, searched []int) {
	if c.Gallery != nil {
		return nil, nil
	}
	for row, image := range images {
		if c.Data.Images[image].Searched {
			searched = append(searched, row)
		} else {
			asking = append(asking, row)
		}
	}
	return asking, searched
}

// rows is set of some rows of embeddings [N,D] and images [N].
func (c Config) rows(embeddings []float32, images []int32, rows []int) metric.Set {
	return c.set(rowsOf(embeddings, c.Model.Dim(), rows), rowsOf(images, 1, rows))
}

// Recall1 returns recall@1 of images of data, whose embeddings [N,D] are given: the share that has another of their class nearest to
// them. Images of one group do not find one another. Where data says which images are searched, the others ask for those. seen are the
// names of the classes that the model was trained on; empty: not known.
func Recall1(e Embedder, data *dataset.Dataset, images []int32, embeddings []float32, seen []string) (r Recall, err error) {
	if len(data.Classes) == 0 {
		return r, nil
	}
	of, err := metric.Queries.New(&named.Choice{Name: "recall@1"})
	if err != nil {
		return r, err
	}
	c := Config{Model: e, Data: data}
	var found metric.Retrieval
	if asking, searched := c.roles(images); len(searched) > 0 {
		found, err = metric.Nearest(c.rows(embeddings, images, asking), c.rows(embeddings, images, searched), e.Distance(), []metric.QueryMetric{of})
		images = rowsOf(images, 1, asking)
	} else {
		found, err = metric.NearestOther(c.set(embeddings, images), e.Distance(), []metric.QueryMetric{of})
	}
	if err != nil || len(found.Queries) == 0 {
		return r, err
	}
	r.Queries, r.sample = len(found.Queries), SampleOf(data, images, seen)
	r.each = perQuery{name: "recall@1", better: of.Better, values: found.Values[0], image: found.Queries}
	r.Measured, err = r.each.measure(r.sample)
	return r, err
}

// queryMetrics returns every metric of metric.Queries, in the order of their names, and the
// recall@k of ranks that it lacks.
func queryMetrics(ranks []int32) (names []string, of []metric.QueryMetric, err error) {
	names = metric.Queries.Names()
	for _, name := range names {
		m, err := metric.Queries.New(&named.Choice{Name: name})
		if err != nil {
			return nil, nil, err
		}
		of = append(of, m)
	}
	for _, k := range ranks {
		if name := fmt.Sprintf("recall@%d", k); !slices.Contains(names, name) {
			names, of = append(names, name), append(of, metric.RecallAt(k))
		}
	}
	return names, of, nil
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
