package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// worstClasses is how many classes a person is shown: what fits beside the rest.
const worstClasses = 10

// printAll writes every table of the report.
func (e evaluation) printAll(out output) {
	t := newTable("metric"+onSeen(e.Exposure), "value", "95 % interval", "")
	for _, m := range e.ofPairs() {
		t.AppendRow(table.Row{titled(m.Name), fmt.Sprintf("%.4f", m.Value), ends("%.4f", m.Interval),
			string(m.Better) + " is better"})
	}
	out.print("\n%s", t)
	e.printWrong(out)
	e.printFolds(out)
	out.print("\nintervals: for %s%s", question(e.Metrics[0].Interval), onSeen(e.Exposure))
	e.printProbability(out)
	e.printRates(out)
	e.printRetrieval(out)
	printOpenSet(out, e.Exposure, e.OpenSet)
	e.printBaseline(out)
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
	out.print("\nat the threshold: %s of %s different pairs are called same, %s of %s same pairs are called different%s",
		percent(w.FalseAccepts), commas(int(w.Different)), percent(w.FalseRejects), commas(int(w.Same)), onSeen(e.Exposure))
	sayBroken(out, e.Threshold, w.FalseAccepts, "different pairs")
}

// sayBroken says that a threshold accepts more of what it should refuse than it was chosen to.
func sayBroken(out output, t distance.Threshold, accepted evaluate.Measured, of string) {
	if t.Broken(accepted.Interval.Low) {
		out.print("caution    the threshold was chosen to accept at most %.3g %% of %s, and here it accepts more: choose it on more images, "+
			"and on such as these, or for a smaller share", 100*t.FalseAccepts, of)
	}
}

// printFolds says what the protocol of the data comes to, as its paper has it.
func (e evaluation) printFolds(out output) {
	if f := e.Folds; f != nil {
		out.print("\n%d folds, each at the threshold of the others: accuracy %.4f ± %.4f (mean, standard error)%s",
			len(f.Accuracy), f.Mean, f.StandardError, onSeen(e.Exposure))
	}
}

// printPaper says what papers report of the data, as they write it.
func (e evaluation) printPaper(out output, data *dataset.Dataset) {
	if len(data.Recalls) == 0 || len(e.Retrieval) == 0 {
		return
	}
	var names, values []string
	written := strings.NewReplacer("recall@", "R@", "map@r", "MAP@R")
	for _, k := range data.Recalls {
		names = append(names, fmt.Sprintf("recall@%d", k))
	}
	for _, m := range pick(e.Retrieval, append(names, "map@r")) {
		values = append(values, fmt.Sprintf("%s %.1f", written.Replace(m.Name), 100*m.Value))
	}
	out.print("\nas papers have it: %s%s", strings.Join(values, " | "), onSeen(e.Exposure))
}

// printProbability says what the numbers of the probability are for, and what is chance in them.
func (e evaluation) printProbability(out output) {
	if p := e.Probability; p != nil {
		out.print("probability: for a service that sees %.3g %% same pairs, and --prevalence says how many yours sees; "+
			"by chance alone so few images give a calibration error of %.4f", 100*p.Prevalence, p.ByChance)
	}
}

// printRates says what other thresholds do, on all pairs of the images where they have classes.
func (e evaluation) printRates(out output) {
	different := e.Different
	if all := e.EveryPair; all != nil {
		different = int(all.Different)
		out.print("\nall %s pairs of %s, each counting once: auc %.4f (%s); the auc above is of %s drawn pairs, "+
			"each class counting the same%s", commas(int(all.Same+all.Different)), count(all.Images, "image"),
			all.AUC.Value, ends("%.4f", all.AUC.Interval), commas(e.Pairs), onSeen(e.Exposure))
	}
	if t := ratesTable(e.Exposure, e.Rates); t != nil {
		out.print("\n%s", t)
	}
	var targets []float64
	var measurable []bool
	for _, r := range e.Rates {
		targets, measurable = append(targets, r.Target), append(measurable, r.Measurable)
	}
	if few := unmeasured(targets, measurable, "different pairs", different); few != "" {
		out.print("\n%s", few)
	}
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
	out.print("\nbaseline without a network, %s compared by Euclidean distance: %s%s", e.Baseline.Name,
		strings.Join(of, ", "), onSeen(e.Exposure))
}

