package metric

import (
	"math"

	"github.com/tfpair/tfpair/models/distance"
)

// calibrationBins is how many equal parts of [0,1] a calibration error looks at: those of
// Guo et al., On calibration of modern neural networks, 2017, arXiv:1706.04599, section 4.
const calibrationBins = 15

// Brier is the mean squared distance, in [0,1], of the probability p from what a pair is, 1
// where it is positive and 0 where it is negative; a share prevalence of all pairs is
// positive. Brier, Verification of forecasts expressed in terms of probability, Monthly
// Weather Review 78, 1950.
func Brier(p distance.Probability, prevalence float64) Statistic {
	return mixture(prevalence, func(c *Curve) (positive, negative []float64) {
		return c.each(func(d float32) (float64, float64) {
			q := p.At(d, prevalence)
			return (1 - q) * (1 - q), q * q
		})
	})
}

// CalibrationError is the mean, over all pairs, of how far the mean probability of the pairs
// of its bin is from the share of positives there, in [0,1]: Naeini, Cooper and Hauskrecht,
// Obtaining well calibrated probabilities using Bayesian binning, 2015. Few pairs have one above 0
// by chance: see Sample.CalibrationByChance.
func CalibrationError(p distance.Probability, prevalence float64) Statistic {
	return mixture(prevalence, func(c *Curve) (positive, negative []float64) {
		var gap [calibrationBins]float64 // Σ probability − Σ positives, by bin
		positives, negatives := c.total()
		var before, beforeN float64
		for i, d := range c.Distance {
			q := p.At(d, prevalence)
			gap[calibrationBin(q)] += prevalence*(q-1)*(c.Positives[i]-before)/positives +
				(1-prevalence)*q*(c.Negatives[i]-beforeN)/negatives
			before, beforeN = c.Positives[i], c.Negatives[i]
		}
		return c.each(func(d float32) (float64, float64) {
			q := p.At(d, prevalence)
			sign := math.Copysign(1, gap[calibrationBin(q)])
			return sign * (q - 1), sign * q
		})
	})
}

func calibrationBin(probability float64) int {
	return min(calibrationBins-1, int(calibrationBins*probability))
}

// CalibrationByChance returns the calibration error that is to be expected of pairs if p is true: how far the pairs of
// a bin are from their probability on the average, √(2/π) of its standard deviation. What is drawn is what Pairs takes
// for drawn: pairs that share an image, a group or a class vary together. left and right [M] are those of Pairs.
func (s Sample) CalibrationByChance(scored *Scored, left, right []int32, p distance.Probability, prevalence float64) float64 {
	d := s.dyads(scored, left, right)
	expected := 0.0
	for bin := range calibrationBins {
		d.set(mixture(prevalence, func(c *Curve) (positive, negative []float64) {
			return c.each(func(distance float32) (float64, float64) {
				q := p.At(distance, prevalence)
				if calibrationBin(q) != bin {
					return 0, 0
				}
				return q - 1, q
			})
		}))
		expected += math.Sqrt(2 / math.Pi * d.variance())
	}
	return expected
}

// each returns values [L] of positive and of negative pairs by distance.
func (c *Curve) each(of func(d float32) (positive, negative float64)) (positive, negative []float64) {
	for _, d := range c.Distance {
		p, n := of(d)
		positive, negative = append(positive, p), append(negative, n)
	}
	return positive, negative
}

// mixture is the mean of values of pairs, of which a share prevalence is positive. values
// gives those of either kind at each distance [L].
func mixture(prevalence float64, values func(c *Curve) (positive, negative []float64)) Statistic {
	means := func(c *Curve, positive, negative []float64) (ofPositives, ofNegatives float64) {
		positives, negatives := c.total()
		var p, n float64
		for i := range c.Distance {
			ofPositives += positive[i] * (c.Positives[i] - p) / positives
			ofNegatives += negative[i] * (c.Negatives[i] - n) / negatives
			p, n = c.Positives[i], c.Negatives[i]
		}
		return ofPositives, ofNegatives
	}
	return Statistic{
		Value: func(c *Curve) float64 {
			positive, negative := values(c)
			p, n := means(c, positive, negative)
			return min(1, max(0, prevalence*p+(1-prevalence)*n))
		},
		Slope: func(c *Curve) (positive, negative []float64) {
			positive, negative = values(c)
			p, n := means(c, positive, negative)
			positives, negatives := c.total()
			for i := range c.Distance {
				positive[i] = prevalence * (positive[i] - p) / positives
				negative[i] = (1 - prevalence) * (negative[i] - n) / negatives
			}
			return positive, negative
		},
	}
}
