package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
)

// Set is labelled embeddings.
type Set struct {
	Embeddings []float32 // [N,D] row by row, any finite values
	Labels     []int32   // [N] class of each row; -1 = unknown
	Groups     []int32   // [N] burst, session or the like of each row, -1 = none; nil: none has any
	Dim        int       // D, >= 1
}

// Retrieval is what each query found.
type Retrieval struct {
	Queries  []int32     // [C] the counted queries, as rows of the query set, ascending
	Values   [][]float64 // [metric][C] the metrics asked for, of each counted query
	Excluded int         // queries without label, or whose class has no (other) gallery image
	Top      [][]int32   // [C][≤k] gallery rows, nearest first; nil but for NearestTop and NearestOtherTop
	Sides    []Sides     // [Q] of each query, the excluded ones, too
}

// Sides are the two gallery rows that open-set identification asks for: the nearest where
// the query's class is there, and where it is taken out.
type Sides struct {
	Own   int32 // nearest of the query's class; -1 none
	Other int32 // nearest of all other rows; -1 none
}

// Nearest ranks the gallery for each query by a distance, ties by gallery index, and
// measures the ranks of the images of the query's class. Queries without label, or
// whose class the gallery lacks, are excluded. A query looks at no image of its own group:
// images of one burst are alike for reasons that have nothing to do with the class. It
// compares all with all on every core, in time Q·G·D. Errors are *EmbeddingError, distance.ErrNone and shapes that do not fit.
func Nearest(query, gallery Set, by distance.Distance, of []QueryMetric) (Retrieval, error) {
	return NearestTop(query, gallery, by, of, 0)
}

// NearestTop is Nearest that also tells which k images of the gallery each counted query
// finds first, all of them where the gallery has fewer.
func NearestTop(query, gallery Set, by distance.Distance, of []QueryMetric, k int) (Retrieval, error) {
	if query.Dim != gallery.Dim {
		return Retrieval{}, fmt.Errorf("queries have %d dimensions, the gallery %d",
			query.Dim, gallery.Dim)
	}
	q, err := prepare(query, by)
	if err != nil {
		return Retrieval{}, fmt.Errorf("queries: %w", err)
	}
	g, err := prepare(gallery, by)
	if err != nil {
		return Retrieval{}, fmt.Errorf("gallery: %w", err)
	}
	s := search{query: q, gallery: g, asked: query, answers: gallery, of: of, top: k}
	return s.run(), nil
}

// NearestOther is Nearest with set as queries and gallery, where no query finds
// itself: leave-one-out. A class of one image has no answer and is excluded.
func NearestOther(set Set, by distance.Distance, of []QueryMetric) (Retrieval, error) {
	return NearestOtherTop(set, by, of, 0)
}

// NearestOtherTop is NearestOther that also tells which k other images each counted query finds
// first, all of them where there are fewer.
func NearestOtherTop(set Set, by distance.Distance, of []QueryMetric, k int) (Retrieval, error) {
	all, err := prepare(set, by)
	if err != nil {
		return Retrieval{}, fmt.Errorf("queries: %w", err)
	}
	s := search{query: all, gallery: all, asked: set, answers: set, others: true, of: of, top: k}
	return s.run(), nil
}

// search is one comparison of all queries with all of the gallery.
type search struct {
	query, gallery distance.Ranking
	asked, answers Set  // [Q], [G]
	others         bool // query i is gallery image i and must not find itself
	of             []QueryMetric
	top            int // images to tell of each query
}

// block is the number of queries that share a walk over the gallery: their distances
// to a million images are 32 MB per core.
const block = 8

