package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/named"
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

// plainRank sorts the gallery by distance and index and looks for the class.
func plainRank(q []float32, label int32, gallery Set, by Closeness, skip int) int32 {
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
	for rank, it := range items {
		if label >= 0 && gallery.Labels[it.index] == label {
			return int32(rank + 1)
		}
	}
	return 0
}

func plainDistance(a, b []float32, by Closeness) float64 {
	var squares, dot, lengthA, lengthB float64
	for i, v := range a {
		squares += float64(v-b[i]) * float64(v-b[i])
		dot += float64(v) * float64(b[i])
		lengthA += float64(v) * float64(v)
		lengthB += float64(b[i]) * float64(b[i])
	}
	switch {
	case by == Euclidean:
		return squares
	case lengthA == 0 || lengthB == 0:
		return 1
	}
	return 1 - dot/math.Sqrt(lengthA*lengthB)
}

func TestNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	for try := range 60 {
		dim := 1 + r.IntN(6)
		query := randomSet(r, 1+r.IntN(30), dim, 4)
		gallery := randomSet(r, 1+r.IntN(30), dim, 4)
		if err := compare(query, gallery, Euclidean, false); err != "" {
			t.Fatalf("try %d: %s", try, err)
		}
		if err := compare(query, query, Euclidean, true); err != "" {
			t.Fatalf("try %d, others: %s", try, err)
		}
	}
}

// TestNearestCosine uses embeddings in general position: the scaled copies of equal
// directions may differ in the last digit, so that exact ties are not defined.
func TestNearestCosine(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	for try := range 30 {
		set := randomSet(r, 20+r.IntN(20), 5, 4)
		for i := range set.Embeddings {
			set.Embeddings[i] = float32(r.NormFloat64())
		}
		clear(set.Embeddings[:5]) // one row without direction
		if err := compare(set, set, Cosine, true); err != "" {
			t.Fatalf("try %d: %s", try, err)
		}
	}
}

func compare(query, gallery Set, by Closeness, others bool) string {
	var got Ranks
	var err error
	if others {
		got, err = NearestOther(query, by)
	} else {
		got, err = Nearest(query, gallery, by)
	}
	if err != nil {
		return err.Error()
	}
	excluded := 0
	for i, label := range query.Labels {
		skip := -1
		if others {
			skip = i
		}
		q := query.Embeddings[i*query.Dim:][:query.Dim]
		want := plainRank(q, label, gallery, by, skip)
		if got.First[i] != want {
			return "wrong rank"
		}
		if want == 0 {
			excluded++
		}
	}
	if got.Excluded != excluded || got.Counted() != len(query.Labels)-excluded {
		return "wrong count of excluded queries"
	}
	return ""
}

func TestNearestByHand(t *testing.T) {
	gallery := Set{Dim: 1, Embeddings: []float32{0, 2, 2, 5}, Labels: []int32{0, 1, 2, 3}}
	query := Set{Dim: 1, Embeddings: []float32{2, 2, 4, 0, 0}, Labels: []int32{1, 2, 3, 9, -1}}
	got, err := Nearest(query, gallery, Euclidean)
	// Images 1 and 2 tie at distance 0: the lower index is first. Class 9 is not there.
	want := []int32{1, 2, 1, 0, 0}
	if err != nil || !slices.Equal(got.First, want) || got.Excluded != 2 {
		t.Fatalf("Nearest = %+v, %v, want %v", got, err, want)
	}
	for k, want := range map[int32]float64{1: 2.0 / 3, 2: 1} {
		if got, err := Recall(got, k); err != nil || got != want {
			t.Errorf("recall@%d = %g, %v, want %g", k, got, err, want)
		}
	}
}

func TestQueriesTable(t *testing.T) {
	ranks := Ranks{First: []int32{1, 0, 2, 6, 5, 1}, Excluded: 1}
	// Of five counted queries two have rank 1, four a rank of at most 5.
	want := map[string]float64{"recall@1": 0.4, "recall@5": 0.8}
	for _, name := range Queries.Names() {
		m, err := Queries.New(&named.Choice{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		values := m.Values(ranks)
		if got, err := Mean(values); err != nil || got != want[name] || len(values) != 5 {
			t.Errorf("%s = %g, %v, want %g", name, got, err, want[name])
		}
		var empty *EmptyError
		_, err = Mean(m.Values(Ranks{First: []int32{0}, Excluded: 1}))
		if !errors.As(err, &empty) {
			t.Errorf("%s of no query: error = %v, want *EmptyError", name, err)
		}
		perfect, _ := Mean(m.Values(Ranks{First: []int32{1}}))
		if poor, _ := Mean(m.Values(Ranks{First: []int32{99}})); !m.Better.Than(perfect, poor) {
			t.Errorf("%s: %g at rank 1, %g at rank 99, %s is better", name, perfect, poor, m.Better)
		}
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
		_, err := Nearest(c.query, fine, Cosine)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error = %v, want %q", err, c.want)
		}
	}
	if _, err := NearestOther(Set{}, Euclidean); err == nil {
		t.Error("0 dimensions were taken")
	}
	none, err := NearestOther(Set{Dim: 2}, Euclidean)
	if err != nil || none.Counted() != 0 {
		t.Errorf("no images: %+v, %v", none, err)
	}
}

// BenchmarkNearest compares 2,000 embeddings of 128 dimensions with each other.
func BenchmarkNearest(b *testing.B) {
	set := randomSet(rand.New(rand.NewPCG(1, 0)), 2000, 128, 10)
	for b.Loop() {
		if _, err := NearestOther(set, Euclidean); err != nil {
			b.Fatal(err)
		}
	}
}
