package metric

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
)

// recallAt is 1 for a query whose first image of its class has a rank of at most k,
// else 0. It is the field's recall@k, a hit rate; it does not grow with R.
func recallAt(k int32) named.Row[QueryMetric] {
	return named.Row[QueryMetric]{
		Brief: fmt.Sprintf("share of queries with an image of their class among the %d nearest", k),
		Paper: "Oh Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, " +
			"2016, arXiv:1511.06452",
		New: plain(RecallAt(k)),
	}
}

// RecallAt is recall@k of any k, also of those that are no row of Queries.
func RecallAt(k int32) QueryMetric {
	return QueryMetric{
		Better: Higher,
		Value: func(ranks []int32) float64 {
			if ranks[0] <= k {
				return 1
			}
			return 0
		},
	}
}
