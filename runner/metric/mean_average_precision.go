package metric

import "github.com/tfpair/tfpair/internal/named"

// meanAveragePrecision averages the precision at the rank of every image of the
// query's class, however deep it lies; its mean over queries is mAP.
var meanAveragePrecision = named.Row[QueryMetric]{
	Brief: "mAP: precision averaged over the ranks of all images of the query's class",
	Paper: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, " +
		"section 8.4",
	New: plain(QueryMetric{
		Better: Higher,
		Value: func(ranks []int32) float64 {
			return precisionSum(ranks) / float64(len(ranks))
		},
	}),
}
