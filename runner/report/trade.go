package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"sort"

	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

// mostThresholds is how many thresholds a slider stands on, at most.
const mostThresholds = 600

// trade is what thresholds from strict to lax decide: which share of those that should be refused they accept,
// and which share of those that should be accepted they refuse.
type trade struct {
	thresholds       []float64 // ascending
	accepts, rejects []float64 // shares, of each threshold
	negatives        int64     // that accepts are shares of
	positives        int64     // that rejects are shares of
	at               int       // the model's threshold; -1: it has none
	words            kind
}

// decide returns both shares at a threshold.
type decide func(threshold float64) (accepts, rejects float64)

// newTrade asks decide at each of the candidates, thinned, and at the model's own threshold.
func newTrade(candidates []float64, own *float64, d decide) trade {
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	t := trade{at: -1}
	step := max(1, (len(candidates)+mostThresholds-1)/mostThresholds)
	for i := 0; i < len(candidates); i += step {
		t.thresholds = append(t.thresholds, candidates[i])
	}
	if own != nil {
		t.at = sort.SearchFloat64s(t.thresholds, *own)
		if t.at == len(t.thresholds) || t.thresholds[t.at] != *own {
			t.thresholds = slices.Insert(t.thresholds, t.at, *own)
		}
	}
	for _, threshold := range t.thresholds {
		accepts, rejects := d(threshold)
		t.accepts, t.rejects = append(t.accepts, accepts), append(t.rejects, rejects)
	}
	return t
}

// tradeOfPairs asks the pairs that the rates of a report are of.
func tradeOfPairs(r *evaluate.Report) trade {
	kept := r.Curve.Keep(0.5) // of which only the thresholds are taken
	last := len(r.Curve.Distance) - 1
	t := newTrade(slices.Clone(kept.Threshold), &r.Threshold.Value, func(threshold float64) (float64, float64) {
		return metric.FalseAccepts(threshold).Value(r.Curve), metric.FalseRejects(threshold).Value(r.Curve)
	})
	t.negatives, t.positives = int64(r.Curve.Negatives[last]), int64(r.Curve.Positives[last])
	return t
}

// tradeOfSearch asks the photos that search label images: those whose own is taken out are strangers.
func tradeOfSearch(r *evaluate.LabelReport) trade {
	o := r.Answers.Open
	var candidates []float64
	for _, list := range [][]float32{o.Known, o.Unknown} {
		for _, d := range list {
			candidates = append(candidates, float64(d))
		}
	}
	var own *float64
	if r.None != nil {
		own = &r.None.Above.Value
	}
	t := newTrade(candidates, own, func(threshold float64) (float64, float64) {
		return mean(o.FalselyAccepted(threshold)), 1 - mean(o.Detected(threshold))
	})
	t.negatives, t.positives = int64(len(o.Unknown)), int64(len(o.Known))
	return t
}

func mean(values []float64) float64 {
	m, err := metric.Mean(values)
	if err != nil {
		return 0
	}
	return m
}

// roc draws accepted right ones against accepted wrong ones.
func (t trade) roc() template.HTML {
	s := series{Name: "thresholds"}
	for i := range t.thresholds {
		s.X, s.Y = append(s.X, t.accepts[i]), append(s.Y, 1-t.rejects[i])
	}
	return chart{ID: "roc", Title: "ROC: " + t.words.Kept + " against " + t.words.Accepts, X: axis{Name: t.words.Accepts, Low: 0, High: 1, Ticks: shares(0, .2, .4, .6, .8, 1)},
		Y: axis{Name: t.words.Kept, Low: 0, High: 1, Ticks: shares(0, .2, .4, .6, .8, 1)}, Series: []series{s}, Marker: t.at}.svg()
}

// det draws both errors on the scale of normal deviates, as Martin et al., The DET curve in assessment of detection
// task performance, Eurospeech 1997.
func (t trade) det() template.HTML {
	s := series{Name: "thresholds"}
	for i := range t.thresholds {
		s.X, s.Y = append(s.X, deviate(t.accepts[i])), append(s.Y, deviate(t.rejects[i]))
	}
	var ticks []tick
	for _, share := range []float64{.001, .01, .05, .2, .5, .8} {
		ticks = append(ticks, tick{deviate(share), fmt.Sprintf("%g %%", 100*share)})
	}
	low, high := deviate(.0003), deviate(.9)
	return chart{ID: "det", Title: "DET: " + t.words.Rejects + " against " + t.words.Accepts, X: axis{Name: t.words.Accepts, Low: low, High: high, Ticks: ticks},
		Y: axis{Name: t.words.Rejects, Low: low, High: high, Ticks: ticks}, Series: []series{s}, Marker: t.at}.svg()
}

// deviate returns the normal deviate of a share; 0 and 1, which have none, are taken for the ends of the chart.
func deviate(share float64) float64 {
	const end = .0003
	return math.Sqrt2 * math.Erfinv(2*min(1-end, max(end, share))-1)
}

// bars is how many a histogram has.
const bars = 40

// histogram draws which shares of either kind lie at which distance.
func (t trade) histogram(k kind) template.HTML {
	low, high := t.thresholds[0], t.thresholds[len(t.thresholds)-1]
	if low < 0 { // the threshold that accepts nothing
		low = 0
	}
	negatives, positives := series{Name: k.Negatives, Class: "b"}, series{Name: k.Positives, Class: "a"}
	var beforeAccepts, beforeKept, top float64
	step := (high - low) / bars
	for i := range bars {
		from, to := low+float64(i)*step, low+float64(i+1)*step
		at := min(sort.SearchFloat64s(t.thresholds, to), len(t.thresholds)-1)
		accepts, kept := t.accepts[at], 1-t.rejects[at]
		for _, x := range []float64{from, to} {
			negatives.X, positives.X = append(negatives.X, x), append(positives.X, x)
			negatives.Y, positives.Y = append(negatives.Y, accepts-beforeAccepts), append(positives.Y, kept-beforeKept)
		}
		top = max(top, accepts-beforeAccepts, kept-beforeKept)
		beforeAccepts, beforeKept = accepts, kept
	}
	c := chart{ID: "histogram", Title: "How far apart: " + k.Positives + " and " + k.Negatives, X: axis{Name: "distance", Low: low, High: high, Ticks: ticksOf(low, high)},
		Y: axis{Name: "share", Low: 0, High: top * 1.05, Ticks: ticksOf(0, top)}, Series: []series{positives, negatives}, Marker: -1}
	if t.at >= 0 {
		c.Line, c.LineName = &t.thresholds[t.at], "threshold"
	}
	return c.svg()
}
