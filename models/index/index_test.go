package index

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
)

// about returns what an index of a distance says of itself.
func about(distance string, dim int) About {
	return About{Kind: "flat", Space: "0123456789abcdef", Model: "model/1", Distance: distance, Dim: dim}
}

func itemsOf(n int) []Item {
	list := make([]Item, n)
	for i := range list {
		list[i] = Item{ID: fmt.Sprintf("item %d", i), Path: fmt.Sprintf("a/%d <&>.png", i), Class: string(rune('a' + i%3))}
	}
	return list
}

// random returns n vectors around a few centres, some of them twice, as embeddings lie.
func random(seed uint64, n, dim int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	data := make([]float32, n*dim)
	for i := range n {
		centre := rand.New(rand.NewPCG(uint64(r.IntN(7)), 2))
		for j := range dim {
			data[i*dim+j] = float32(centre.NormFloat64() + 0.1*r.NormFloat64())
		}
		if i > 0 && r.IntN(10) == 0 {
			copy(data[i*dim:(i+1)*dim], data[r.IntN(i)*dim:])
		}
	}
	return data
}

func build(t testing.TB, a About, data []float32) *Index {
	t.Helper()
	x, err := New(a, itemsOf(len(data)/a.Dim), data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func search(t testing.TB, x *Index, queries []float32, k int) [][]Neighbour {
	t.Helper()
	lists, err := x.Search(queries, k)
	if err != nil {
		t.Fatal(err)
	}
	return lists
}

// between is the distance of two vectors as one would write it down, with the clamps of
// graphs/distance: 1e-12 of a squared norm, 1e-7 under the root.
func between(distance string, a, b []float32) float64 {
	var square, dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		square += (x - y) * (x - y)
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	switch distance {
	case "cosine":
		na, nb := max(aa, float64(float32(1e-12))), max(bb, float64(float32(1e-12)))
		return (aa/na+bb/nb)/2 - dot/math.Sqrt(na*nb)
	case "euclidean":
		return math.Sqrt(max(square, 1e-7))
	}
	return square
}

// oracle sorts all vectors for one query by distance, then by row.
func oracle(x *Index, query []float32, k int) []Neighbour {
	all := make([]Neighbour, x.Len())
	exact := make([]float64, x.Len())
	for row := range all {
		exact[row] = between(x.About().Distance, query, x.Vector(row))
		all[row] = Neighbour{row, float32(exact[row])}
	}
	slices.SortStableFunc(all, func(a, b Neighbour) int { return cmp.Compare(exact[a.Row], exact[b.Row]) })
	return all[:min(k, len(all))]
}

// TestOracle is the suite of Table: each index finds what a plain loop finds, in order,
// for every distance, whatever the sizes and the number of cores.
func TestOracle(t *testing.T) {
	for _, kind := range Table.Names() {
		for _, distance := range distance.Table.Names() {
			for _, c := range []struct{ n, dim, queries, k, cores int }{
				{1, 1, 1, 1, 1}, {5, 3, 2, 9, 2}, {700, 17, 3, 5, 4}, {600, 32, 130, 10, 2}, {300, 128, 64, 300, 3}, {5*shareNumbers/128 + 99, 128, 2, 7, 3},
			} {
				t.Run(fmt.Sprintf("%s/%s/%v", kind, distance, c), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(c.cores))
					a := about(distance, c.dim)
					a.Kind = kind
					x := build(t, a, random(1, c.n, c.dim))
					queries := random(2, c.queries, c.dim)
					copy(queries, x.Vector(c.n/2)) // one that is there
					for i, got := range search(t, x, queries, c.k) {
						query := queries[i*c.dim : (i+1)*c.dim]
						sameAnswer(t, x, query, got, oracle(x, query, c.k))
					}
				})
			}
		}
	}
}

// sameAnswer compares with the oracle: the same rows, but where the oracle's own rounding,
// 1e-12, decides.
func sameAnswer(t *testing.T, x *Index, query []float32, got, want []Neighbour) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d neighbours, want %d", len(got), len(want))
	}
	for i := range want {
		exact := between(x.About().Distance, query, x.Vector(got[i].Row))
		if got[i].Row != want[i].Row && math.Abs(exact-between(x.About().Distance, query, x.Vector(want[i].Row))) > 1e-12 {
			t.Fatalf("neighbour %d is row %d, want %d", i, got[i].Row, want[i].Row)
		}
		if math.Abs(float64(got[i].Distance)-exact) > 1e-6*max(1, exact) {
			t.Fatalf("distance of row %d is %g, want %g", got[i].Row, got[i].Distance, exact)
		}
	}
}

// TestTies: equal vectors come in the order of their rows, whatever the cores.
func TestTies(t *testing.T) {
	data := make([]float32, 3000*4)
	for i := range data {
		data[i] = float32(1 + i%4)
	}
	for _, distance := range distance.Table.Names() {
		x := build(t, about(distance, 4), data)
		for _, cores := range []int{1, 3, 8} {
			was := runtime.GOMAXPROCS(cores)
			got := search(t, x, []float32{1, 2, 3, 4}, 2000)[0]
			runtime.GOMAXPROCS(was)
			for i, n := range got {
				if n.Row != i {
					t.Fatalf("%s, %d cores: neighbour %d is row %d", distance, cores, i, n.Row)
				}
			}
		}
	}
}

