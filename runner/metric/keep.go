package metric

import (
	"math"

	"github.com/tfpair/tfpair/models/distance"
)

// grain is how exactly Keep keeps the numbers of wrong answers: to 3 %. Numbers up to 33 are
// exact, and of a billion pairs fewer than 2,000 thresholds are kept.
const grain = 1.03

// Keep returns the thresholds of c that lie between its distances, and what they accept, as a
// curve that is small enough to be kept with a model. A threshold is left out where the next
// stricter and laxer ones differ from it by less than 3 % of their false accepts and of their
// false rejects. prevalence is the share of same pairs that accuracy and f1 are for.
func (c *Curve) Keep(prevalence float64) *distance.Curve {
	positives, _ := c.total()
	k := &distance.Curve{Prevalence: prevalence}
	add := func(levels int) {
		p, n := c.upTo(levels)
		k.Threshold = append(k.Threshold, c.cut(levels))
		k.Same, k.Different = append(k.Same, int64(math.Round(p))), append(k.Different, int64(math.Round(n)))
	}
	add(0)
	first := 0 // level that began what the next threshold kept takes in
	for level := range c.Distance {
		accepts, rejects := c.Negatives[level], positives-c.Positives[level]
		if accepts > grain*c.Negatives[first] || rejects*grain < positives-c.Positives[first] {
			add(level)
			first = level
		}
	}
	add(len(c.Distance))
	return k
}
