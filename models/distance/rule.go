package distance

import (
	"fmt"
	"math"
)

// What Rule.Max may be.
const (
	Accuracy = "accuracy" // share of right answers
	F1       = "f1"       // 2·TP / (2·TP + FP + FN), TP being same pairs that are called same
)

// Rule says how a threshold is chosen on pairs. At most one field is set; the zero value is the
// rule of best accuracy.
type Rule struct {
	Max          string  `json:"max,omitempty"`           // Accuracy or F1: the threshold at which it is largest
	FalseAccepts float64 `json:"false_accepts,omitempty"` // in (0,1): at most this share of different pairs is called same
	FalseRejects float64 `json:"false_rejects,omitempty"` // in (0,1): at most this share of same pairs is called different
}

// String returns the rule in words: "best accuracy", "false accepts at most 1 %".
func (r Rule) String() string {
	switch {
	case r.FalseAccepts != 0:
		return fmt.Sprintf("false accepts at most %.4g %%", 100*r.FalseAccepts)
	case r.FalseRejects != 0:
		return fmt.Sprintf("false rejects at most %.4g %%", 100*r.FalseRejects)
	case r.Max != "":
		return "best " + r.Max
	}
	return "best " + Accuracy
}

// Check says what is wrong with the rule. The error does not name where the rule came from.
func (r Rule) Check() error {
	set := 0
	for _, is := range []bool{r.Max != "", r.FalseAccepts != 0, r.FalseRejects != 0} {
		if is {
			set++
		}
	}
	share := func(x float64) bool { return x == 0 || x > 0 && x < 1 }
	switch {
	case set > 1:
		return fmt.Errorf("want one of max, false_accepts and false_rejects, got %d of them", set)
	case r.Max != "" && r.Max != Accuracy && r.Max != F1:
		return fmt.Errorf("max must be %s or %s, got %q", Accuracy, F1, r.Max)
	case !share(r.FalseAccepts):
		return fmt.Errorf("false_accepts must be a share between 0 and 1, got %v", r.FalseAccepts)
	case !share(r.FalseRejects):
		return fmt.Errorf("false_rejects must be a share between 0 and 1, got %v", r.FalseRejects)
	}
	return nil
}

// atLeast is how many wrong answers a rate stands for, at least.
const atLeast = 3

// Needed returns how many pairs a rate in (0,1] of wrong answers needs to be measured: 3/rate.
// Of fewer, none may be wrong by chance alone although the rate is as asked for: the rule of
// three of Hanley and Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 249, 1983.
// It is never more than 2⁵³.
func Needed(rate float64) int { return int(min(math.Ceil(atLeast/rate), 1<<53)) }

// Least returns the smallest rate of wrong answers that so many pairs can show.
func Least(pairs int64) float64 { return atLeast / float64(pairs) }

// FewPairsError says that a rule asks for a rate that so few pairs cannot show.
type FewPairsError struct {
	Rule   Rule
	Kind   string // of the pairs that are too few: "same" or "different"
	Pairs  int64  // of this kind
	Needed int
}

func (e *FewPairsError) Error() string {
	return fmt.Sprintf("a threshold of %v needs %d %s pairs to be chosen on, got %d", e.Rule, e.Needed, e.Kind, e.Pairs)
}

// Enough returns a *FewPairsError where so many pairs cannot show the rate that r asks for.
func (r Rule) Enough(same, different int64) error {
	if n := Needed(r.FalseAccepts); r.FalseAccepts != 0 && different < int64(n) {
		return &FewPairsError{Rule: r, Kind: "different", Pairs: different, Needed: n}
	}
	if n := Needed(r.FalseRejects); r.FalseRejects != 0 && same < int64(n) {
		return &FewPairsError{Rule: r, Kind: "same", Pairs: same, Needed: n}
	}
	return nil
}
