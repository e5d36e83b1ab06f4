package tune

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/named"
)

func mustParse(t testing.TB, text string) *Space {
	t.Helper()
	s, err := ParseSpace([]byte(text), "space.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseSpaceErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "space.yaml: empty space",
		"{}":                             "space.yaml: empty space",
		"- a":                            "space.yaml: empty space",
		"a: [1]\n---\nb: [1]":            "want one YAML document",
		"a: [1":                          "space.yaml: ",
		"loss: bce":                      "space.yaml:1: loss: want a list of values, or a range",
		"loss: []":                       "space.yaml:1: loss: empty list",
		"a: [1]\na: [2]":                 "space.yaml:2: a: is there twice",
		"a: {min: 1}":                    "a range needs min and max",
		"a: {min: 1, max: 1}":            "min must be below max, got 1 and 1",
		"a: {min: 1, max: .nan}":         "max: want a finite decimal number, got .nan",
		"loss: [bce, .inf]":              "space.yaml:1: loss: want a finite value, got .inf",
		"a: {min: 0, max: 1, log: true}": "a logarithmic range needs min above 0, got 0",
		"a: {min: 0, max: 1, points: 1}": "points must be at least 2, got 1",
		"a: {min: 0, max: 1, lgo: true}": `unknown field "lgo" (known: min, max, log, points)`,
		"a: [1]\ntrain.seed: [1, 2]":     "space.yaml:2: train.seed: cannot be tuned",
		"train.val: [0.1, 0.2]":          "cannot be tuned",
		"train.threshold.max: [f1]":      "cannot be tuned",
	} {
		if _, err := ParseSpace([]byte(text), "space.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSpace(%q) = %v, want %q", text, err, want)
		}
	}
}

// TestDraw: draws stay in their range, reach its ends, and are spread as they should be.
func TestDraw(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, c := range []struct {
		text             string
		low, high        float64
		below, share, by float64 // share of the draws below a number, ± four standard errors
	}{
		{"a: {min: 0.0, max: 4}", 0, 4, 1, 0.25, 0.04},
		{"a: {min: 0.0001, max: 1, log: true}", 0.0001, 1, 0.01, 0.5, 0.045},
		{"a: {min: 1, max: 4}", 1, 4, 1.5, 0.25, 0.04},
		{"a: [3, 5]", 3, 5, 4, 0.5, 0.045},
	} {
		d := mustParse(t, c.text).dimensions[0]
		least, most, below := math.Inf(1), math.Inf(-1), 0.0
		for range 2000 {
			v, err := strconv.ParseFloat(d.draw(r), 64)
			if err != nil {
				t.Fatal(err)
			}
			least, most = min(least, v), max(most, v)
			if v < c.below {
				below++
			}
		}
		if least < c.low || most > c.high {
			t.Errorf("%s: draws from %g to %g", c.text, least, most)
		}
		if math.Abs(below/2000-c.share) > c.by {
			t.Errorf("%s: %g of the draws are below %g, want %g", c.text, below/2000, c.below, c.share)
		}
	}
}

// TestSettings: an option is left out where its name was not chosen.
func TestSettings(t *testing.T) {
	s := mustParse(t, "loss.contrastive.margin: [1]\noptimizer.adam.lr: [0.1]\nloss: [bce, {contrastive: {margin: 3}}, triplet]\n")
	for _, c := range []struct {
		loss string
		want []string
	}{
		{"bce", []string{"loss=bce", "optimizer.adam.lr=0.1"}},
		{"{contrastive: {margin: 3}}", []string{"loss={contrastive: {margin: 3}}", "loss.contrastive.margin=1", "optimizer.adam.lr=0.1"}},
	} {
		if diff := cmp.Diff(c.want, s.settings([]string{c.loss, "1", "0.1"})); diff != "" {
			t.Errorf("loss %s (-want +got):\n%s", c.loss, diff)
		}
	}
}

