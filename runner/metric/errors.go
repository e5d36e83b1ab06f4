package metric

// FalseAccepts is the share of negative pairs, in [0,1], with distance <= threshold.
func FalseAccepts(threshold float64) Statistic {
	return Statistic{
		Of: OfNegatives,
		Value: func(c *Curve) float64 {
			_, negatives := c.total()
			_, accepted := c.accepted(threshold)
			return accepted / negatives
		},
		Slope: func(c *Curve) (positive, negative []float64) {
			_, negatives := c.total()
			_, accepted := c.accepted(threshold)
			within := func(d float32) bool { return float64(d) <= threshold }
			return make([]float64, len(c.Distance)), c.shareSlope(within, accepted/negatives, negatives)
		},
	}
}

// FalseRejects is the share of positive pairs, in [0,1], with distance > threshold.
func FalseRejects(threshold float64) Statistic {
	return Statistic{
		Of: OfPositives,
		Value: func(c *Curve) float64 {
			positives, _ := c.total()
			accepted, _ := c.accepted(threshold)
			return (positives - accepted) / positives
		},
		Slope: func(c *Curve) (positive, negative []float64) {
			positives, _ := c.total()
			accepted, _ := c.accepted(threshold)
			beyond := func(d float32) bool { return float64(d) > threshold }
			return c.shareSlope(beyond, (positives-accepted)/positives, positives), make([]float64, len(c.Distance))
		},
	}
}

// shareSlope is the slope [L] of a share of so many pairs: those of which is true at a distance.
func (c *Curve) shareSlope(is func(float32) bool, share, pairs float64) []float64 {
	slope := make([]float64, len(c.Distance))
	for i, d := range c.Distance {
		slope[i] = -share / pairs
		if is(d) {
			slope[i] = (1 - share) / pairs
		}
	}
	return slope
}
