package metric

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
)

func randomSet(r *rand.Rand, size, dim, classes int) Set {
	s := Set{Dim: dim}
	for range size {
		s.Labels = append(s.Labels, int32(r.IntN(classes+1)-1)) // -1 = unknown
		for range dim {
			s.Embeddings = append(s.Embeddings, float32(r.IntN(5)-2)) // whole numbers: exact ties
		}
	}
	return s
}

// plainOrder returns which of the gallery are of class label, nearest first: sorted by
// distance and index, skip left out.
func plainOrder(q []float32, label int32, gallery Set, by distance.Distance, skip int) []bool {
	type item struct {
		distance float64
		index    int
	}
	var items []item
	for i := range gallery.Labels {
		if i != skip {
			items = append(items, item{plainDistance(q, gallery.Embeddings[i*gallery.Dim:], by), i})
		}
	}
	slices.SortStableFunc(items, func(a, b item) int {
		switch {
		case a.distance < b.distance-1e-6: // closer than float32 resolves is a tie
			return -1
		case a.distance > b.distance+1e-6:
			return 1
		}
		return a.index - b.index
	})
	order := make([]bool, len(items))
	for i, it := range items {
		order[i] = label >= 0 && gallery.Labels[it.index] == label
	}
	return order
}

// precision is of at most as many answers as the class has.
func precision(order []bool, k int) float64 {
	return float64(hits(order, k)) / float64(min(k, hits(order, len(order))))
}

// plainMetrics are the definitions, read off the whole list of answers: order says which
// are of the query's class, at least one.
var plainMetrics = map[string]func(order []bool) float64{
	"recall@1":     func(order []bool) float64 { return min(1, float64(hits(order, 1))) },
	"recall@5":     func(order []bool) float64 { return min(1, float64(hits(order, 5))) },
	"recall@10":    func(order []bool) float64 { return min(1, float64(hits(order, 10))) },
	"precision@5":  func(order []bool) float64 { return precision(order, 5) },
	"precision@10": func(order []bool) float64 { return precision(order, 10) },
	"r_precision": func(order []bool) float64 {
		r := hits(order, len(order))
		return float64(hits(order, r)) / float64(r)
	},
	"map@r": func(order []bool) float64 {
		r, sum := hits(order, len(order)), 0.0
		for i := range r {
			if order[i] {
				sum += float64(hits(order, i+1)) / float64(i+1)
			}
		}
		return sum / float64(r)
	},
	"map": func(order []bool) float64 {
		sum := 0.0
		for i := range order {
			if order[i] {
				sum += float64(hits(order, i+1)) / float64(i+1)
			}
		}
		return sum / float64(hits(order, len(order)))
	},
	"mrr": func(order []bool) float64 { return 1 / float64(slices.Index(order, true)+1) },
}

// hits counts the images of the class among the k nearest.
func hits(order []bool, k int) int {
	n := 0
	for _, hit := range order[:min(k, len(order))] {
		if hit {
			n++
		}
	}
	return n
}

