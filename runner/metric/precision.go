package metric

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
)

// precisionAt is the share of the k nearest that are of the query's class, of R where the
// class has only R < k images to find: a perfect ranking has 1, whatever the class's size.
// At k = 1 it is recall@1, and r_precision where k is at least R.
func precisionAt(k int32) named.Row[QueryMetric] {
	return named.Row[QueryMetric]{
		Brief: fmt.Sprintf("share of the %d nearest that are of the query's class, or of as many as it has", k),
		Paper: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, " +
			"section 8.4",
		New: plain(QueryMetric{
			Better: Higher,
			Value: func(ranks []int32) float64 {
				return float64(within(ranks, k)) / float64(min(int(k), len(ranks)))
			},
		}),
	}
}
