package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

// headline are the metrics that a person is shown, in this order; --all shows the others, too.
var headline = []string{"accuracy", "auc", "recall@1", "map@r", "calibration_error"}

// print writes the report for a person: what was measured, one sentence, why to doubt it, and
// the numbers to look at. Every table follows where all is asked for.
func (e evaluation) print(out output, data *dataset.Dataset, all bool) {
	e.printHead(out, data)
	out.print("\n%s", e.sentence())
	sayDoubts(out, e.Exposure, e.Doubts)
	if all {
		e.printAll(out)
	} else {
		list := pick(slices.Concat(e.ofPairs(), e.Retrieval), headline)
		out.print("\n%s", shortTable(e.Exposure, list, e.Baseline))
		out.print("\nintervals: for %s%s", e.Metrics[0].Interval.Question, onSeen(e.Exposure))
		e.printProbability(out)
		e.printWrong(out)
		e.printFolds(out)
		e.printWeakest(out)
		sayAll(out)
	}
	e.printPaper(out, data)
	if e.Sheet != "" {
		out.print("\nwrote %s: pairs called wrongly, and some called right", e.Sheet)
	}
}

// sayAll says how to get the rest.
func sayAll(out output) { out.say("--all prints every metric, class and threshold") }

// printHead says what was measured.
func (e evaluation) printHead(out output, data *dataset.Dataset) {
	classes, weighed := "", ""
	if e.Classes > 0 {
		classes = " in " + count(e.Classes, "class")
	}
	if e.Weighed {
		weighed = ", weighed: each class counts the same"
	}
	out.print("model      %s, step %d", e.Model, e.Step)
	out.print("data       %s, %s: %s%s", data.Name, e.Split, count(e.Images, "image"), classes)
	out.print("pairs      %s: %s same, %s different (%s)%s", commas(e.Pairs), commas(e.Same),
		commas(e.Different), e.PairSource, weighed)
	out.print("threshold  same where distance <= %.4g (from %s)", e.Threshold.Value, e.Threshold.Source)
	for _, note := range data.Notes {
		out.print("note       %s", note)
	}
	sayMissing(out, e.Missing, len(data.Classes))
	for _, path := range e.Skipped {
		out.print("skipped    %s", path)
	}
	sayExposure(out, e.Exposure)
}

// sentence sums the report up.
func (e evaluation) sentence() string {
	text := fmt.Sprintf("On %s%s: same or different is right for %s", count(e.Images, "image"),
		seenIn(e.Exposure), shareOf("pairs", pick(e.Metrics, []string{"accuracy"})[0]))
	if nearest := pick(e.Retrieval, []string{"recall@1"}); len(nearest) > 0 {
		text += ", the nearest image is of the right class for " + shareOf("images", nearest[0])
	}
	return text + "."
}

// ofPairs are the metrics of pairs.
func (e evaluation) ofPairs() []evaluate.Measured {
	rows := slices.Clone(e.Metrics)
	if e.AccuracyHalf != nil {
		rows = append(rows, *e.AccuracyHalf)
	}
	if p := e.Probability; p != nil {
		rows = append(rows, p.Brier, p.CalibrationError)
	}
	return rows
}

// printWeakest names the class that is found worst, where one is worse than the others.
func (e evaluation) printWeakest(out output) {
	if len(e.PerClass) < 2 {
		return
	}
	list := worst(e.PerClass)
	least, most := list[0], list[len(list)-1]
	if share := least.Metrics["recall@1"]; share < most.Metrics["recall@1"] {
		out.print("\nlook at %s first: the nearest image is right for %.1f %% of its %s%s", least.Class, 100*share,
			count(least.Queries, "image"), onSeen(e.Exposure))
	}
}

// worst are the classes, those of lowest recall@1 first.
func worst(list []evaluate.Class) []evaluate.Class {
	return slices.SortedStableFunc(slices.Values(list), func(a, b evaluate.Class) int {
		return cmp.Compare(a.Metrics["recall@1"], b.Metrics["recall@1"])
	})
}