// queryMetrics returns every metric of Queries, by their names.
func queryMetrics(t testing.TB) (names []string, of []QueryMetric) {
	t.Helper()
	for _, name := range Queries.Names() {
		m, err := Queries.New(&named.Choice{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		names, of = append(names, name), append(of, m)
	}
	return names, of
}

// euclidean and cosine are the distances of that name.
var euclidean, cosine = mustDistance("euclidean"), mustDistance("cosine")

func mustDistance(name string) distance.Distance {
	d, err := distance.ByName(name)
	if err != nil {
		panic(err)
	}
	return d
}

// plainDistance is the squared distance, or 1 − cos: ½ where one row has no direction, 0 where
// both have none, as the graph has it.
func plainDistance(a, b []float32, by distance.Distance) float64 {
	var squares, dot, lengthA, lengthB float64
	for i, v := range a {
		squares += float64(v-b[i]) * float64(v-b[i])
		dot += float64(v) * float64(b[i])
		lengthA += float64(v) * float64(v)
		lengthB += float64(b[i]) * float64(b[i])
	}
	switch {
	case !by.Directions():
		return squares
	case lengthA == 0 && lengthB == 0:
		return 0
	case lengthA == 0 || lengthB == 0:
		return 0.5
	}
	return 1 - dot/math.Sqrt(lengthA*lengthB)
}

func TestNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	for try := range 60 {
		dim := 1 + r.IntN(6)
		query := randomSet(r, 1+r.IntN(30), dim, 4)
		gallery := randomSet(r, 1+r.IntN(30), dim, 4)
		if err := compare(t, query, gallery, euclidean, false); err != "" {
			t.Fatalf("try %d: %s", try, err)
		}
		if err := compare(t, query, query, euclidean, true); err != "" {
			t.Fatalf("try %d, others: %s", try, err)
		}
	}
}

// TestNearestGroups: a query looks at no image of its own group, and finds what it finds in
// the gallery without them.
func TestNearestGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 0))
	names, of := queryMetrics(t)
	for try := range 60 {
		set := randomSet(r, 5+r.IntN(30), 1+r.IntN(6), 4)
		for range set.Labels {
			set.Groups = append(set.Groups, int32(r.IntN(5)-1))
		}
		got, err := NearestOther(set, euclidean, of)
		if err != nil {
			t.Fatal(err)
		}
		excluded := 0
		for q, label := range set.Labels {
			query := Set{Embeddings: set.Embeddings[q*set.Dim:][:set.Dim], Labels: []int32{label}, Dim: set.Dim}
			others := Set{Dim: set.Dim}
			for i := range set.Labels {
				if i != q && (set.Groups[i] != set.Groups[q] || set.Groups[q] < 0) {
					others.Embeddings = append(others.Embeddings, set.Embeddings[i*set.Dim:][:set.Dim]...)
					others.Labels = append(others.Labels, set.Labels[i])
				}
			}
			want, err := Nearest(query, others, euclidean, of)
			if err != nil {
				t.Fatal(err)
			}
			at, counted := slices.BinarySearch(got.Queries, int32(q))
			if counted != (len(want.Queries) == 1) {
				t.Fatalf("try %d: query %d is counted: %v", try, q, counted)
			}
			if !counted {
				excluded++
				continue
			}
			for m, name := range names {
				if g, w := got.Values[m][at], want.Values[m][0]; g != w {
					t.Fatalf("try %d: %s of query %d = %g, want %g", try, name, q, g, w)
				}
			}
		}
		if got.Excluded != excluded {
			t.Errorf("try %d: %d excluded, want %d", try, got.Excluded, excluded)
		}
	}
	set := Set{Embeddings: []float32{0, 1, 2, 3}, Labels: []int32{0, 0, 0, 0}, Groups: []int32{0, 0, 1, -1}, Dim: 1}
	top, err := NearestTop(set, set, euclidean, of, 2)
	if want := [][]int32{{2, 3}, {2, 3}, {1, 3}, {3, 2}}; err != nil || !slices.EqualFunc(top.Top, want, slices.Equal) {
		t.Errorf("nearest = %v, %v; want %v", top.Top, err, want)
	}
	set.Groups = set.Groups[:3]
	if _, err := NearestOther(set, euclidean, of); err == nil {
		t.Error("fewer groups than labels are no error")
	}
}

// TestNearestCosine uses embeddings in general position: the scaled copies of equal
// directions may differ in the last digit, so that exact ties are not defined.
func TestNearestCosine(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	for try := range 30 {
		set := general(r, 20+r.IntN(20))
		clear(set.Embeddings[:5]) // one row without direction
		if err := compare(t, set, set, cosine, true); err != "" {
			t.Fatalf("try %d: %s", try, err)
		}
	}
}

// general returns embeddings of 5 dimensions in general position: no ties.
func general(r *rand.Rand, size int) Set {
	set := randomSet(r, size, 5, 4)
	for i := range set.Embeddings {
		set.Embeddings[i] = float32(r.NormFloat64())
	}
	return set
}

