package metric

import "github.com/tfpair/tfpair/internal/named"

var auc = named.Row[PairMetric]{
	Brief: "probability that a positive pair is closer than a negative one; ties count half",
	Paper: "Hanley and McNeil, The meaning and use of the area under a ROC curve, " +
		"Radiology 143, 1982",
	New: plain(PairMetric{
		Better: Higher,
		Value:  func(c *Curve, _ float64) float64 { return AUC(c) },
	}),
}

// AUC is the area under the ROC curve, in [0,1], 0.5 for chance. It equals the
// Mann-Whitney statistic
//
//	(#{positive < negative} + ½ #{positive = negative}) / (positives · negatives)
//
// over all combinations of a positive and a negative pair, by distance. The counts
// are whole numbers: the one rounding is that of the last division.
func AUC(c *Curve) float64 {
	var twice, positives, negatives int64 // twice the numerator of the formula
	for i, p := range c.Positives {
		n := c.Negatives[i]
		twice += (n - negatives) * (p + positives) // (p+positives) = 2·closer + tied
		positives, negatives = p, n
	}
	return float64(twice) / (2 * float64(positives) * float64(negatives))
}
