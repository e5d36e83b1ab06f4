package metric

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
)

// Ranks says how deep each query had to look. It may grow by what later metrics
// need; Recall needs only the first correct image.
type Ranks struct {
	First    []int32 // [Q] rank of the first image of the query's class, from 1; 0 = excluded
	Excluded int     // queries without label, or whose class has no (other) gallery image
}

// Counted returns the number of queries that were not excluded.
func (r Ranks) Counted() int { return len(r.First) - r.Excluded }

func recallAt(k int32) named.Row[QueryMetric] {
	return named.Row[QueryMetric]{
		Brief: fmt.Sprintf("share of queries with an image of their class among the %d nearest", k),
		Paper: "Oh Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, " +
			"2016, arXiv:1511.06452",
		New: plain(QueryMetric{
			Better: Higher,
			Values: func(r Ranks) []float64 { return Hits(r, k) },
		}),
	}
}

// Hits returns 1 for each counted query whose first correct image has rank <= k, and
// 0 for the others, in query order.
func Hits(r Ranks, k int32) []float64 {
	hits := make([]float64, 0, r.Counted())
	for _, rank := range r.First {
		switch {
		case rank == 0: // excluded
		case rank <= k:
			hits = append(hits, 1)
		default:
			hits = append(hits, 0)
		}
	}
	return hits
}

// Mean returns the mean of values [Q], a retrieval metric when they are its values
// per query. Its error is a *EmptyError where there is none.
func Mean(values []float64) (float64, error) {
	if len(values) == 0 {
		return 0, &EmptyError{Of: "queries"}
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values)), nil
}

// Recall returns recall@k: the share, in [0,1], of counted queries with an image of
// their class among the k nearest of the gallery. Its error is a *EmptyError
// where no query counts.
func Recall(r Ranks, k int32) (float64, error) { return Mean(Hits(r, k)) }
