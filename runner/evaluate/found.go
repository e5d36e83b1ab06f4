package evaluate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// nearestRight is the metric that says whether the nearest image is of the right class.
const nearestRight = "recall@1"

// Found is what the queries of a Report found.
type Found struct {
	Asked    []int32              // [N] dataset images
	Queries  []int32              // [C] those that are counted, as rows of Asked, ascending
	Values   map[string][]float64 // [C] by the names of metric.Queries
	Top      [][]int32            // [C][≤5] rows of Answers, nearest first
	Distance [][]float32          // [C][≤5] in units of the model's distance
	Right    [][]bool             // [C][≤5] whether it is of the query's class

	Data    *dataset.Dataset // that Answers are of
	Answers []int32          // [G] images that were searched
}

// Confusion is a class whose images find another one first.
type Confusion struct {
	Class   string  `json:"class"`
	As      string  `json:"as"`      // class of the nearest image; "" not known
	Queries int     `json:"queries"` // of Class, whose nearest image is of As
	Share   float64 `json:"share"`   // of the queries of Class, in (0,1]
}

// found returns what queries, which are images, found in gallery, which are answers where none was asked for.
func (c Config) found(images, answers []int32, queries, gallery metric.Set, r metric.Retrieval, names []string) *Found {
	f := &Found{Asked: images, Queries: r.Queries, Top: r.Top, Values: map[string][]float64{}, Data: c.Data, Answers: answers}
	if c.Gallery != nil {
		f.Data, f.Answers = c.Gallery.Data, c.Gallery.Part.Images
	}
	for i, name := range names {
		f.Values[name] = r.Values[i]
	}
	row := func(s metric.Set, i int32) []float32 { return s.Embeddings[int(i)*s.Dim:][:s.Dim] }
	for at, top := range r.Top {
		query := r.Queries[at]
		distances, right := make([]float32, len(top)), make([]bool, len(top))
		for k, answer := range top {
			distances[k] = c.Model.Distance().Between(row(queries, query), row(gallery, answer))
			right[k] = gallery.Labels[answer] == queries.Labels[query]
		}
		f.Distance, f.Right = append(f.Distance, distances), append(f.Right, right)
	}
	return f
}

// confused counts the classes that queries find first in place of their own.
func (c Config) confused(f *Found) []Confusion {
	var pairs [][2]string
	for at, query := range f.Queries {
		pair := [2]string{c.Data.Classes[c.Data.Images[f.Asked[query]].Class]}
		if len(f.Top[at]) > 0 {
			if class := f.Data.Images[f.Answers[f.Top[at][0]]].Class; class >= 0 {
				pair[1] = f.Data.Classes[class]
			}
			pairs = append(pairs, pair)
		}
	}
	return confusions(pairs)
}

// confused counts the label images that photos find first in place of their own, by their classes, or by
// their paths where they have none.
func (a LabelAnswers) confused() []Confusion {
	name := func(row int32) string { return cmp.Or(a.Images[row].Class, a.Images[row].Path) }
	var pairs [][2]string
	for q, top := range a.Top {
		pairs = append(pairs, [2]string{name(a.Right[q]), name(top[0])})
	}
	return confusions(pairs)
}

// confusions counts pairs of a query's class and the class that it found; the most frequent come first.
func confusions(pairs [][2]string) (list []Confusion) {
	asked, wrong := map[string]int{}, map[[2]string]int{}
	for _, p := range pairs {
		asked[p[0]]++
		if p[0] != p[1] {
			wrong[p]++
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(wrong), func(a, b [2]string) int {
		return cmp.Or(-cmp.Compare(wrong[a], wrong[b]), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	}) {
		list = append(list, Confusion{p[0], p[1], wrong[p], float64(wrong[p]) / float64(asked[p[0]])})
	}
	return list
}
