package metric

import "github.com/tfpair/tfpair/internal/named"

// mapAtR is
//
//	MAP@R = 1/R Σ P(i),  i = 1 … R, where the i-th nearest is of the query's class
//
// with P(i) the share of the class among the i nearest. It is r_precision that also
// asks for the right order.
var mapAtR = named.Row[QueryMetric]{
	Brief: "precision averaged over the ranks, up to R, of images of the query's class of R images",
	Paper: "Musgrave et al., A Metric Learning Reality Check, 2020, arXiv:2003.08505, section 3.2",
	New: plain(QueryMetric{
		Better: Higher,
		Value: func(ranks []int32) float64 {
			return precisionSum(ranks[:within(ranks, int32(len(ranks)))]) / float64(len(ranks))
		},
	}),
}

// precisionSum returns the sum, over the ascending ranks of images of the query's
// class, of the share of that class among the images up to there.
func precisionSum(ranks []int32) float64 {
	sum := 0.0
	for i, rank := range ranks {
		sum += float64(i+1) / float64(rank)
	}
	return sum
}
