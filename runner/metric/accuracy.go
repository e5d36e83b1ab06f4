package metric

import "github.com/tfpair/tfpair/internal/named"

var accuracy = named.Row[PairMetric]{
	Brief: "share of pairs on the right side of the threshold",
	New:   plain(PairMetric{Better: Higher, Thresholds: true, Value: Accuracy, Slope: accuracySlope}),
}

// Accuracy is the share of pairs, in [0,1], that are positive and accepted
// (distance <= threshold) or negative and refused.
func Accuracy(c *Curve, threshold float64) float64 {
	positives, negatives := c.total()
	truePositives, falsePositives := c.accepted(threshold)
	return (truePositives + negatives - falsePositives) / (positives + negatives)
}

// accuracySlope is that of a mean: right or wrong, minus the mean, by the number.
func accuracySlope(c *Curve, threshold float64) (positive, negative []float64) {
	positives, negatives := c.total()
	accuracy := Accuracy(c, threshold)
	positive, negative = make([]float64, len(c.Distance)), make([]float64, len(c.Distance))
	for i, d := range c.Distance {
		right, wrong := (1-accuracy)/(positives+negatives), -accuracy/(positives+negatives)
		if float64(d) <= threshold {
			positive[i], negative[i] = right, wrong
		} else {
			positive[i], negative[i] = wrong, right
		}
	}
	return positive, negative
}

// Calibrate returns the threshold of best accuracy on c, and that accuracy. A
// threshold lies midway between two adjacent distances, or accepts all or none.
// Where several are best it returns the middle one in ascending order, the lower of
// two: far from both ends, so that new pairs shift it least.
func Calibrate(c *Curve) (threshold, accuracy float64) {
	positives, negatives := c.total()
	var best []int   // cuts, as numbers of levels
	var most float64 // right answers of these cuts
	for levels := range len(c.Distance) + 1 {
		truePositives, falsePositives := c.upTo(levels)
		right := truePositives + negatives - falsePositives
		if right > most {
			best, most = best[:0], right
		}
		if right == most {
			best = append(best, levels)
		}
	}
	return c.cut(best[(len(best)-1)/2]), most / (positives + negatives)
}