// printRetrieval says what was searched, how well, and which classes are found worst.
func (e evaluation) printRetrieval(out output) {
	if len(e.Retrieval) == 0 {
		return
	}
	where, left, searched := "the nearest other", "alone in their class", e.Images-1
	if e.Gallery != nil {
		searched = e.Gallery.Images
		where = fmt.Sprintf("the nearest of %s", count(e.Gallery.Images, e.Gallery.Split+" image"))
		if e.Gallery.Split == "" {
			where = fmt.Sprintf("the nearest of %s of %s", count(e.Gallery.Images, "image"), e.Gallery.Data)
		}
		left = "their class is not there"
	}
	out.print("\nretrieval: each image asks for %s; for %s; %s left out, %s%s", where,
		question(e.Retrieval[0].Interval), count(e.Excluded, "image"), left, onSeen(e.Exposure))
	of, t := telling(e.Retrieval, e.FewestRight, searched), newMeasuredTable(e.Exposure)
	appendMeasured(t, "", of.list...)
	printTold(out, t, of)
	t = newTable("class"+onSeen(e.Exposure), "queries", "recall@1", "r precision", "map@r")
	list := worst(e.PerClass)
	for _, c := range list[:min(worstClasses, len(list))] {
		t.AppendRow(table.Row{c.Class, c.Queries, fmt.Sprintf("%.4f", c.Metrics["recall@1"]),
			fmt.Sprintf("%.4f", c.Metrics["r_precision"]), fmt.Sprintf("%.4f", c.Metrics["map@r"])})
	}
	out.print("\n%s", t)
	sayMoreClasses(out, len(list))
}

// sayMoreClasses says that a table of so many classes does not show all.
func sayMoreClasses(out output, classes int) {
	if more := classes - worstClasses; more > 0 {
		out.print("\nthe %d classes of lowest recall@1; --json has the other %d, too", worstClasses, more)
	}
}

// told is metrics, and which of them were left out because they say nothing.
type told struct {
	list []evaluate.Measured
	left string // "" none
}

// telling leaves out what says nothing: a precision of k nearest where a class has fewer than k
// right answers, so that it is a recall of all of them, and a recall among k nearest where no
// more are searched, which is 1 whatever the model does.
func telling(list []evaluate.Measured, fewestRight, searched int) (t told) {
	var few, all []string
	for _, m := range list {
		var k int
		switch {
		case at(m.Name, "precision@%d", &k) && k > fewestRight:
			few = append(few, m.Name)
		case at(m.Name, "recall@%d", &k) && k > 1 && k >= searched:
			all = append(all, m.Name)
		default:
			t.list = append(t.list, m)
		}
	}
	var why []string
	if few != nil {
		why = append(why, fmt.Sprintf("%s, because a class has only %s to find", strings.Join(few, " and "),
			count(fewestRight, "image")))
	}
	if all != nil {
		why = append(why, fmt.Sprintf("%s, because only %s are searched and all are answers", strings.Join(all, " and "),
			count(searched, "image")))
	}
	if why != nil {
		t.left = "left out: " + strings.Join(why, "; ")
	}
	return t
}

// at reports whether name is of a pattern, and reads its number.
func at(name, pattern string, k *int) bool {
	_, err := fmt.Sscanf(name, pattern, k)
	return err == nil
}

// printTold writes a table of metrics, and says which were left out.
func printTold(out output, t table.Writer, of told) {
	out.print("\n%s", t)
	if of.left != "" {
		out.print("%s", of.left)
	}
}

// newMeasuredTable has a row for each metric of searches.
func newMeasuredTable(e *evaluate.Exposure) table.Writer {
	return newTable("metric"+onSeen(e), "value", "95 % interval", "mean of classes", "95 % interval", "")
}

// appendMeasured adds a row for each metric.
func appendMeasured(t table.Writer, prefix string, list ...evaluate.Measured) {
	for _, m := range list {
		number := numberOf(m)
		macro, between := "", ""
		if m.Macro != nil {
			macro, between = fmt.Sprintf(number, m.Macro.Value), ends(number, m.Macro.Interval)
		}
		t.AppendRow(table.Row{prefix + titled(m.Name), fmt.Sprintf(number, m.Value),
			ends(number, m.Interval), macro, between, string(m.Better) + " is better"})
	}
}
