package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

// TestAdvise: each rule speaks where it should, before those that matter less, and there are always three sentences.
func TestAdvise(t *testing.T) {
	good := func() facts {
		class := evaluate.Class{Class: "apple", Queries: 50, Metrics: map[string]float64{"recall@1": 0.95}}
		return facts{images: 500, rank: 20, classes: []evaluate.Class{class},
			headline: evaluate.Measured{Name: "recall@1", Value: 0.95, Better: metric.Higher, Interval: metric.Interval{Low: 0.93, High: 0.97}}}
	}
	half, all := 0.5, 1.0
	accepted := func(low float64) *evaluate.Measured {
		return &evaluate.Measured{Name: "false_accepts", Value: 0.09, Interval: metric.Interval{Low: low, High: 0.12}}
	}
	for _, c := range []struct {
		name   string
		change func(f *facts)
		want   string // begins the first sentence
	}{
		{"nothing", func(*facts) {}, "Nothing above looks wrong"},
		{"collapse", func(f *facts) { f.rank = 1.2; f.copies = 3 }, "Train again with another loss"},
		{"pixels", func(f *facts) { f.baseline = &evaluate.Measured{Value: 0.96} }, "Train longer, or start from --weights"},
		{"pixels, and out of patience", func(f *facts) { f.baseline, f.patience = &evaluate.Measured{Value: 0.96}, true },
			"Train with more pictures, or start from --weights"},
		{"no better", func(f *facts) { f.before, f.after = &half, &half }, "Train longer, or start from --weights: on validation"},
		{"perfect from the start", func(f *facts) { f.before, f.after = &all, &all }, "Nothing above looks wrong"},
		{"an alarm", func(f *facts) {
			f.alarm, f.before, f.after = &Alarm{20, "training made it worse", "lower optimizer.adam.lr (now 0.1)"}, &half, &half
		}, "Train again, and lower optimizer.adam.lr (now 0.1): training made it worse."},
		{"on the way", func(f *facts) { f.unfinished, f.before, f.after = &[2]int{20, 100}, &half, &half },
			"Let the training end: it has made 20 of 100 steps"},
		{"copies", func(f *facts) { f.copies = 2 }, "Look for copies in the data: 2 measured pictures are copies"},
		{"doubts", func(f *facts) { f.doubted = 20 }, "Look at the doubted labels below"},
		{"a bad witness", func(f *facts) { f.doubted, f.headline.Value = 20, 0.5 }, "Nothing above looks wrong"},
		{"one class", func(f *facts) {
			f.confused = []evaluate.Confusion{{Class: "lime", As: "lemon", Queries: 9, Share: 0.4}}
		}, "Decide whether lime and lemon are one class: for 40 %"},
		{"few pictures", func(f *facts) { f.classes[0].Queries = 3 }, "Add pictures of apple: 3 here say little"},
		{"threshold", func(f *facts) {
			f.wrong = &evaluate.Wrong{FalseAccepts: evaluate.Measured{Name: "false_accepts", Interval: metric.Interval{Low: 0.01, High: 0.2}}}
		}, "Collect more pictures for validation before you rely on the threshold: its false accepts lie anywhere from 1.0 to 20.0 %"},
		{"a broken promise", func(f *facts) {
			f.threshold.FalseAccepts, f.accepted, f.accepts = 0.05, accepted(0.06), "strangers"
			f.wrong = &evaluate.Wrong{FalseAccepts: *accepted(0.06)}
		}, "Choose the threshold on more pictures, and on such as these: it was to accept at most 5 % of strangers, and accepts 9.0 % here (6.0 to 12.0 %)."},
		{"a promise that may be kept", func(f *facts) {
			f.threshold.FalseAccepts, f.accepted, f.accepts = 0.05, accepted(0.04), "strangers"
		}, "Nothing above looks wrong"},
		{"no promise", func(f *facts) { f.accepted = accepted(0.06) }, "Nothing above looks wrong"},
		{"still rising", func(f *facts) { f.rising = &rise{"auc", 0.9, 0.94, 200, 300} },
			"Train longer: validation still got better when the steps were used up. Its auc went from 90.0 % at step 200 to 94.0 % at step 300"},
		{"rising, and no better", func(f *facts) {
			f.rising, f.before, f.after = &rise{"auc", 0.9, 0.94, 200, 300}, &half, &half
		}, "Train longer, or start from --weights"},
		{"few images", func(f *facts) { f.headline.Interval.Low = 0.7 }, "Measure on more pictures"},
		{"no number at all", func(f *facts) {
			f.headline.Interval, f.rank, f.rising = metric.Interval{High: 1}, 1.2, &rise{"auc", 0.9, 0.94, 200, 300}
		}, "Measure on more pictures: with 500 of them the true number may be anywhere from 0.0 to 100.0 %."},
		{"as good as pixels, of few pictures", func(f *facts) {
			f.headline.Interval, f.baseline = metric.Interval{High: 1}, &evaluate.Measured{Value: 0.96}
		}, "Measure on more pictures"},
		{"perfect, and pixels are", func(f *facts) { f.headline.Value, f.baseline = 1, &evaluate.Measured{Value: 1} }, "Measure on harder pictures"},
		{"calibration", func(f *facts) {
			f.calibrated = &evaluate.Calibrated{CalibrationError: evaluate.Measured{Value: 0.1}}
		}, "Do not show the probability"},
		{"worst class", func(f *facts) { f.classes[0].Metrics["recall@1"] = 0.4 }, "Look at the class apple in the gallery: only 40 %"},
	} {
		f := good()
		c.change(&f)
		advice := advise(f)
		got := [3]string{advice[0].Text, advice[1].Text, advice[2].Text}
		if !strings.HasPrefix(got[0], c.want) || got[1] == "" || got[2] == "" || got[0] == got[1] || got[1] == got[2] ||
			strings.HasPrefix(strings.Join(got[1:], "|"), "Nothing above") || strings.Contains(got[2], "Nothing above") {
			t.Errorf("%s: %q, want first %q", c.name, got, c.want)
		}
	}
}

