package metric

import "github.com/tfpair/tfpair/internal/named"

// reciprocalRank is 1 over the rank of the nearest image of the query's class.
var reciprocalRank = named.Row[QueryMetric]{
	Brief: "mean reciprocal rank of the nearest image of the query's class",
	Paper: "Voorhees, The TREC-8 Question Answering Track Report, 1999, section 3",
	New: plain(QueryMetric{
		Better: Higher,
		Value:  func(ranks []int32) float64 { return 1 / float64(ranks[0]) },
	}),
}