// TestPermutation: the order of vectors changes the numbers of rows and nothing else.
func TestPermutation(t *testing.T) {
	const n, dim = 400, 24
	data := random(3, n, dim)
	for _, distance := range distance.Table.Names() {
		x := build(t, about(distance, dim), data)
		order := rand.New(rand.NewPCG(1, 1)).Perm(n)
		shuffled := make([]float32, 0, len(data))
		for _, row := range order {
			shuffled = append(shuffled, x.Vector(row)...)
		}
		y := build(t, about(distance, dim), shuffled)
		queries := random(4, 20, dim)
		a, b := search(t, x, queries, n), search(t, y, queries, n)
		for q := range a {
			for i := range a[q] {
				if a[q][i].Distance != b[q][i].Distance {
					t.Fatalf("%s: distance %d of query %d is %g, shuffled %g", distance, i, q, a[q][i].Distance, b[q][i].Distance)
				}
			}
		}
	}
}

// TestExtremes: numbers whose squares float32 cannot hold, and others it can hardly tell
// apart, are ranked as by the oracle.
func TestExtremes(t *testing.T) {
	const n, dim = 300, 8
	for _, scale := range []float64{1e-42, 1e-23, 1e-10, 1e10, 1e19, 1e37} {
		for _, offset := range []float64{0, 1000} {
			r := rand.New(rand.NewPCG(5, 5))
			data := make([]float32, n*dim)
			for i := range data {
				data[i] = float32(scale * (offset + r.NormFloat64()))
			}
			if scale*offset > 1e38 {
				continue
			}
			for _, distance := range distance.Table.Names() {
				x := build(t, about(distance, dim), data)
				query := slices.Clone(x.Vector(7))
				query[0] *= 1.01
				got := search(t, x, query, 5)[0]
				for i, want := range oracle(x, query, 5) {
					a := between(distance, query, x.Vector(got[i].Row))
					b := between(distance, query, x.Vector(want.Row))
					if math.Abs(a-b) > 1e-9*max(a, b) && math.Abs(a-b) > 1e-14 {
						t.Errorf("%s of %g·(%g+…): neighbour %d is row %d at %g, want row %d at %g",
							distance, scale, offset, i, got[i].Row, a, want.Row, b)
					}
				}
			}
		}
	}
}

// TestZero: what has no direction is at the cosine distance that the graph gives it, ½ of
// what has one and 0 of what has none.
func TestZero(t *testing.T) {
	x := build(t, about("cosine", 2), []float32{0, 0, 1, 0, -1, 0})
	want := [][]Neighbour{{{0, 0}, {1, 0.5}, {2, 0.5}}, {{1, 0}, {0, 0.5}, {2, 2}}}
	if got := search(t, x, []float32{0, 0, 5, 0}, 3); !reflect.DeepEqual(got, want) {
		t.Errorf("Search = %v, want %v", got, want)
	}
}

// TestShort: rows that a clamp shortens are found among others by their distance.
func TestShort(t *testing.T) {
	data := random(9, 500, 6)
	for i := 0; i < 500; i += 9 {
		for j := range 6 {
			data[i*6+j] *= 1e-7 * float32(i%4)
		}
	}
	x := build(t, about("cosine", 6), data)
	for row := range 60 {
		sameAnswer(t, x, x.Vector(row), search(t, x, x.Vector(row), 40)[0], oracle(x, x.Vector(row), 40))
	}
}

// TestAnyDistance: a distance that no dot product bounds is searched, too.
func TestAnyDistance(t *testing.T) {
	manhattan := func(a, b []float32) float64 {
		sum := 0.0
		for i := range a {
			sum += math.Abs(float64(a[i]) - float64(b[i]))
		}
		return sum
	}
	const n, dim = 700, 5
	data := random(10, n, dim)
	x, err := Own{"manhattan": distance.New(manhattan, nil)}.New(about("manhattan", dim), itemsOf(n), data)
	if err != nil {
		t.Fatal(err)
	}
	for q := range 20 {
		query := data[q*dim:][:dim]
		want := make([]found, n)
		for row := range want {
			want[row] = found{manhattan(query, data[row*dim:][:dim]), int32(row)}
		}
		slices.SortFunc(want, compare)
		for i, got := range search(t, x, query, 12)[0] {
			if got.Row != int(want[i].row) || got.Distance != float32(want[i].key) {
				t.Fatalf("neighbour %d of %d is %+v, want %+v", i, q, got, want[i])
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	x := build(t, about("cosine", 16), random(6, 500, 16))
	queries := random(7, 40, 16)
	want := search(t, x, queries, 5)
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			got, err := x.Search(queries[i*16:], 5)
			if err != nil || !reflect.DeepEqual(got, want[i:]) {
				t.Errorf("Search among others = %v, %v", got, err)
			}
		})
	}
	wait.Wait()
}

