package distance

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/tfpair/tfpair/internal/plural"
)

// Curve is what thresholds from strict to lax decide on pairs. It is kept with a model, so that
// another threshold can be chosen later, without the pairs.
type Curve struct {
	Source     string    `json:"source"`     // "validation, step 1565"
	Prevalence float64   `json:"prevalence"` // share of same pairs, in (0,1), that accuracy and f1 are for
	Threshold  []float64 `json:"threshold"`  // [L] strictly ascending; the first accepts nothing, the last everything
	Same       []int64   `json:"same"`       // [L] same pairs within each threshold, from 0 to all
	Different  []int64   `json:"different"`  // [L] different pairs within each threshold, from 0 to all
}

// ErrNoCurve says that a model does not know what other thresholds would do.
var ErrNoCurve = errors.New("the model does not keep what other thresholds do on validation: " +
	"it is of an earlier version, or was saved before its first evaluation")

// Check says why c is no curve.
func (c *Curve) Check() error {
	ascending := func(counts []int64) bool {
		return len(counts) == len(c.Threshold) && slices.IsSorted(counts) && counts[0] == 0 && counts[len(counts)-1] > 0
	}
	switch n := len(c.Threshold); {
	case n < 2 || !slices.IsSorted(c.Threshold) || len(slices.Compact(slices.Clone(c.Threshold))) < n:
		return errors.New("curve: thresholds do not ascend")
	case !ascending(c.Same) || !ascending(c.Different):
		return errors.New("curve: pairs within the thresholds do not ascend from none to some")
	case !(c.Prevalence > 0 && c.Prevalence < 1):
		return fmt.Errorf("curve: prevalence is %v, want a share between 0 and 1", c.Prevalence)
	}
	return nil
}

// Pairs returns how many pairs of either kind the curve is made of.
func (c *Curve) Pairs() (same, different int64) {
	last := len(c.Threshold) - 1
	return c.Same[last], c.Different[last]
}

// Choose returns the threshold that a rule asks for. Of a rate it is the one that is kindest to
// the other kind of pair; of several that are best it is the middle one. The error is a
// *FewPairsError, or that of Check.
func (c *Curve) Choose(r Rule) (Threshold, error) {
	if err := c.Check(); err != nil {
		return Threshold{}, err
	}
	same, different := c.Pairs()
	if err := r.Enough(same, different); err != nil {
		return Threshold{}, err
	}
	var at int
	switch {
	case r.FalseAccepts != 0:
		at = sort.Search(len(c.Different), func(i int) bool {
			return float64(c.Different[i]) > r.FalseAccepts*float64(different)
		}) - 1
	case r.FalseRejects != 0:
		at = sort.Search(len(c.Same), func(i int) bool {
			return float64(same-c.Same[i]) <= r.FalseRejects*float64(same)
		})
	case r.Max == F1:
		at = c.best(c.f1)
	default:
		at = c.best(c.accuracy)
	}
	return Threshold{Value: c.Threshold[at], Source: fmt.Sprintf("%s, %d same and %s: %v",
		c.Source, same, plural.Count(int(different), "different pair"), r), FalseAccepts: r.FalseAccepts}, nil
}

// best returns where value is largest, the middle one of several.
func (c *Curve) best(value func(same, different float64) float64) int {
	same, different := c.Pairs()
	var best []int
	most := -1.0
	for i := range c.Threshold {
		v := value(float64(c.Same[i])/float64(same), float64(c.Different[i])/float64(different))
		if v > most {
			best, most = best[:0], v
		}
		if v == most {
			best = append(best, i)
		}
	}
	return best[(len(best)-1)/2]
}

// accuracy is the share of right answers where these shares of either kind are accepted.
func (c *Curve) accuracy(same, different float64) float64 {
	return c.Prevalence*same + (1-c.Prevalence)*(1-different)
}

// f1 is the harmonic mean of precision and recall, likewise.
func (c *Curve) f1(same, different float64) float64 {
	right := c.Prevalence * same
	return 2 * right / (right + (1-c.Prevalence)*different + c.Prevalence)
}
