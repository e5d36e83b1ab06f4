package metric

import (
	"slices"

	"github.com/tfpair/tfpair/internal/named"
)

// QueryMetric is a metric of retrieval: a mean over queries.
type QueryMetric struct {
	Better Better

	// Value is the metric of one query, in [0,1]. ranks [R], R >= 1, holds the ranks,
	// from 1 and ascending, at which the gallery has images of the query's class: all R
	// of them, the query itself left out.
	Value func(ranks []int32) float64
}

// Queries lists the metrics of retrieval. A new one is a new file here and a new row.
var Queries = named.Table[QueryMetric]{Kind: "retrieval metric",
	Rows: map[string]named.Row[QueryMetric]{
		"map":          meanAveragePrecision,
		"map@r":        mapAtR,
		"mrr":          reciprocalRank,
		"precision@10": precisionAt(10),
		"precision@5":  precisionAt(5),
		"r_precision":  rPrecision,
		"recall@1":     recallAt(1),
		"recall@10":    recallAt(10),
		"recall@5":     recallAt(5),
	}}

// FirstRank is the rank, from 1, of the nearest image of a query's class: what Median is
// taken of. It is no row of Queries because it is not in [0,1] and its mean says little.
var FirstRank = QueryMetric{
	Better: Lower,
	Value:  func(ranks []int32) float64 { return float64(ranks[0]) },
}

// RightAnswers is how many images of a query's class the gallery has. It is no row of Queries
// because it is not in [0,1] and says nothing of a model.
var RightAnswers = QueryMetric{
	Better: Higher,
	Value:  func(ranks []int32) float64 { return float64(len(ranks)) },
}

// within returns how many of the ascending ranks are at most k.
func within(ranks []int32, k int32) int {
	n := 0
	for n < len(ranks) && ranks[n] <= k {
		n++
	}
	return n
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

// Median returns the middle of values [Q] in ascending order, the mean of the middle two
// where Q is even. Its error is a *EmptyError where there is none.
func Median(values []float64) (float64, error) {
	if len(values) == 0 {
		return 0, &EmptyError{Of: "queries"}
	}
	return median(slices.Sorted(slices.Values(values))), nil
}

// median returns the middle of sorted values, at least one.
func median(sorted []float64) float64 { return quantile(sorted, 0.5) }