// TestAdviceOrder: what spoils the numbers comes before what more training may change, and this before what asks for pictures.
func TestAdviceOrder(t *testing.T) {
	f := facts{images: 500, rank: 20, copies: 1, rising: &rise{"auc", 0.9, 0.94, 200, 300}, threshold: distance.Threshold{FalseAccepts: 0.01},
		accepted: &evaluate.Measured{Value: 0.04, Interval: metric.Interval{Low: 0.02, High: 0.06}}, accepts: "different pairs",
		headline: evaluate.Measured{Value: 0.95, Better: metric.Higher, Interval: metric.Interval{Low: 0.6, High: 1}},
		classes:  []evaluate.Class{{Class: "apple", Queries: 2}},
		commands: Commands{Longer: "longer", Stricter: "stricter", Check: "check"}}
	got := advise(f)
	for i, want := range []Advice{{"Look for copies", "check"}, {"Choose the threshold on more pictures, and on such as these, or for a smaller share", "stricter"},
		{"Train longer", "longer"}} {
		if !strings.HasPrefix(got[i].Text, want.Text) || got[i].Command != want.Command {
			t.Errorf("advice %d is %+v, want %+v", i+1, got[i], want)
		}
	}
}

// evaluations are looks at validation at steps 0, 100, 200, 300, of which the last may be the best.
func evaluations(best bool, auc ...float64) string {
	text := `{"event":"start","step":0,"steps":300}` + "\n"
	for i, v := range auc {
		text += fmt.Sprintf(`{"event":"eval","step":%d,"best":%t,"scores":{"metrics":{"auc":%g,"median_rank":%g}}}`, 100*i, best || i == 0, v, 10-v) + "\n"
	}
	return text
}

// TestRising: more steps are advised where all were made and the last look at validation is the best by more than noise.
func TestRising(t *testing.T) {
	const budget = `{"event":"end","step":300,"reason":"budget"}`
	for _, c := range []struct {
		name, events string
		want         *rise
		steps        int // of Further
		left         bool
	}{
		{"rising", evaluations(true, 0.5, 0.8, 0.9, 0.94) + budget, &rise{"auc", 0.9, 0.94, 200, 300}, 600, false},
		{"flat at the end", evaluations(true, 0.5, 0.8, 0.94, 0.942) + budget, nil, 600, false},
		{"an earlier one is the best", evaluations(false, 0.5, 0.8, 0.9, 0.94) + budget, nil, 600, false},
		{"out of patience", evaluations(true, 0.5, 0.8, 0.9, 0.94) + `{"event":"end","reason":"patience"}`, nil, 0, false},
		{"out of time", evaluations(true, 0.5, 0.8, 0.9) + `{"event":"end","reason":"time"}`, nil, 300, true},
		{"killed", evaluations(true, 0.5, 0.8, 0.9), nil, 300, true},
		{"goes on", evaluations(true, 0.5, 0.8, 0.9, 0.94) + budget + "\n" + `{"event":"start","step":300,"steps":500}`, nil, 500, true},
		{"nothing between the ends", `{"event":"start","steps":300}` + "\n" + `{"event":"eval","step":300,"best":true,"scores":{"metrics":{"auc":0.9}}}` +
			"\n" + budget, nil, 600, false},
		{"not known", "", nil, 0, false},
	} {
		h, err := ReadHistory(strings.NewReader(c.events))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, h.rising("auc", metric.Higher, 300), cmp.AllowUnexported(rise{})); diff != "" {
			t.Errorf("%s: rising (-want +got):\n%s", c.name, diff)
		}
		if steps, left := h.Further(); steps != c.steps || left != c.left {
			t.Errorf("%s: Further = %d, %t; want %d, %t", c.name, steps, left, c.steps, c.left)
		}
	}
	const alarm = `{"event":"alarm","step":300,"reason":"worse","advice":"lower lr"}` + "\n"
	for text, want := range map[string]*Alarm{alarm + budget: {300, "worse", "lower lr"}, budget: nil,
		`{"event":"alarm","step":200,"reason":"it may get better","advice":"wait"}` + "\n" + budget: nil,
		alarm + budget + "\n" + `{"event":"start","step":300,"steps":500}`:                          nil} {
		h, err := ReadHistory(strings.NewReader(text))
		if diff := cmp.Diff(want, h.Alarm); err != nil || diff != "" {
			t.Errorf("alarm of %s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	h, err := ReadHistory(strings.NewReader(evaluations(true, 0.5, 0.8, 0.9, 0.94) + budget))
	if err != nil {
		t.Fatal(err)
	}
	if h.rising("median_rank", metric.Higher, 300) != nil || h.rising("median_rank", metric.Lower, 300) == nil {
		t.Error("a rank that falls is taken for a worse one")
	}
	if h.rising("auc", metric.Higher, 200) != nil || h.rising("map@r", metric.Higher, 300) != nil {
		t.Error("an earlier checkpoint, or a metric that validation lacks, is taken for a rise")
	}
}
