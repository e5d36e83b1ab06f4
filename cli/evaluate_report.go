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

// print writes the report for a person.
func (e evaluation) print(out output, data *dataset.Dataset) {
	classes := ""
	if e.Classes > 0 {
		classes = " in " + count(e.Classes, "class")
	}
	out.print("model      %s, step %d", e.Model, e.Step)
	out.print("data       %s, %s: %s%s", data.Name, e.Split, count(e.Images, "image"), classes)
	out.print("pairs      %s: %s same, %s different (%s)", commas(e.Pairs), commas(e.Same),
		commas(e.Different), e.PairSource)
	out.print("threshold  same where distance <= %.4g (from %s)", e.Threshold.Value, e.Threshold.Source)
	for _, doubt := range e.Doubts {
		out.print("caution    %s", doubt)
	}
	for _, note := range data.Notes {
		out.print("note       %s", note)
	}
	for _, path := range e.Skipped {
		out.print("skipped    %s", path)
	}
	sayExposure(out, e.Exposure)
	t := newMeasuredTable(e.Exposure)
	rows := slices.Clone(e.Metrics)
	if e.AccuracyHalf != nil {
		rows = append(rows, *e.AccuracyHalf)
	}
	if p := e.Probability; p != nil {
		rows = append(rows, p.Brier, p.CalibrationError)
	}
	appendMeasured(t, "", append(rows, e.Retrieval...)...)
	out.print("\n%s", t)
	e.printWrong(out)
	out.print("\nintervals: for %s", question(e.Metrics[0].Interval)+onSeen(e.Exposure))
	if p := e.Probability; p != nil {
		out.print("probability: brier and calibration error are for a service that sees %.3g %% same pairs; "+
			"--prevalence says how many yours sees", 100*p.Prevalence)
	}
	e.printRetrieval(out)
	different := e.Different
	if all := e.EveryPair; all != nil {
		different = int(all.Different)
		out.print("\nall pairs of %s: auc %.4f (%s) where each pair counts the same; above each class does",
			count(all.Images, "image"), all.AUC.Value, ends("%.4f", all.AUC.Interval))
	}
	out.print("\n%s", ratesTable(e.Rates, different))
	printOpenSet(out, e.OpenSet)
	e.printBaseline(out)
	if e.Sheet != "" {
		out.print("\nwrote %s: pairs called wrongly, and some called right", e.Sheet)
	}
}

// printWrong says what the threshold decides wrongly.
func (e evaluation) printWrong(out output) {
	w := e.Wrong
	if w == nil {
		return
	}
	percent := func(m evaluate.Measured) string {
		return fmt.Sprintf("%.2f %% (%.2f – %.2f %%)", 100*m.Value, 100*m.Interval.Low, 100*m.Interval.High)
	}
	out.print("\nat the threshold: %s of %s different pairs are called same, %s of %s same pairs are called different",
		percent(w.FalseAccepts), commas(int(w.Different)), percent(w.FalseRejects), commas(int(w.Same)))
}

// printBaseline says what comparing pixels comes to.
func (e evaluation) printBaseline(out output) {
	if e.Baseline == nil {
		return
	}
	var of []string
	for _, m := range slices.Concat(e.Baseline.Metrics, e.Baseline.Retrieval) {
		if m.Name == "auc" || m.Name == "recall@1" || m.Name == "map@r" {
			of = append(of, fmt.Sprintf("%s %.4f (%s)", m.Name, m.Value, within(m.Interval.Low, m.Interval.High)))
		}
	}
	out.print("\nbaseline without a network, %s compared by Euclidean distance: %s", e.Baseline.Name,
		strings.Join(of, ", "))
}

// printRetrieval says what was searched, and which classes are found worst.
func (e evaluation) printRetrieval(out output) {
	if len(e.Retrieval) == 0 {
		return
	}
	where, left := "the nearest other", "alone in their class"
	if e.Gallery != nil {
		where = fmt.Sprintf("the nearest of %s", count(e.Gallery.Images, e.Gallery.Split+" image"))
		if e.Gallery.Split == "" {
			where = fmt.Sprintf("the nearest of %s of %s", count(e.Gallery.Images, "image"), e.Gallery.Data)
		}
		left = "their class is not there"
	}
	out.print("retrieval: each image asks for %s; for %s; %s left out, %s", where,
		question(e.Retrieval[0].Interval), count(e.Excluded, "image"), left)
	worst := slices.SortedStableFunc(slices.Values(e.PerClass), func(a, b evaluate.Class) int {
		return cmp.Compare(a.Metrics["recall@1"], b.Metrics["recall@1"])
	})
	t := newTable("class", "queries", "recall@1", "r precision", "map@r")
	for _, c := range worst[:min(worstClasses, len(worst))] {
		t.AppendRow(table.Row{c.Class, c.Queries, fmt.Sprintf("%.4f", c.Metrics["recall@1"]),
			fmt.Sprintf("%.4f", c.Metrics["r_precision"]), fmt.Sprintf("%.4f", c.Metrics["map@r"])})
	}
	out.print("\n%s", t)
	if more := len(worst) - worstClasses; more > 0 {
		out.print("\nthe %d classes of lowest recall@1; --json has the other %d, too", worstClasses, more)
	}
}

// newMeasuredTable has a row for each metric.
func newMeasuredTable(e *evaluate.Exposure) table.Writer {
	return newTable("metric"+onSeen(e), "value", "95 % interval", "each class alike", "95 % interval", "")
}

// appendMeasured adds a row for each metric.
func appendMeasured(t table.Writer, prefix string, list ...evaluate.Measured) {
	for _, m := range list {
		number := "%.4f"
		if m.Name == evaluate.MedianRank {
			number = "%g"
		}
		macro, between := "", ""
		if m.Macro != nil {
			macro, between = fmt.Sprintf(number, m.Macro.Value), ends(number, m.Macro.Interval)
		}
		t.AppendRow(table.Row{prefix + strings.ReplaceAll(m.Name, "_", " "), fmt.Sprintf(number, m.Value),
			ends(number, m.Interval), macro, between, string(m.Better) + " is better"})
	}
}

// ends writes an interval.
func ends(number string, i metric.Interval) string {
	return fmt.Sprintf(number+" – "+number, i.Low, i.High)
}

// question says what an interval is for, and how it was made.
func question(i metric.Interval) string {
	return fmt.Sprintf("%s (%s, %s)", i.Question, i.Method, count(i.Units, "unit"))
}

// worstClasses is how many classes a person is shown: what fits beside the rest.
const worstClasses = 10

// ratesTable shows what a stricter or laxer threshold would do, on so many different pairs.
func ratesTable(rates []metric.Rate, different int) table.Writer {
	t := newTable("false accepts at most", "threshold", "false accepts", "false rejects")
	for _, r := range rates {
		row := table.Row{fmt.Sprintf("%.1f %%", 100*r.Target), fmt.Sprintf("needs %s different pairs, has %s",
			commas(distance.Needed(r.Target)), commas(different)), "", ""}
		if r.Measurable {
			row = table.Row{row[0], fmt.Sprintf("%.4g", r.Threshold), fmt.Sprintf("%.2f %%", 100*r.FAR),
				fmt.Sprintf("%.2f %%", 100*r.FRR)}
		}
		t.AppendRow(row)
	}
	return t
}