// compare holds every metric of every query against its definition.
func compare(t *testing.T, query, gallery Set, by distance.Distance, others bool) string {
	names, of := queryMetrics(t)
	got, err := Nearest(query, gallery, by, of)
	if others {
		got, err = NearestOther(query, by, of)
	}
	if err != nil {
		return err.Error()
	}
	var queries []int32
	want := make([][]float64, len(names))
	for i, label := range query.Labels {
		skip := -1
		if others {
			skip = i
		}
		order := plainOrder(query.Embeddings[i*query.Dim:][:query.Dim], label, gallery, by, skip)
		if hits(order, len(order)) == 0 {
			continue
		}
		queries = append(queries, int32(i))
		for m, name := range names {
			want[m] = append(want[m], plainMetrics[name](order))
		}
	}
	if !slices.Equal(got.Queries, queries) || got.Excluded != len(query.Labels)-len(queries) {
		return fmt.Sprintf("queries %v, %d excluded, want %v", got.Queries, got.Excluded, queries)
	}
	for m, name := range names {
		for i, v := range got.Values[m] {
			if math.Abs(v-want[m][i]) > 1e-12 { // sums of at most 30 terms
				return fmt.Sprintf("%s of query %d = %g, want %g", name, queries[i], v, want[m][i])
			}
		}
	}
	return ""
}

// TestNearestPermuted: in another order, the queries and the gallery give each query
// what they gave before.
func TestNearestPermuted(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	query, gallery := general(r, 40), general(r, 50)
	names, of := queryMetrics(t)
	first, err := Nearest(query, gallery, euclidean, of)
	if err != nil {
		t.Fatal(err)
	}
	other, order := permuted(r, query)
	shuffled, _ := permuted(r, gallery)
	second, err := Nearest(other, shuffled, euclidean, of)
	if err != nil {
		t.Fatal(err)
	}
	for m, name := range names {
		before := map[int32]float64{}
		for i, q := range first.Queries {
			before[q] = first.Values[m][i]
		}
		for i, q := range second.Queries {
			if want, ok := before[int32(order[q])]; !ok || second.Values[m][i] != want {
				t.Errorf("%s of query %d = %g after shuffling, %g before", name, q,
					second.Values[m][i], want)
			}
		}
	}
	if first.Excluded != second.Excluded {
		t.Errorf("%d excluded after shuffling, %d before", second.Excluded, first.Excluded)
	}
}

// permuted returns s in another order: row i was row order[i].
func permuted(r *rand.Rand, s Set) (Set, []int) {
	order := r.Perm(len(s.Labels))
	p := Set{Dim: s.Dim}
	for _, i := range order {
		p.Labels = append(p.Labels, s.Labels[i])
		p.Embeddings = append(p.Embeddings, s.Embeddings[i*s.Dim:][:s.Dim]...)
	}
	return p, order
}