func (s search) run() Retrieval {
	size, queries := len(s.answers.Labels), len(s.asked.Labels)
	values := make([][]float64, queries) // [Q][metric], nil for excluded queries
	tops := make([][]int32, queries)     // [Q][≤top], likewise
	sides := make([]Sides, queries)
	workers.Each((queries+block-1)/block, func() func(int) {
		keys := make([]float32, block*size) // [block,G]
		var c correct
		return func(i int) {
			from := i * block
			to := min(from+block, queries)
			walk(keys, s.query, s.gallery, from, to)
			for at := from; at < to; at++ {
				mine := keys[(at-from)*size:][:size]
				c.look(s, at)
				sides[at] = c.sides(mine, s.answers.Labels, s.asked.Labels[at])
				ranks := c.ranks(mine, s.answers.Labels, s.asked.Labels[at])
				if len(ranks) == 0 {
					continue
				}
				values[at] = make([]float64, len(s.of))
				for m, metric := range s.of {
					values[at][m] = metric.Value(ranks)
				}
				if s.top > 0 {
					tops[at] = c.first(mine, s.top)
				}
			}
		}
	})
	r := collect(values, len(s.of))
	r.Sides = sides
	for _, query := range r.Queries {
		if s.top > 0 {
			r.Top = append(r.Top, tops[query])
		}
	}
	return r
}

// sides returns the nearest of class label, and of the others, by distance and index, among
// the images that the query looks at. Rows of no class are others.
func (c *correct) sides(distance []float32, labels []int32, label int32) Sides {
	s := Sides{-1, -1}
	for i, d := range distance {
		if c.leaves(i) {
			continue
		}
		side := &s.Other
		if label >= 0 && labels[i] == label {
			side = &s.Own
		}
		if *side < 0 || d < distance[*side] {
			*side = int32(i)
		}
	}
	return s
}

// first returns the indices of the k smallest distances [G] of images that the query looks
// at, all where there are fewer, by distance and index.
func (c *correct) first(distance []float32, k int) []int32 {
	top := make([]int32, 0, k+1)
	for i, d := range distance {
		if c.leaves(i) || len(top) == k && d >= distance[top[k-1]] {
			continue
		}
		at := len(top)
		for at > 0 && d < distance[top[at-1]] {
			at--
		}
		top = slices.Insert(top, at, int32(i))
		top = top[:min(len(top), k)]
	}
	return top
}

// collect turns values [Q][metric], nil for excluded queries, into a Retrieval.
func collect(values [][]float64, metrics int) Retrieval {
	r := Retrieval{Values: make([][]float64, metrics)}
	for i, row := range values {
		if row == nil {
			r.Excluded++
			continue
		}
		r.Queries = append(r.Queries, int32(i))
		for m, v := range row {
			r.Values[m] = append(r.Values[m], v)
		}
	}
	return r
}

// prepare checks s and makes its rows ready to be ranked.
func prepare(s Set, by distance.Distance) (distance.Ranking, error) {
	if err := by.Given(); err != nil {
		return distance.Ranking{}, err
	}
	if err := checkRows(s.Embeddings, s.Dim); err != nil {
		return distance.Ranking{}, err
	}
	if len(s.Embeddings) != len(s.Labels)*s.Dim {
		return distance.Ranking{}, fmt.Errorf("%d embeddings, %d labels",
			len(s.Embeddings)/s.Dim, len(s.Labels))
	}
	if s.Groups != nil && len(s.Groups) != len(s.Labels) {
		return distance.Ranking{}, fmt.Errorf("%d labels, %d groups", len(s.Labels), len(s.Groups))
	}
	return by.Rank(s.Embeddings, s.Dim), nil
}

// checkRows refuses embeddings [N,D] that are not whole rows of finite numbers.
func checkRows(embeddings []float32, dim int) error {
	if dim < 1 || len(embeddings)%dim != 0 {
		return fmt.Errorf("%d numbers are not rows of %d dimensions", len(embeddings), dim)
	}
	for i, v := range embeddings {
		if v != v || math.IsInf(float64(v), 0) {
			return &EmbeddingError{Row: i / dim, Column: i % dim, Value: v}
		}
	}
	return nil
}

// walk sets keys [to-from,G] to what ranks the gallery for the queries from..to, four images
// at a time for all of them, so that each is read from memory once.
func walk(keys []float32, query, gallery distance.Ranking, from, to int) {
	size := gallery.Len()
	for start := 0; start < size; start += 4 {
		four := min(4, size-start)
		for at := from; at < to; at++ {
			gallery.Keys(keys[(at-from)*size+start:][:four], query, at, start)
		}
	}
}
