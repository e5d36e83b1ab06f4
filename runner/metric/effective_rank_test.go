package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEigenvalues: the matrix with 2 on the diagonal and −1 beside it has the
// eigenvalues 2 − 2 cos(kπ/(n+1)), k = 1 … n; turned by random reflections it keeps them.
func TestEigenvalues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, n := range []int{1, 2, 3, 10, 60} {
		a := make([][]float64, n)
		for i := range a {
			a[i] = make([]float64, n)
			a[i][i] = 2
			if i > 0 {
				a[i][i-1], a[i-1][i] = -1, -1
			}
		}
		for range 3 {
			turn(a, r)
		}
		var want []float64
		for k := range n {
			want = append(want, 2-2*math.Cos(float64(k+1)*math.Pi/float64(n+1)))
		}
		got := eigenvalues(a)
		slices.Sort(got)
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-13*float64(n) { // rounding of n-term sums
				t.Errorf("n = %d: eigenvalue %d = %.16g, want %.16g", n, i, got[i], want[i])
			}
		}
	}
	zero := eigenvalues([][]float64{{0, 0}, {0, 0}})
	if zero[0] != 0 || zero[1] != 0 {
		t.Errorf("eigenvalues of 0 = %v", zero)
	}
}

// turn makes HaH with H a random reflection, by its definition.
func turn(a [][]float64, r *rand.Rand) {
	v, squares := make([]float64, len(a)), 0.0
	for i := range v {
		v[i] = r.NormFloat64()
		squares += v[i] * v[i]
	}
	for range 2 { // from the left and, transposed, from the right
		for j := range a {
			sum := 0.0
			for i := range a {
				sum += v[i] * a[i][j]
			}
			for i := range a {
				a[i][j] -= 2 * v[i] * sum / squares
			}
		}
		for i := range a {
			for j := range i {
				a[i][j], a[j][i] = a[j][i], a[i][j]
			}
		}
	}
}

func TestEffectiveRank(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	line := make([]float32, 0, 300)
	for range 100 {
		x := float32(r.NormFloat64())
		line = append(line, x+7, 2*x-1, -x)
	}
	var axes []float32 // the 8 unit vectors of 4 dimensions and their opposites
	for i := range 4 {
		for _, v := range []float32{1, -1} {
			row := make([]float32, 4)
			row[i] = v
			axes = append(axes, row...)
		}
	}
	wide := make([]float32, 3*50) // three rows of 50 dimensions: the corners of a triangle
	wide[0], wide[51], wide[102] = 1, 1, 1
	for _, c := range []struct {
		name       string
		embeddings []float32
		dim        int
		want, by   float64
	}{
		{"all equal", []float32{3, 4, 3, 4, 3, 4}, 2, 0, 0},
		{"one", []float32{3, 4}, 2, 0, 0},
		// float32 rounds the points off the line by 1e-7 of their distances.
		{"a line, moved", line, 3, 1, 1e-4},
		{"all axes alike", axes, 4, 4, 1e-12},
		{"an equilateral triangle", wide, 50, 2, 1e-6}, // and a third singular value near 1e-8
		// Singular values 3 and 1: p = ¾, ¼; exp(¾ ln 4/3 + ¼ ln 4).
		{"an ellipse", []float32{3, 0, -3, 0, 0, 1, 0, -1}, 2,
			math.Exp(0.75*math.Log(4.0/3) + 0.25*math.Log(4)), 1e-12},
	} {
		got, err := EffectiveRank(c.embeddings, c.dim)
		if err != nil || math.Abs(got-c.want) > c.by {
			t.Errorf("%s: EffectiveRank = %.15g, %v, want %g", c.name, got, err, c.want)
		}
	}
	many := make([]float32, 5000*8)
	for i := range many {
		many[i] = float32(r.NormFloat64())
	}
	if got, err := EffectiveRank(many, 8); err != nil || got < 7.9 || got > 8 {
		t.Errorf("5,000 of a round cloud: EffectiveRank = %g, %v, want nearly 8", got, err)
	}
	var empty *EmptyError
	if _, err := EffectiveRank(nil, 3); !errors.As(err, &empty) {
		t.Errorf("no embeddings: %v, want *EmptyError", err)
	}
	var bad *EmbeddingError
	if _, err := EffectiveRank([]float32{1, float32(math.NaN())}, 2); !errors.As(err, &bad) {
		t.Errorf("NaN: %v, want *EmbeddingError", err)
	}
}

// BenchmarkEffectiveRank looks at 512 embeddings of 512 dimensions, the most there is.
func BenchmarkEffectiveRank(b *testing.B) {
	set := randomSet(rand.New(rand.NewPCG(1, 0)), 512, 512, 10)
	for b.Loop() {
		if _, err := EffectiveRank(set.Embeddings, 512); err != nil {
			b.Fatal(err)
		}
	}
}
