package metric

import "github.com/tfpair/tfpair/internal/named"

// rPrecision is the share of the R nearest that are of the query's class, where R is
// how many images of it there are to find: precision and recall at R are equal.
var rPrecision = named.Row[QueryMetric]{
	Brief: "share of the R nearest that are of the query's class of R images",
	Paper: "Musgrave et al., A Metric Learning Reality Check, 2020, arXiv:2003.08505, section 3.2",
	New: plain(QueryMetric{
		Better: Higher,
		Value: func(ranks []int32) float64 {
			return float64(within(ranks, int32(len(ranks)))) / float64(len(ranks))
		},
	}),
}
