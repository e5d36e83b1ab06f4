package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/runner/evaluate"
)

// metricRow is a number of the evaluation beside those that it is to beat.
type metricRow struct {
	Name, Meaning string
	key           string // name in the JSON
	Path          string // of the number, which has value and interval, in the JSON
	Plain         string // the same of comparing pixels; "" there is none
	Before, After string // the same on validation, before the first step and of the model; "" not known
	Share         bool   // it is written in percent
	Lower         bool   // is better
}

// headline is the metric to trust: the question that a search asks where there is one.
func (s *subject) headline(list []metricRow) metricRow {
	for _, name := range []string{"recall@1", "accuracy"} {
		for _, row := range list {
			if row.key == name {
				return row
			}
		}
	}
	return list[0]
}

// meanings say what the rows are.
var meanings = map[string]string{
	"accuracy":               "pairs that the threshold decides rightly",
	"auc":                    "how often a same pair is nearer than a different one",
	"recall@1":               "the nearest picture is a right one",
	"recall@5":               "a right one is among the nearest five",
	"map@r":                  "all right pictures are nearer than others",
	"mrr":                    "one divided by the rank of the right one",
	evaluate.MedianRank:      "of the right one; 1 is the nearest",
	"calibration_error":      "how far the probability is off",
	"false_accepts":          "different pairs called same at the threshold",
	"false_rejects":          "same pairs called different at the threshold",
	evaluate.DetectionRate:   "the nearest is right, and near enough",
	evaluate.FalseAcceptRate: "of strangers, for whom a label image is near enough",
}

// metrics returns the numbers to look at, the one to trust first.
func (s *subject) metrics() []metricRow {
	var rows []metricRow
	add := func(list []evaluate.Measured, path string, plain []evaluate.Measured, plainPath string, names ...string) {
		for _, name := range names {
			i := slices.IndexFunc(list, func(m evaluate.Measured) bool { return m.Name == name })
			if i < 0 {
				continue
			}
			row := s.row(name, fmt.Sprintf("%s.%d", path, i))
			if k := slices.IndexFunc(plain, func(m evaluate.Measured) bool { return m.Name == name }); k >= 0 {
				row.Plain = fmt.Sprintf("%s.%d", plainPath, k)
			}
			rows = append(rows, row)
		}
	}
	if r := s.Labels; r != nil {
		var plain []evaluate.Measured
		if r.Baseline != nil {
			plain = r.Baseline.Retrieval
		}
		add(r.Retrieval, "retrieval", plain, "baseline.retrieval", "recall@1", "recall@5", "mrr", evaluate.MedianRank)
		if r.None != nil {
			rows = append(rows, s.row(evaluate.DetectionRate, "none_of_these.detection_rate"), s.row(evaluate.FalseAcceptRate, "none_of_these.false_accept_rate"))
		}
		return rows
	}
	r := s.Pairs
	plain := cmp.Or(r.Baseline, &evaluate.Baseline{})
	add(r.Retrieval, "retrieval", plain.Retrieval, "baseline.retrieval", "recall@1", "recall@5", "map@r")
	add(r.Metrics, "metrics", plain.Metrics, "baseline.metrics", "accuracy", "auc")
	if r.Wrong != nil {
		rows = append(rows, s.row("false_accepts", "wrong_answers.false_accepts"), s.row("false_rejects", "wrong_answers.false_rejects"))
	}
	if r.Probability != nil {
		rows = append(rows, s.row("calibration_error", "probability.calibration_error"))
	}
	return rows
}

// row returns the row of a metric, with what validation says of it.
func (s *subject) row(name, path string) metricRow {
	row := metricRow{Name: strings.ReplaceAll(name, "_", " "), key: name, Meaning: meanings[name], Path: path, Share: name != evaluate.MedianRank,
		Lower: slices.Contains([]string{"calibration_error", "false_accepts", "false_rejects", evaluate.MedianRank, evaluate.FalseAcceptRate}, name)}
	of := func(e *Evaluation) string {
		if e == nil {
			return ""
		}
		v, ok := e.Scores.Metrics[name]
		switch {
		case !ok:
			return ""
		case row.Share:
			return fmt.Sprintf("%.1f %%", 100*v)
		}
		return fmt.Sprintf("%g", v)
	}
	row.Before, row.After = of(s.History.start()), of(s.History.at(s.Step))
	return row
}

