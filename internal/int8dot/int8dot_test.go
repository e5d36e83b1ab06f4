package int8dot

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDots: the same as a plain loop, for all lengths and the largest numbers.
func TestDots(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for d := Block; d <= 20*Block; d += Block {
		for _, n := range []int{1, 2, 7} {
			query, rows := make([]int16, d), make([]int8, n*d)
			for i := range query {
				query[i] = int16(r.IntN(4095) - 2047)
			}
			for i := range rows {
				rows[i] = int8(r.IntN(255) - 127)
			}
			if n == 2 {
				for i := range query {
					query[i] = 2047
				}
				for i := range rows {
					rows[i] = -127
				}
			}
			got, want := make([]int32, n), make([]int32, n)
			Dots(query, rows, got)
			plain(query, rows, want)
			if !slices.Equal(got, want) {
				t.Fatalf("%d rows of %d: %v, want %v", n, d, got, want)
			}
		}
	}
	Dots(make([]int16, Block), nil, nil)
}

func BenchmarkDots(b *testing.B) {
	const d, n = 128, 256
	query, rows, out := make([]int16, d), make([]int8, n*d), make([]int32, n)
	for b.Loop() {
		Dots(query, rows, out)
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
