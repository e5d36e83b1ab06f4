package metric

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
)

// precisionAt is the share of the k nearest that are of the query's class. It divides
// by k also where the class has fewer than k images, so that such a query cannot
// reach 1; r_precision has no such limit. At k = 1 it is recall@1.
func precisionAt(k int32) named.Row[QueryMetric] {
	return named.Row[QueryMetric]{
		Brief: fmt.Sprintf("share of the %d nearest that are of the query's class", k),
		Paper: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, " +
			"section 8.4",
		New: plain(QueryMetric{
			Better: Higher,
			Value: func(ranks []int32) float64 {
				return float64(within(ranks, k)) / float64(k)
			},
		}),
	}
}
