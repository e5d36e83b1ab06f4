package metric

import "github.com/tfpair/tfpair/internal/named"

var f1 = named.Row[PairMetric]{
	Brief: "harmonic mean of precision and recall of the positive pairs at the threshold",
	Paper: "van Rijsbergen, Information Retrieval, 1979, chapter 7",
	New:   plain(PairMetric{Better: Higher, Thresholds: true, Value: F1, Slope: f1Slope}),
}

// F1 is 2·TP / (2·TP + FP + FN), in [0,1], where TP counts accepted positive pairs,
// FP accepted negatives and FN refused positives. It is 0 where none is accepted.
func F1(c *Curve, threshold float64) float64 {
	positives, _ := c.total()
	truePositives, falsePositives := c.accepted(threshold)
	return 2 * truePositives / (truePositives + falsePositives + positives)
}

// f1Slope is the derivative of the ratio above.
func f1Slope(c *Curve, threshold float64) (positive, negative []float64) {
	positives, _ := c.total()
	truePositives, falsePositives := c.accepted(threshold)
	below, f1 := truePositives+falsePositives+positives, F1(c, threshold)
	positive, negative = make([]float64, len(c.Distance)), make([]float64, len(c.Distance))
	for i, d := range c.Distance {
		positive[i] = -f1 / below
		if float64(d) <= threshold {
			positive[i], negative[i] = 2*(1-f1)/below, -f1/below
		}
	}
	return positive, negative
}
