package metric

import "github.com/tfpair/tfpair/internal/named"

var f1 = named.Row[PairMetric]{
	Brief: "harmonic mean of precision and recall of the positive pairs at the threshold",
	Paper: "van Rijsbergen, Information Retrieval, 1979, chapter 7",
	New:   plain(PairMetric{Better: Higher, Thresholds: true, Value: F1}),
}

// F1 is 2·TP / (2·TP + FP + FN), in [0,1], where TP counts accepted positive pairs,
// FP accepted negatives and FN refused positives. It is 0 where none is accepted.
func F1(c *Curve, threshold float64) float64 {
	positives, _ := c.total()
	truePositives, falsePositives := c.accepted(threshold)
	return 2 * float64(truePositives) / float64(truePositives+falsePositives+positives)
}
