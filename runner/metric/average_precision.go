package metric

import "github.com/tfpair/tfpair/internal/named"

var averagePrecision = named.Row[PairMetric]{
	Brief: "precision averaged over recall, positive pairs being the ones to find",
	Paper: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, " +
		"section 8.4",
	New: plain(PairMetric{
		Better: Higher,
		Value:  func(c *Curve, _ float64) float64 { return AveragePrecision(c) },
	}),
}

// AveragePrecision is Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over the distinct distances, where R is recall
// and P precision among the pairs at that distance or closer: a step-wise sum, with
// no interpolation, and pairs of equal distance enter together, as in scikit-learn's
// average_precision_score. It lies in (0,1]; chance is the share of positive pairs.
func AveragePrecision(c *Curve) float64 {
	var sum float64
	var before int64
	for i, p := range c.Positives {
		if p == before {
			continue
		}
		sum += float64(p-before) * float64(p) / float64(p+c.Negatives[i])
		before = p
	}
	return sum / float64(before)
}
