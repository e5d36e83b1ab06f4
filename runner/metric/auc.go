package metric

import "github.com/tfpair/tfpair/internal/named"

var auc = named.Row[PairMetric]{
	Brief: "probability that a positive pair is closer than a negative one; ties count half",
	Paper: "Hanley and McNeil, The meaning and use of the area under a ROC curve, " +
		"Radiology 143, 1982",
	New: plain(PairMetric{
		Better: Higher,
		Value:  func(c *Curve, _ float64) float64 { return AUC(c) },
		Slope:  aucSlope,
	}),
}

// AUC is the area under the ROC curve, in [0,1], 0.5 for chance. It equals the
// Mann-Whitney statistic
//
//	(#{positive < negative} + ½ #{positive = negative}) / (positives · negatives)
//
// over all combinations of a positive and a negative pair, by distance. Counts of whole
// numbers stay exact: the one rounding is then that of the last division.
func AUC(c *Curve) float64 {
	var twice, positives, negatives float64 // twice the numerator of the formula
	for i, p := range c.Positives {
		n := c.Negatives[i]
		twice += (n - negatives) * (p + positives) // (p+positives) = 2·closer + tied
		positives, negatives = p, n
	}
	return twice / (2 * positives * negatives)
}

// aucSlope is that of the Mann-Whitney statistic: how much farther the negatives, or closer
// the positives, are than a pair, minus the AUC. DeLong et al., Comparing the areas under
// two or more correlated ROC curves, Biometrics 44, 1988, call it a placement.
func aucSlope(c *Curve, _ float64) (positive, negative []float64) {
	positives, negatives := c.total()
	auc := AUC(c)
	positive, negative = make([]float64, len(c.Distance)), make([]float64, len(c.Distance))
	var p, n float64 // of the levels before
	for i := range c.Distance {
		closer := (p + c.Positives[i]) / 2 // ties count half
		farther := negatives - (n+c.Negatives[i])/2
		positive[i] = (farther/negatives - auc) / positives
		negative[i] = (closer/positives - auc) / negatives
		p, n = c.Positives[i], c.Negatives[i]
	}
	return positive, negative
}
