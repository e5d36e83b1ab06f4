package look

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestClosest against one distance after another, to the last bit; of equal centres the first is taken.
func TestClosest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	point := func() []float64 {
		p := make([]float64, 13)
		for j := range p {
			p[j] = r.NormFloat64()
		}
		return p
	}
	for n := 1; n <= 9; n++ {
		for range 50 {
			p, centres := point(), make([][]float64, n)
			for c := range centres {
				centres[c] = point()
			}
			if r.IntN(2) == 0 {
				centres[r.IntN(n)] = centres[r.IntN(n)]
			}
			at, least := plainClosest(p, centres)
			second := math.Inf(1)
			for c := range centres {
				if c != at {
					second = min(second, square(p, centres[c]))
				}
			}
			want := bound{math.Sqrt(least), math.Sqrt(second)}
			if gotAt, got := closest(p, centres); gotAt != at || got != want {
				t.Fatalf("of %d centres number %d at %v, want number %d at %v", n, gotAt, got, at, want)
			}
		}
	}
}

// plainClosest is a plain search.
func plainClosest(p []float64, centres [][]float64) (at int, least float64) {
	least = math.Inf(1)
	for c := range centres {
		if d := square(p, centres[c]); d < least {
			at, least = c, d
		}
	}
	return at, least
}

// plainLloyd compares each point with each centre in each round.
func plainLloyd(points, centres [][]float64) (of []int, sum float64) {
	of = make([]int, len(points))
	for range rounds {
		changed := false
		sum = 0
		for i := range points {
			at, least := plainClosest(points[i], centres)
			changed = changed || of[i] != at
			of[i], sum = at, sum+least
		}
		if !changed {
			break
		}
		all := slices.Repeat([]bool{true}, len(centres))
		move(points, of, centres, all)
	}
	return of, sum
}

// TestLloyd against a plain one, to the last bit, with points in heaps, on a grid, where many are equal, and anywhere.
func TestLloyd(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		points := make([][]float64, 5+r.IntN(120))
		for i := range points {
			points[i] = make([]float64, 1+n%9)
			for j := range points[i] {
				switch n % 3 {
				case 0:
					points[i][j] = r.NormFloat64() + 3*float64(i%4*j)
				case 1:
					points[i][j] = float64(r.IntN(4))
				case 2:
					points[i][j] = r.NormFloat64()
				}
			}
		}
		start := first(points, 2+r.IntN(4), r)
		centres := func() (copied [][]float64) {
			for _, c := range start {
				copied = append(copied, slices.Clone(c))
			}
			return copied
		}
		got, gotSum := lloyd(points, centres())
		want, wantSum := plainLloyd(points, centres())
		if !slices.Equal(got, want) || gotSum != wantSum {
			t.Fatalf("case %d: groups %v with sum %v, want %v with %v", n, got, gotSum, want, wantSum)
		}
	}
}

// BenchmarkCluster groups as many pictures as a class of the grocery photos has, with as many traits.
func BenchmarkCluster(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	points := make([][]float64, 67)
	for i := range points {
		points[i] = make([]float64, 347)
		for j := range points[i] {
			points[i][j] = (r.NormFloat64() + float64(i*7%11)*math.Sin(float64(j))/2) / 30
		}
	}
	for b.Loop() {
		cluster(points, 4)
	}
}
