package index

import (
	"fmt"
	"testing"
)

// BenchmarkSearch is queries per second among 50,000 clustered vectors of length 128, ten
// neighbours each, of flat and of a plain loop with a dot product in Go.
func BenchmarkSearch(b *testing.B) {
	const n, dim, k = 50_000, 128, 10
	x := build(b, about("cosine", dim), random(1, n, dim))
	queries := random(2, 256, dim)
	for _, count := range []int{1, 256} {
		b.Run(fmt.Sprintf("flat/queries=%d", count), func(b *testing.B) {
			for b.Loop() {
				search(b, x, queries[:count*dim], k)
			}
			b.ReportMetric(float64(b.N*count)/b.Elapsed().Seconds(), "queries/s")
		})
	}
	s := x.parts[0].scan.(*scan)
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			q := newQuery(queries[:dim], k)
			q.gone = &gone{}
			s.ask(q)
			plain(s, q)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
	})
}

// plain is walkDirections with a loop of Go that adds up eight sums.
func plain(s *scan, q *query) {
	for r := range s.len() {
		row := s.row(r)[:len(q.shape)]
		var sums [8]float32
		for i := 0; i+8 <= len(row); i += 8 {
			a, b := q.shape[i:i+8:i+8], row[i:i+8:i+8]
			for j := range sums {
				sums[j] += a[j] * b[j]
			}
		}
		total := float32(0)
		for _, sum := range sums {
			total += sum
		}
		if !(total*s.scale[r] < q.cut) {
			s.offer(q, r)
		}
	}
}
