package metric

import (
	"fmt"
	"sort"

	"github.com/tfpair/tfpair/models/distance"
)

// Rate is a row of the table of false accepts and false rejects.
type Rate struct {
	Target     float64 `json:"target"`     // FAR asked for, in (0,1]
	Measurable bool    `json:"measurable"` // whether negatives >= 3/Target; if not, the rest is 0
	Threshold  float64 `json:"threshold"`
	FAR        float64 `json:"far"` // share of negative pairs with distance <= Threshold; <= Target
	FRR        float64 `json:"frr"` // share of positive pairs with distance > Threshold
}

// Targets returns the rates of false accepts that a report shows.
func Targets() []float64 { return []float64{0.001, 0.01, 0.05, 0.1} }

// Rates returns one Rate for each target: at the largest threshold, midway between
// two distances, whose FAR is at most target, so that FRR is least. With fewer than
// distance.Needed(target) negatives the row says that it is not measurable.
func Rates(c *Curve, targets []float64) ([]Rate, error) {
	positives, negatives := c.total()
	rates := make([]Rate, 0, len(targets))
	for _, target := range targets {
		if !(target > 0 && target <= 1) {
			return nil, fmt.Errorf("target of false accepts is %v, want > 0 and at most 1", target)
		}
		rate := Rate{Target: target, Measurable: negatives >= float64(distance.Needed(target))}
		if rate.Measurable {
			levels := sort.Search(len(c.Distance), func(i int) bool {
				return c.Negatives[i]/negatives > target
			})
			truePositives, falsePositives := c.upTo(levels)
			rate.Threshold = c.cut(levels)
			rate.FAR = falsePositives / negatives
			rate.FRR = (positives - truePositives) / positives
		}
		rates = append(rates, rate)
	}
	return rates, nil
}
