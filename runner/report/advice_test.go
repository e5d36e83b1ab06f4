package report

import (
	"strings"
	"testing"

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
	half := 0.5
	for _, c := range []struct {
		name   string
		change func(f *facts)
		want   string // begins the first sentence
	}{
		{"nothing", func(*facts) {}, "Nothing above looks wrong"},
		{"collapse", func(f *facts) { f.rank = 1.2; f.copies = 3 }, "Train again with another loss"},
		{"pixels", func(f *facts) { f.baseline = &evaluate.Measured{Value: 0.96} }, "Train longer, or start from --weights"},
		{"no better", func(f *facts) { f.before, f.after = &half, &half }, "Train longer, or with more pictures"},
		{"copies", func(f *facts) { f.copies = 2 }, "Run tfpair check on the data: 2 measured pictures are"},
		{"doubts", func(f *facts) { f.doubted = 20 }, "Look at the doubted labels below"},
		{"a bad witness", func(f *facts) { f.doubted, f.headline.Value = 20, 0.5 }, "Nothing above looks wrong"},
		{"one class", func(f *facts) {
			f.confused = []evaluate.Confusion{{Class: "lime", As: "lemon", Queries: 9, Share: 0.4}}
		}, "Decide whether lime and lemon are one class: for 40 %"},
		{"few pictures", func(f *facts) { f.classes[0].Queries = 3 }, "Add pictures of apple: 3 here say little"},
		{"threshold", func(f *facts) {
			f.wrong = &evaluate.Wrong{FalseAccepts: evaluate.Measured{Name: "false_accepts", Interval: metric.Interval{Low: 0.01, High: 0.2}}}
		}, "Collect more pictures for validation before you rely on the threshold: its false accepts lie anywhere from 1.0 to 20.0 %"},
		{"few images", func(f *facts) { f.headline.Interval.Low = 0.7 }, "Measure on more pictures"},
		{"calibration", func(f *facts) {
			f.calibrated = &evaluate.Calibrated{CalibrationError: evaluate.Measured{Value: 0.1}}
		}, "Do not show the probability"},
		{"worst class", func(f *facts) { f.classes[0].Metrics["recall@1"] = 0.4 }, "Look at the class apple in the gallery: only 40 %"},
	} {
		f := good()
		c.change(&f)
		got := advise(f)
		if !strings.HasPrefix(got[0], c.want) || got[1] == "" || got[2] == "" || got[0] == got[1] || got[1] == got[2] ||
			strings.HasPrefix(strings.Join(got[1:], "|"), "Nothing above") || strings.Contains(got[2], "Nothing above") {
			t.Errorf("%s: %q, want first %q", c.name, got, c.want)
		}
	}
}
