package metric

import "github.com/tfpair/tfpair/models/distance"

// Bin is the pairs whose probability lies in one of the equal parts of [0,1] that CalibrationError
// looks at.
type Bin struct {
	Said  float64 `json:"said"`  // mean probability of the pairs
	True  float64 `json:"true"`  // share of them that is positive
	Share float64 `json:"share"` // of all pairs; all bins together have 1
}

// Reliability returns the bins that hold pairs, by probability: what a reliability diagram shows. A share
// prevalence of all pairs is positive. The sum of Share·|Said − True| is the CalibrationError.
func Reliability(c *Curve, p distance.Probability, prevalence float64) (list []Bin) {
	var bins [calibrationBins]Bin
	positives, negatives := c.total()
	var before, beforeN float64
	for i, d := range c.Distance {
		said := p.At(d, prevalence)
		b := &bins[calibrationBin(said)]
		positive := prevalence * (c.Positives[i] - before) / positives
		all := positive + (1-prevalence)*(c.Negatives[i]-beforeN)/negatives
		b.Said, b.True, b.Share = b.Said+said*all, b.True+positive, b.Share+all
		before, beforeN = c.Positives[i], c.Negatives[i]
	}
	for _, b := range bins {
		if b.Share > 0 {
			list = append(list, Bin{b.Said / b.Share, b.True / b.Share, b.Share})
		}
	}
	return list
}
