package metric

import (
	"fmt"
	"math"
	"slices"
)

// Closeness says how Nearest compares embeddings.
type Closeness int

const (
	// Euclidean ranks by Σ (a−b)²; the root of it ranks alike.
	Euclidean Closeness = iota
	// Cosine ranks by 1 − a·b / (‖a‖‖b‖), computed as ½‖a/‖a‖ − b/‖b‖‖², which keeps
	// its precision near 0. A row of zeros has distance 1 to every row.
	Cosine
)

// Set is labelled embeddings.
type Set struct {
	Embeddings []float32 // [N,D] row by row, any finite values
	Labels     []int32   // [N] class of each row; -1 = unknown
	Dim        int       // D, >= 1
}

// Retrieval is what each query found.
type Retrieval struct {
	Queries  []int32     // [C] the counted queries, as rows of the query set, ascending
	Values   [][]float64 // [metric][C] the metrics asked for, of each counted query
	Excluded int         // queries without label, or whose class has no (other) gallery image
	Top      [][]int32   // [C][≤k] gallery rows, nearest first; nil but for NearestTop
}

// Nearest ranks the gallery for each query by closeness, ties by gallery index, and
// measures the ranks of the images of the query's class. Queries without label, or
// whose class the gallery lacks, are excluded. It compares all with all on every
// core, in time Q·G·D. Errors are *EmbeddingError and shapes that do not fit.
func Nearest(query, gallery Set, by Closeness, of []QueryMetric) (Retrieval, error) {
	return NearestTop(query, gallery, by, of, 0)
}

// NearestTop is Nearest that also tells which k images of the gallery each counted query
// finds first, all of them where the gallery has fewer.
func NearestTop(query, gallery Set, by Closeness, of []QueryMetric, k int) (Retrieval, error) {
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
	s := search{query: q, gallery: g, asked: query.Labels, labels: gallery.Labels, of: of, top: k}
	return s.run(), nil
}

// NearestOther is Nearest with set as queries and gallery, where no query finds
// itself: leave-one-out. A class of one image has no answer and is excluded.
func NearestOther(set Set, by Closeness, of []QueryMetric) (Retrieval, error) {
	all, err := prepare(set, by)
	if err != nil {
		return Retrieval{}, fmt.Errorf("queries: %w", err)
	}
	s := search{query: all, gallery: all, asked: set.Labels, labels: set.Labels, others: true, of: of}
	return s.run(), nil
}

// search is one comparison of all queries with all of the gallery.
type search struct {
	query, gallery rows
	asked, labels  []int32 // [Q], [G] classes
	others         bool    // query i is gallery image i and must not find itself
	of             []QueryMetric
	top            int // images to tell of each query
}

// block is the number of queries that share a walk over the gallery: their distances
// to a million images are 32 MB per core.
const block = 8

func (s search) run() Retrieval {
	size := len(s.labels)
	values := make([][]float64, len(s.asked)) // [Q][metric], nil for excluded queries
	tops := make([][]int32, len(s.asked))     // [Q][≤top], likewise
	parallel((len(s.asked)+block-1)/block, func() func(int) {
		distance := make([]float32, block*size) // [block,G]
		var c correct
		return func(i int) {
			from := i * block
			to := min(from+block, len(s.asked))
			walk(distance, s.query, s.gallery, from, to)
			for at := from; at < to; at++ {
				skip := -1
				if s.others {
					skip = at
				}
				mine := distance[(at-from)*size:][:size]
				ranks := c.ranks(mine, s.labels, s.asked[at], skip)
				if len(ranks) == 0 {
					continue
				}
				values[at] = make([]float64, len(s.of))
				for m, metric := range s.of {
					values[at][m] = metric.Value(ranks)
				}
				if s.top > 0 {
					tops[at] = first(mine, s.top)
				}
			}
		}
	})
	r := collect(values, len(s.of))
	for _, query := range r.Queries {
		if s.top > 0 {
			r.Top = append(r.Top, tops[query])
		}
	}
	return r
}

// first returns the indices of the k smallest distances, all where there are fewer, by
// distance and index.
func first(distance []float32, k int) []int32 {
	top := make([]int32, 0, k+1)
	for i, d := range distance {
		if len(top) == k && d >= distance[top[k-1]] {
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

// rows is embeddings ready to be compared by squared Euclidean distance.
type rows struct {
	values []float32 // [N,D]
	dim    int
	zero   []bool // [N] rows without direction; nil unless by Cosine
}

// prepare checks s and, for Cosine, scales a copy of its rows to length 1.
func prepare(s Set, by Closeness) (rows, error) {
	if err := checkRows(s.Embeddings, s.Dim); err != nil {
		return rows{}, err
	}
	if len(s.Embeddings) != len(s.Labels)*s.Dim {
		return rows{}, fmt.Errorf("%d embeddings, %d labels",
			len(s.Embeddings)/s.Dim, len(s.Labels))
	}
	if by == Euclidean {
		return rows{values: s.Embeddings, dim: s.Dim}, nil
	}
	r := rows{
		values: make([]float32, len(s.Embeddings)),
		dim:    s.Dim,
		zero:   make([]bool, len(s.Labels)),
	}
	for i := range s.Labels {
		row := s.Embeddings[i*s.Dim:][:s.Dim]
		length := math.Sqrt(energy(row))
		if length == 0 { // dividing by it would make NaN
			r.zero[i] = true
			continue
		}
		for j, v := range row {
			r.values[i*s.Dim+j] = float32(float64(v) / length)
		}
	}
	return r, nil
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

// energy returns Σ v².
func energy(row []float32) float64 {
	sum := 0.0
	for _, v := range row {
		sum += float64(v) * float64(v)
	}
	return sum
}

// walk sets distance [to-from,G] to the squared distances of the queries from..to to
// the gallery, four images at a time: a query's numbers are then read once for four
// sums. Each sum runs in the order of the dimensions, so that equal rows tie exactly.
func walk(distance []float32, q, g rows, from, to int) {
	size := len(g.values) / g.dim
	for start := 0; start < size; start += 4 {
		four := min(4, size-start)
		for at := from; at < to; at++ {
			query := q.values[at*q.dim:][:q.dim]
			out := distance[(at-from)*size+start:][:four]
			if four == 4 {
				squaredFour(out, query, g.values[start*g.dim:][:4*g.dim])
			} else {
				for j := range out {
					out[j] = squared(query, g.values[(start+j)*g.dim:][:g.dim])
				}
			}
			for j := range out {
				if g.zero != nil && (q.zero[at] || g.zero[start+j]) {
					out[j] = 2 // 1 as a cosine distance: ½‖a−b‖²
				}
			}
		}
	}
}

// squared returns Σ (a−b)² over a, b [D].
func squared(a, b []float32) float32 {
	var sum float32
	for i, v := range a {
		d := v - b[i]
		sum += float32(d * d) // the conversion keeps arm64 from fusing, here or below alone
	}
	return sum
}

// squaredFour sets out [4] to squared of a [D] and each row of b [4,D].
func squaredFour(out, a, b []float32) {
	n := len(a)
	b0, b1, b2, b3 := b[:n], b[n:][:n], b[2*n:][:n], b[3*n:][:n]
	var s0, s1, s2, s3 float32
	for i, v := range a {
		d0, d1, d2, d3 := v-b0[i], v-b1[i], v-b2[i], v-b3[i]
		s0 += float32(d0 * d0)
		s1 += float32(d1 * d1)
		s2 += float32(d2 * d2)
		s3 += float32(d3 * d3)
	}
	out[0], out[1], out[2], out[3] = s0, s1, s2, s3
}
