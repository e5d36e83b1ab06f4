package distance

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hand is 4 same pairs at 1, 2, 3 and 7, and 400 different ones: one at 2.5, three at 5, the rest
// at 9.
func hand() *Curve {
	return &Curve{Source: "by hand", Prevalence: 0.5,
		Threshold: []float64{-1, 1.5, 2.25, 2.75, 4, 6, 8, 9.5},
		Same:      []int64{0, 1, 2, 2, 3, 3, 4, 4},
		Different: []int64{0, 0, 0, 1, 1, 4, 4, 400}}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		rule  Rule
		value float64
		words string
	}{
		// All same pairs within 8, and 4 of 400 different ones: right of same 1, of different 0.99.
		{Rule{}, 8, "best accuracy"},
		{Rule{Max: Accuracy}, 8, "best accuracy"},
		{Rule{Max: F1}, 8, "best f1"},
		// 4 of 400 are 1 %, 3 of 400 would be 0.75 %: at 4 there is 1, at 6 there are 4.
		{Rule{FalseAccepts: 0.01}, 8, "false accepts at most 1 %"},
		{Rule{FalseAccepts: 0.0099}, 4, "false accepts at most 0.99 %"},
		{Rule{FalseRejects: 0.75}, 1.5, "false rejects at most 75 %"},
	} {
		got, err := hand().Choose(c.rule)
		want := Threshold{c.value, "by hand, 4 same and 400 different pairs: " + c.words, c.rule.FalseAccepts}
		if err != nil || got != want {
			t.Errorf("Choose(%+v) = %+v, %v; want %+v", c.rule, got, err, want)
		}
	}
}

// TestChooseRareSame: where one pair in 200 is the same, a false accept of 400 different pairs
// costs more than a false reject of four same ones.
func TestChooseRareSame(t *testing.T) {
	c := hand()
	c.Prevalence = 0.005 // right answers: at 2.25 0.005·0.5+0.995, at 4 0.005·0.75+0.995·0.9975
	if got, err := c.Choose(Rule{}); err != nil || got.Value != 2.25 {
		t.Errorf("Choose = %+v, %v; want 2.25", got, err)
	}
}

func TestFewPairs(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		kind string
		need int
	}{
		{Rule{FalseAccepts: 0.005}, "different", 600},
		{Rule{FalseRejects: 0.5}, "same", 6},
	} {
		_, err := hand().Choose(c.rule)
		var few *FewPairsError
		if !errors.As(err, &few) || few.Kind != c.kind || few.Needed != c.need {
			t.Errorf("Choose(%+v) = %v, want *FewPairsError of %d %s pairs", c.rule, err, c.need, c.kind)
		}
	}
	if err := (Rule{FalseAccepts: 5e-324}).Enough(1, 1<<40); err == nil {
		t.Error("Enough of the smallest rate = nil, want an error")
	}
	// The rule of three: 3 of 300 are 1 %.
	if err := (Rule{FalseAccepts: 0.01}).Enough(1, 300); err != nil {
		t.Errorf("Enough(300) = %v", err)
	}
	if err := (Rule{FalseAccepts: 0.01}).Enough(1, 299); err == nil {
		t.Error("Enough(299) = nil, want an error")
	}
}

func TestRuleCheck(t *testing.T) {
	for _, r := range []Rule{{}, {Max: "f1"}, {FalseAccepts: 0.5}, {FalseRejects: 1e-9}} {
		if err := r.Check(); err != nil {
			t.Errorf("Check(%+v) = %v", r, err)
		}
	}
	for _, r := range []Rule{{Max: "auc"}, {FalseAccepts: 1}, {FalseAccepts: -0.1}, {FalseRejects: 2},
		{FalseAccepts: math.NaN()}, {Max: "f1", FalseAccepts: 0.1}, {FalseAccepts: 0.1, FalseRejects: 0.1}} {
		if err := r.Check(); err == nil {
			t.Errorf("Check(%+v) = nil, want an error", r)
		}
	}
}

func TestCurveCheck(t *testing.T) {
	if err := hand().Check(); err != nil {
		t.Errorf("Check = %v", err)
	}
	for name, edit := range map[string]func(*Curve){
		"no thresholds":      func(c *Curve) { *c = Curve{Prevalence: 0.5} },
		"equal thresholds":   func(c *Curve) { c.Threshold[1] = -1 },
		"falling thresholds": func(c *Curve) { c.Threshold[3] = 0 },
		"falling pairs":      func(c *Curve) { c.Same[3] = 0 },
		"no same pair":       func(c *Curve) { clear(c.Same) },
		"too few counts":     func(c *Curve) { c.Different = c.Different[1:] },
		"starts above none":  func(c *Curve) { c.Different[0], c.Different[1], c.Different[2] = 1, 1, 1 },
		"no prevalence":      func(c *Curve) { c.Prevalence = math.NaN() },
	} {
		c := hand()
		if edit(c); c.Check() == nil {
			t.Errorf("%s: Check = nil, want an error", name)
		}
	}
}

func TestCurveJSON(t *testing.T) {
	text, err := json.Marshal(hand())
	if err != nil {
		t.Fatal(err)
	}
	var got Curve
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hand(), &got); diff != "" {
		t.Errorf("after JSON (-want +got):\n%s", diff)
	}
}