// classRow is a class of the evaluation.
type classRow struct {
	Class string
	Path  string // in the JSON
}

// classes returns the classes, those that are found worst first, and how many more there are.
func (s *subject) classes() (rows []classRow, more int) {
	list := s.perClass()
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(list[a].Metrics["recall@1"], list[b].Metrics["recall@1"])
	})
	for _, i := range order[:min(mostClasses, len(order))] {
		rows = append(rows, classRow{list[i].Class, fmt.Sprintf("per_class.%d", i)})
	}
	return rows, len(list) - len(rows)
}

// calibration draws what the probability says against what is true; "" where the model has none.
func (s *subject) calibration() (c chart, ok bool) {
	if s.Pairs == nil || s.Pairs.Probability == nil {
		return chart{}, false
	}
	p := s.Pairs.Probability
	line := series{Name: "pairs", Dots: true}
	for _, b := range p.Bins {
		line.X, line.Y = append(line.X, b.Said), append(line.Y, b.True)
	}
	ticks := shares(0, .2, .4, .6, .8, 1)
	return chart{ID: "calibration", Title: "Calibration: what the probability says, and what is true", Marker: -1, Diagonal: true,
		X: axis{"probability of same that the model gives", 0, 1, ticks}, Y: axis{"share that is the same", 0, 1, ticks}, Series: []series{line}}, true
}

// measured returns the number of a row.
func (s *subject) measured(row metricRow) evaluate.Measured {
	lists := [][]evaluate.Measured{}
	if s.Labels != nil {
		lists = append(lists, s.Labels.Retrieval)
	} else {
		lists = append(lists, s.Pairs.Retrieval, s.Pairs.Metrics)
	}
	for _, list := range lists {
		if i := slices.IndexFunc(list, func(m evaluate.Measured) bool { return m.Name == row.key }); i >= 0 {
			return list[i]
		}
	}
	return evaluate.Measured{}
}

// exposure returns what the training has seen of what was measured; nil where nobody asked.
func (s *subject) exposure() *evaluate.Exposure {
	if s.Labels != nil {
		return s.Labels.Exposure
	}
	return s.Pairs.Exposure
}

// facts returns what the rules of advice look at.
func (s *subject) facts(p *page) facts {
	f := facts{headline: s.measured(p.Head), classes: s.perClass(), confused: s.confusions(), doubted: p.DoubtsInAll, commands: s.Commands}
	var plain *evaluate.Baseline
	if r := s.Labels; r != nil {
		f.images, plain = r.Images, r.Baseline
		if r.None != nil {
			f.threshold, f.accepted, f.accepts = r.None.Above, &r.None.FalseAccepts, "strangers"
		}
	} else {
		r := s.Pairs
		f.images, plain, f.wrong, f.calibrated, f.rank = r.Images, r.Baseline, r.Wrong, r.Probability, r.Rank
		if f.threshold = r.Threshold; r.Wrong != nil {
			f.accepted, f.accepts = &r.Wrong.FalseAccepts, "different pairs"
		}
	}
	if plain != nil {
		for _, m := range slices.Concat(plain.Retrieval, plain.Metrics) {
			if m.Name == p.Head.key {
				f.baseline = &m
			}
		}
	}
	if e := s.exposure(); e != nil {
		f.copies = len(e.Copies)
	}
	if start, end := s.History.start(), s.History.at(s.Step); start != nil && end != nil {
		if before, ok := start.Scores.Metrics[p.Head.key]; ok {
			after := end.Scores.Metrics[p.Head.key]
			f.before, f.after = &before, &after
		}
	}
	if better, err := evaluate.Direction(s.Select, s.Labels != nil); err == nil {
		f.rising = s.History.rising(s.Select, better, s.Step)
	}
	f.patience, f.alarm = s.History.Ended == endedPatience, s.History.Alarm
	if step, ok := s.History.unfinished(); ok {
		f.unfinished = &[2]int{step, s.History.Start.Steps}
	}
	return f
}
