package distance

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/named"
)

// oracles are the distances as plain loops, with the clamps of the graph.
var oracles = map[string]func(a, b []float64) float64{
	"sqeuclidean": square,
	"euclidean":   func(a, b []float64) float64 { return math.Sqrt(max(square(a, b), 1e-7)) },
	"cosine": func(a, b []float64) float64 {
		var ab, aa, bb float64
		for i := range a {
			ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
		}
		na, nb := max(aa, 1e-12), max(bb, 1e-12)
		return (aa/na+bb/nb)/2 - ab/math.Sqrt(na*nb)
	},
}

func square(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// rows returns n rows: normal, some of them twice, the first of zeros, the second so short that
// a clamp shortens its direction.
func rows(n, dim int) []float32 {
	r := rand.New(rand.NewPCG(3, 0))
	list := make([]float32, n*dim)
	for i := dim; i < len(list); i++ {
		list[i] = float32(r.NormFloat64())
	}
	for i := range dim {
		list[dim+i] *= 1e-7
	}
	for i := 3; i < n; i += 7 {
		copy(list[i*dim:][:dim], list[(i-1)*dim:])
	}
	return list
}

// all returns each distance of Table, and one that is made by New: the largest difference.
func all(t *testing.T) map[string]Distance {
	t.Helper()
	list := map[string]Distance{"chebyshev": New(chebyshev, nil)}
	for _, name := range Table.Names() {
		d, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		list[name] = d
	}
	return list
}

func chebyshev(a, b []float32) float64 {
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(float64(a[i])-float64(b[i])))
	}
	return most
}

// TestTable holds each distance against its oracle and its mirror.
func TestTable(t *testing.T) {
	const n, dim = 12, 7
	list := rows(n, dim)
	for _, name := range Table.Names() {
		d, oracle := all(t)[name], oracles[name]
		if oracle == nil {
			t.Errorf("%s: no oracle", name)
			continue
		}
		for i := range n {
			for j := range n {
				a, b := list[i*dim:][:dim], list[j*dim:][:dim]
				got, want := d.Between(a, b), oracle(wide(a), wide(b))
				// 1e-7: a float32, and its clamp; the oracle of cosine loses digits near 0.
				if math.Abs(float64(got)-want) > 1e-7*want+1e-14 {
					t.Errorf("%s of %d and %d: %g, want %g", name, i, j, got, want)
				}
				if mirrored := d.Between(b, a); mirrored != got {
					t.Errorf("%s of %d and %d: %g, and %g the other way", name, i, j, got, mirrored)
				}
			}
		}
	}
}

// TestRanking: keys in float32 rank as exact ones do, equal rows tie, and so do all rows that
// have a direction beside one that has none.
func TestRanking(t *testing.T) {
	const n, dim = 41, 9
	list := rows(n, dim)
	for name, d := range all(t) {
		r := d.Rank(list, dim)
		if r.Len() != n {
			t.Fatalf("%s: %d rows, want %d", name, r.Len(), n)
		}
		keys, few := make([]float32, n), make([]float32, 1)
		for q := range n {
			for from := 0; from < n; from += 4 {
				r.Keys(keys[from:min(from+4, n)], r, q, from)
			}
			order := make([]int, n)
			for i := range order {
				order[i] = i
				if r.Keys(few, r, q, i); few[0] != keys[i] {
					t.Errorf("%s: key of %d and %d is %g alone, %g among four", name, q, i, few[0], keys[i])
				}
			}
			slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(keys[i], keys[j]) })
			last := 0.0
			for _, i := range order {
				key := d.Key(list[q*dim:][:dim], list[i*dim:][:dim])
				if key < last-1e-5*max(1, last) { // float32 sums of nine terms
					t.Errorf("%s: row %d ranks behind one that is farther from row %d", name, i, q)
				}
				last = key
			}
		}
		for q := range n {
			r.Keys(keys[:2], r, q, 2)
			if keys[0] != keys[1] { // row 3 is row 2
				t.Errorf("%s: equal rows have keys %g and %g", name, keys[0], keys[1])
			}
		}
		if r.Keys(keys[2:], r, 0, 2); name == "cosine" && slices.ContainsFunc(keys[2:], func(k float32) bool { return k != 1 }) {
			t.Errorf("cosine: keys beside a row of zeros are %v, want 1", keys[2:])
		}
	}
}

func TestPairs(t *testing.T) {
	d := all(t)["sqeuclidean"]
	got := d.Pairs([]float32{0, 0, 3, 4, 0, 1}, 2, []int32{0, 1, 2}, []int32{1, 2, 2})
	if want := []float32{25, 18, 0}; !slices.Equal(got, want) {
		t.Errorf("Pairs = %v, want %v", got, want)
	}
}

func TestUnknown(t *testing.T) {
	_, err := ByName("euclid")
	var unknown *named.UnknownError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), `unknown distance "euclid" (known: `+strings.Join(Table.Names(), ", ")) {
		t.Errorf("ByName = %v, want the known names", err)
	}
	if err := (Distance{}).Given(); !errors.Is(err, ErrNone) {
		t.Errorf("Given of none = %v, want %v", err, ErrNone)
	}
	if err := New(chebyshev, nil).Given(); err != nil {
		t.Errorf("Given = %v", err)
	}
}

// TestThreshold: a distance is accepted as the float64 it is, not as the threshold in float32.
func TestThreshold(t *testing.T) {
	at := Threshold{Value: 0.1} // float32(0.1) is above it
	for d, want := range map[float32]bool{0.1: false, math.Nextafter32(0.1, 0): true, 0: true,
		float32(math.NaN()): false, float32(math.Inf(1)): false} {
		if got := at.Accepts(d); got != want {
			t.Errorf("Accepts(%g) = %t, want %t", d, got, want)
		}
	}
}

// TestRows: rows that are prepared have the distances of the rows themselves, bit for bit.
func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 0))
	const n, dim = 12, 7
	embeddings := make([]float32, n*dim)
	for i := range embeddings[dim:] { // row 0 is zeros
		embeddings[dim+i] = float32(r.NormFloat64()) * 3
	}
	copy(embeddings[dim*5:dim*6], embeddings[dim*4:]) // 4 and 5 are alike
	for _, name := range Table.Names() {
		d, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		rows := d.Rows(embeddings, dim)
		for i := range int32(n) {
			for j := range int32(n) {
				want := d.Between(embeddings[int(i)*dim:][:dim], embeddings[int(j)*dim:][:dim])
				if got := rows.Between(i, j); got != want {
					t.Errorf("%s: rows %d and %d are at %g, want %g", name, i, j, got, want)
				}
			}
		}
	}
}