// pick returns the metrics of these names that list has, in the order of the names.
func pick(list []evaluate.Measured, names []string) (picked []evaluate.Measured) {
	for _, name := range names {
		at := slices.IndexFunc(list, func(m evaluate.Measured) bool { return m.Name == name })
		if at >= 0 {
			picked = append(picked, list[at])
		}
	}
	return picked
}

// shareOf writes a share of things with its interval: "95.0 % of pairs (93.1 – 96.3 %)".
func shareOf(things string, m evaluate.Measured) string {
	return fmt.Sprintf("%.1f %% of %s (%.1f – %.1f %%)", 100*m.Value, things, 100*m.Interval.Low, 100*m.Interval.High)
}

// meanings say in a few words what the metrics are that a person is shown first.
var meanings = map[string]string{
	"accuracy":               "pairs called right at the threshold",
	"auc":                    "a same pair is nearer than a different one",
	"recall@1":               "the nearest image is a right one",
	"recall@5":               "one of the nearest five is a right one",
	"map@r":                  "all right images are nearer than others",
	"mrr":                    "one divided by the rank of the right one",
	"calibration_error":      "how far the probability is off",
	evaluate.MedianRank:      "of the right one, 1 is the nearest",
	evaluate.DetectionRate:   "the nearest is right, and near enough",
	evaluate.FalseAcceptRate: "without the right one, another is near enough",
}

// titled is how a person reads the name of a metric.
func titled(name string) string {
	if name == "accuracy_at_half" {
		return "accuracy at probability 0.5"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// shortTable has a row for each metric, beside that of comparing pixels where b has it.
func shortTable(e *evaluate.Exposure, list []evaluate.Measured, b *evaluate.Baseline) table.Writer {
	header := []string{"metric" + onSeen(e), "value", "95 % interval", "", "what it is"}
	var plain []evaluate.Measured
	if b != nil {
		header = append(header, "by pixels alone")
		plain = slices.Concat(b.Metrics, b.Retrieval)
	}
	t := newTable(header...)
	for _, m := range list {
		number, peer := numberOf(m), ""
		if of := pick(plain, []string{m.Name}); of != nil {
			peer = fmt.Sprintf(number, of[0].Value)
		}
		t.AppendRow(table.Row{titled(m.Name), fmt.Sprintf(number, m.Value), ends(number, m.Interval),
			string(m.Better) + " is better", meanings[m.Name], peer}[:len(header)])
	}
	return t
}

// numberOf is how the value of a metric is written.
func numberOf(m evaluate.Measured) string {
	if m.Name == evaluate.MedianRank {
		return "%g"
	}
	return "%.4f"
}

// ends writes an interval.
func ends(number string, i metric.Interval) string {
	return fmt.Sprintf(number+" – "+number, i.Low, i.High)
}

// question says what an interval is for, and how it was made.
func question(i metric.Interval) string {
	return fmt.Sprintf("%s (%s, %s)", i.Question, i.Method, count(i.Units, "unit"))
}

// ratesTable shows what a stricter or laxer threshold would do, on so many different pairs: a
// row for each rate that these are enough for. It is nil where they are enough for none.
func ratesTable(e *evaluate.Exposure, rates []metric.Rate) table.Writer {
	t := newTable("false accepts at most"+onSeen(e), "threshold", "false accepts", "false rejects")
	rows := 0
	for _, r := range rates {
		if r.Measurable {
			t.AppendRow(table.Row{fmt.Sprintf("%.1f %%", 100*r.Target), fmt.Sprintf("%.4g", r.Threshold),
				fmt.Sprintf("%.2f %%", 100*r.FAR), fmt.Sprintf("%.2f %%", 100*r.FRR)})
			rows++
		}
	}
	if rows == 0 {
		return nil
	}
	return t
}

// unmeasured says which rates so many of a thing are too few for: nothing where they are enough
// for all targets.
func unmeasured(targets []float64, measurable []bool, what string, has int) string {
	var rates []string
	for i, target := range targets {
		if !measurable[i] {
			rates = append(rates, fmt.Sprintf("%.3g %% needs %s", 100*target, commas(distance.Needed(target))))
		}
	}
	if rates == nil {
		return ""
	}
	return fmt.Sprintf("too few %s for some rates, there are %s: %s", what, commas(has), strings.Join(rates, ", "))
}