func TestGrid(t *testing.T) {
	s := mustParse(t, "a: [1, 2]\nb: {min: 1, max: 100, log: true, points: 3}\nc: {min: 0.5, max: 1.5, points: 3}")
	p, err := combined(s, 0, 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, set := range p.Settings {
		got = append(got, strings.Join(set, " "))
	}
	if slices.IsSorted(got) {
		t.Error("the grid is not shuffled")
	}
	slices.Sort(got)
	var want []string
	for _, a := range []string{"1", "2"} {
		for _, b := range []string{"1", "10", "100"} {
			for _, c := range []string{"0.5", "1", "1.5"} {
				want = append(want, "a="+a+" b="+b+" c="+c)
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grid (-want +got):\n%s", diff)
	}
	few, err := combined(s, 5, 10, 1)
	if err != nil || !cmp.Equal(few.Settings, p.Settings[:5]) {
		t.Errorf("5 trials are not the first of all (%v)", err)
	}
	if _, err := combined(mustParse(t, "a: {min: 0, max: 1}"), 0, 10, 1); err == nil ||
		!strings.Contains(err.Error(), "a: a grid needs a list, or a range with points: N") {
		t.Errorf("range without points: %v", err)
	}
}

// TestSearches is the suite of Table: equal seeds plan alike, others do not; no settings
// come twice; the last rung is a whole training.
func TestSearches(t *testing.T) {
	s := mustParse(t, "a: {min: 0.0, max: 1.0, points: 40}\nb: [x, y, z]")
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			search, err := Table.New(&named.Choice{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			first, err := search(s, 27, 900, 1)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := search(s, 27, 900, 1)
			other, _ := search(s, 27, 900, 2)
			if !cmp.Equal(first, again) || cmp.Equal(first, other) {
				t.Error("plans depend on the seed not as they should")
			}
			seen := map[string]bool{}
			for _, set := range first.Settings {
				seen[strings.Join(set, " ")] = true
			}
			if len(first.Settings) != 27 || len(seen) != 27 {
				t.Errorf("%d settings, %d distinct, want 27", len(first.Settings), len(seen))
			}
			if n := len(first.Rungs); first.Rungs[n-1] != 900 || len(first.Keep) != n-1 {
				t.Errorf("rungs %v, keep %v", first.Rungs, first.Keep)
			}
		})
	}
}

// TestHalving: 27 trials, factor 3: the brackets of Li et al., Hyperband, table 1, s = 3.
func TestHalving(t *testing.T) {
	s := mustParse(t, "a: {min: 0.0, max: 1.0}")
	p, err := halvingOptions{Factor: 3}.plan(s, 27, 81, 1)
	if err != nil || !cmp.Equal(p.Rungs, []int{3, 9, 27, 81}) || !cmp.Equal(p.Keep, []int{9, 3, 1}) {
		t.Errorf("rungs %v, keep %v, %v; want 3 9 27 81 and 9 3 1", p.Rungs, p.Keep, err)
	}
	if p, err = (halvingOptions{Factor: 3}).plan(s, 27, 4, 1); err != nil || !cmp.Equal(p.Rungs, []int{1, 4}) {
		t.Errorf("4 steps: rungs %v, %v; want 1 and 4", p.Rungs, err)
	}
	if _, err := (halvingOptions{Factor: 3}).plan(s, 0, 81, 1); err == nil {
		t.Error("halving without a number of trials was planned")
	}
	c, _ := named.Choose("halving", map[string]int{"factor": 1})
	if _, err := Table.New(&c); err == nil || !strings.Contains(err.Error(), "factor must be at least 2, got 1") {
		t.Errorf("factor 1: %v", err)
	}
}

// TestDrawnEnds: a small space is drawn empty, and then drawing ends; fewer trials are the
// first of more.
func TestDrawnEnds(t *testing.T) {
	s := mustParse(t, "a: [1, 2, 3]\nb: [1, 2]")
	all, err := drawn(s, 0, 10, 1)
	if err != nil || len(all.Settings) != 6 {
		t.Errorf("%d trials of 6 settings, %v", len(all.Settings), err)
	}
	few, _ := drawn(s, 3, 10, 1)
	if !cmp.Equal(few.Settings, all.Settings[:3]) {
		t.Error("3 trials are not the first of all")
	}
}