func TestNearestByHand(t *testing.T) {
	gallery := Set{Dim: 1, Embeddings: []float32{0, 2, 2, 5}, Labels: []int32{0, 1, 2, 3}}
	query := Set{Dim: 1, Embeddings: []float32{2, 2, 4, 0, 0}, Labels: []int32{1, 2, 3, 9, -1}}
	var rank = QueryMetric{Value: func(ranks []int32) float64 { return float64(ranks[0]) }}
	got, err := Nearest(query, gallery, euclidean, []QueryMetric{rank})
	// Images 1 and 2 tie at distance 0: the lower index is first. Class 9 is not there.
	want := Retrieval{Queries: []int32{0, 1, 2}, Values: [][]float64{{1, 2, 1}}, Excluded: 2,
		Sides: []Sides{{1, 2}, {2, 1}, {3, 1}, {-1, 0}, {-1, 0}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Nearest: %v, (-want +got):\n%s", err, diff)
	}
}

// TestQueriesTable: values per query, worked out by hand. The first four rows are the
// toy example of Musgrave et al. 2020, table 3: ten answers, R = 10.
func TestQueriesTable(t *testing.T) {
	names, of := queryMetrics(t)
	for _, c := range []struct {
		ranks []int32
		want  map[string]float64
	}{
		{[]int32{1, 12, 13, 14, 15, 16, 17, 18, 19, 20}, map[string]float64{
			"recall@1": 1, "r_precision": 0.1, "map@r": 0.1, "mrr": 1}},
		{[]int32{1, 10, 13, 14, 15, 16, 17, 18, 19, 20}, map[string]float64{
			"recall@1": 1, "r_precision": 0.2, "map@r": 0.12}},
		{[]int32{1, 2, 13, 14, 15, 16, 17, 18, 19, 20}, map[string]float64{
			"recall@1": 1, "r_precision": 0.2, "map@r": 0.2, "precision@5": 0.4}},
		{[]int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, map[string]float64{"recall@1": 1, "recall@5": 1,
			"recall@10": 1, "r_precision": 1, "map@r": 1, "map": 1, "mrr": 1, "precision@10": 1}},
		{[]int32{6, 8}, map[string]float64{"recall@1": 0, "recall@5": 0, "recall@10": 1,
			"precision@5": 0, "precision@10": 1, "r_precision": 0, "map@r": 0, "mrr": 1.0 / 6,
			"map": (1.0/6 + 2.0/8) / 2}},
	} {
		for i, name := range names {
			want, ok := c.want[name]
			if got := of[i].Value(c.ranks); ok && math.Abs(got-want) > 1e-15 {
				t.Errorf("%s of ranks %v = %g, want %g", name, c.ranks, got, want)
			}
		}
	}
	for i, name := range names {
		perfect, poor := of[i].Value([]int32{1, 2, 3}), of[i].Value([]int32{97, 98, 99})
		if !of[i].Better.Than(perfect, poor) {
			t.Errorf("%s: %g at the top, %g at the end, %s is better", name, perfect, poor, of[i].Better)
		}
		if plainMetrics[name] == nil {
			t.Errorf("%s has no definition in this test", name)
		}
	}
	var empty *EmptyError
	if _, err := Mean(nil); !errors.As(err, &empty) {
		t.Errorf("mean of no query: error = %v, want *EmptyError", err)
	}
}

func TestNearestRefuses(t *testing.T) {
	fine := Set{Dim: 2, Embeddings: []float32{1, 2}, Labels: []int32{0}}
	for _, c := range []struct {
		query Set
		want  string
	}{
		{Set{Dim: 3, Embeddings: []float32{1, 2, 3}, Labels: []int32{0}},
			"queries have 3 dimensions"},
		{Set{Dim: 2, Embeddings: []float32{1, 2, 3}, Labels: []int32{0}}, "queries: 3 numbers"},
		{Set{Dim: 2, Embeddings: []float32{1, 2}, Labels: []int32{0, 1}},
			"queries: 1 embeddings, 2"},
		{Set{Dim: 2, Embeddings: []float32{1, float32(math.NaN())}, Labels: []int32{0}},
			"queries: embedding 0 is NaN in dimension 1"},
	} {
		_, err := Nearest(c.query, fine, cosine, nil)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error = %v, want %q", err, c.want)
		}
	}
	if _, err := NearestOther(Set{}, euclidean, nil); err == nil {
		t.Error("0 dimensions were taken")
	}
	none, err := NearestOther(Set{Dim: 2}, euclidean, nil)
	if err != nil || len(none.Queries) != 0 {
		t.Errorf("no images: %+v, %v", none, err)
	}
}

// BenchmarkNearest compares 2,000 embeddings of 128 dimensions with each other.
func BenchmarkNearest(b *testing.B) {
	set := randomSet(rand.New(rand.NewPCG(1, 0)), 2000, 128, 10)
	_, of := queryMetrics(b)
	for b.Loop() {
		if _, err := NearestOther(set, euclidean, of); err != nil {
			b.Fatal(err)
		}
	}
}
