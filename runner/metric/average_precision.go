package metric

import "github.com/tfpair/tfpair/internal/named"

var averagePrecision = named.Row[PairMetric]{
	Brief: "precision averaged over recall, positive pairs being the ones to find",
	Paper: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, " +
		"section 8.4",
	New: plain(PairMetric{
		Better: Higher,
		Value:  func(c *Curve, _ float64) float64 { return AveragePrecision(c) },
		Slope:  averagePrecisionSlope,
	}),
}

// AveragePrecision is Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over the distinct distances, where R is recall
// and P precision among the pairs at that distance or closer: a step-wise sum, with
// no interpolation, and pairs of equal distance enter together, as in scikit-learn's
// average_precision_score. It lies in (0,1]; chance is the share of positive pairs.
func AveragePrecision(c *Curve) float64 {
	var sum, before float64
	for i, p := range c.Positives {
		if p == before {
			continue
		}
		sum += (p - before) * p / (p + c.Negatives[i])
		before = p
	}
	return sum / before
}

// averagePrecisionSlope: a pair changes the precision at its own distance and at all
// larger ones, a positive one adds to the sum, too, and all are divided by one more.
func averagePrecisionSlope(c *Curve, _ float64) (positive, negative []float64) {
	positives, _ := c.total()
	average := AveragePrecision(c)
	positive, negative = make([]float64, len(c.Distance)), make([]float64, len(c.Distance))
	var raised, lowered float64 // sums over the levels from i on
	for i := len(c.Distance) - 1; i >= 0; i-- {
		p, n, before := c.Positives[i], c.Negatives[i], 0.0
		if i > 0 {
			before = c.Positives[i-1]
		}
		precision := 0.0
		if p+n > 0 {
			precision = p / (p + n)
			raised += (p - before) * n / ((p + n) * (p + n))
			lowered += (p - before) * p / ((p + n) * (p + n))
		}
		positive[i] = (precision + raised - average) / positives
		negative[i] = -lowered / positives
	}
	return positive, negative
}