// TestRefuses: what cannot be an index or a query, by its message.
func TestRefuses(t *testing.T) {
	nan := float32(math.NaN())
	good := about("cosine", 2)
	with := func(change func(*About)) About {
		a := good
		change(&a)
		return a
	}
	for _, c := range []struct {
		about About
		items []Item
		data  []float32
		want  string
	}{
		{with(func(a *About) { a.Kind = "hnsw" }), itemsOf(1), []float32{1, 2}, `unknown index "hnsw" (known: flat, ivf)`},
		{with(func(a *About) { a.Distance = "l1" }), itemsOf(1), []float32{1, 2}, `unknown distance "l1" (known: cosine,`},
		{with(func(a *About) { a.Space = "" }), itemsOf(1), []float32{1, 2}, "no embedding space"},
		{good, nil, nil, "at least one"},
		{good, itemsOf(2), []float32{1, 2}, "2 numbers are not 2 vectors of length 2"},
		{with(func(a *About) { a.Dim = 0 }), itemsOf(1), []float32{1, 2}, "vectors of length 0"},
		{good, []Item{{ID: "x"}, {}}, []float32{1, 2, 3, 4}, "vector 1 has no id"},
		{good, []Item{{ID: "x"}, {ID: "x"}}, []float32{1, 2, 3, 4}, `vectors 0 and 1 have the same id "x"`},
		{good, itemsOf(2), []float32{1, 2, nan, 4}, "vector 1: number 0 is NaN"},
		{good, itemsOf(1), []float32{1, float32(math.Inf(-1))}, "vector 0: number 1 is -Inf"},
	} {
		if _, err := New(c.about, c.items, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%+v, %v, %v) = %v, want %q", c.about, c.items, c.data, err, c.want)
		}
	}
	x := build(t, good, []float32{1, 2, 3, 4})
	for _, c := range []struct {
		queries []float32
		k       int
		want    string
	}{
		{[]float32{1, 2}, 0, "search for 0 neighbours"},
		{[]float32{1, 2, 3}, 1, "3 numbers are no whole number of queries of length 2"},
		{[]float32{1, 2, 3, nan}, 1, "query 1: number 1 is NaN"},
	} {
		if _, err := x.Search(c.queries, c.k); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Search(%v, %d) = %v, want %q", c.queries, c.k, err, c.want)
		}
	}
	if got := search(t, x, nil, 3); len(got) != 0 {
		t.Errorf("Search of nothing = %v, want nothing", got)
	}
	var unknown *named.UnknownError
	if _, err := New(with(func(a *About) { a.Kind = "" }), itemsOf(1), []float32{1, 2}); !errors.As(err, &unknown) {
		t.Errorf("New without a kind = %v, want an UnknownError", err)
	}
}

// TestRoundTrip: what is written is read again bit for bit, and equal indices give equal
// bytes, beginning at a multiple of 64 with their vectors.
func TestRoundTrip(t *testing.T) {
	x := build(t, about("euclidean", 5), random(8, 9, 5))
	path := filepath.Join(t.TempDir(), "x.index")
	save(t, path, x, false)
	y, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if y.About() != x.About() || !slices.Equal(x.parts[0].items, y.parts[0].items) || !slices.Equal(x.Vectors(), y.Vectors()) {
		t.Errorf("read %+v %v, want %+v %v", y.about, y.parts[0].items, x.about, x.parts[0].items)
	}
	if y.Len() != 9 || y.Classes() != 3 || y.Item(4).ID != "item 4" {
		t.Errorf("read %d items in %d classes, the fifth %v", y.Len(), y.Classes(), y.Item(4))
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(data, encode(t, y)) {
		t.Errorf("equal indices give other bytes (%v)", err)
	}
	if (len(data)-32-4*9*5)%64 != 0 {
		t.Errorf("the vectors begin at byte %d", len(data)-32-4*9*5)
	}
}

func save(t *testing.T, path string, x *Index, overwrite bool) {
	t.Helper()
	f, err := Create(path, overwrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Write(x), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, x *Index) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := x.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWholeOrNothing: what is there stays, unless it may be overwritten, and of what is
// not written nothing is left.
func TestWholeOrNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x.index")
	x := build(t, about("cosine", 2), []float32{1, 2})
	f, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v), want nothing", left, err)
	}
	var exists *ExistsError
	if f, err = Create(path, false); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Write(x), f.Close()); !errors.As(err, &exists) {
		t.Errorf("Write over a file = %v, want an ExistsError", err)
	}
	if _, err := Create(path, false); !errors.As(err, &exists) {
		t.Errorf("Create over a file = %v, want an ExistsError", err)
	}
	if _, err := Create(folder, true); !errors.As(err, &exists) {
		t.Errorf("Create over a folder = %v, want an ExistsError", err)
	}
	save(t, path, x, true)
	if _, err := Read(path); err != nil {
		t.Errorf("Read after overwriting = %v", err)
	}
}
