package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// labelEvaluation is the report of a command line: what was searched, and by what.
type labelEvaluation struct {
	Model      string   `json:"model"`
	Checkpoint string   `json:"checkpoint"`
	Step       int      `json:"step"`
	Skipped    []string `json:"skipped,omitempty"`
	Sheet      string   `json:"sheet,omitempty"`
	*evaluate.LabelReport
}

// labels searches photos among the label images of their list and of the training.
func (m measuring) labels(ctx context.Context) error {
	part, err := m.part()
	if err != nil {
		return err
	}
	report := labelEvaluation{Model: m.model.Name, Checkpoint: m.model.Path, Step: m.model.Manifest.Step}
	report.LabelReport, report.Skipped, err = m.model.EvaluateLabels(ctx, evaluate.LabelConfig{Data: m.data, Part: part,
		Seed: m.seed, Progress: m.bar.of("embedding")}, m.reading())
	m.bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	if report.Sheet = m.sheet.path; report.Sheet != "" {
		if err := writeLabelSheet(report.Sheet, m.model.Name, m.data, report.LabelReport); err != nil {
			return err
		}
	}
	report.print(m.out, m.data)
	return m.end(report, len(report.Skipped))
}

// print writes the report for a person.
func (e labelEvaluation) print(out output, data *dataset.Dataset) {
	out.print("model      %s, step %d", e.Model, e.Step)
	out.print("data       %s, %s: %s in %s", data.Name, e.Split, count(e.Images, "photo"),
		count(e.Classes, "class"))
	out.print("searched   %s: %s of the model, %s embedded now", count(e.Searched.Images, "label image"),
		commas(e.Searched.OfModel), commas(e.Searched.Embedded))
	if e.None != nil {
		out.print("none       of these where the nearest is farther than %.4g (from %s)", e.None.Above.Value,
			e.None.Above.Source)
	}
	for _, note := range data.Notes {
		out.print("note       %s", note)
	}
	for _, path := range e.Skipped {
		out.print("skipped    %s", path)
	}
	sayExposure(out, e.Exposure)
	t := newMeasuredTable(e.Exposure)
	appendMeasured(t, "", e.Retrieval...)
	appendMeasured(t, "coarse ", e.Coarse...)
	if e.None != nil {
		appendMeasured(t, "", e.None.Detected, e.None.FalseAccepts)
	}
	out.print("\n%s", t)
	out.print("\nintervals: for %s%s", question(e.Retrieval[0].Interval), onSeen(e.Exposure))
	if e.None != nil {
		out.print("detection rate: photos whose nearest is accepted and right; false accept rate: photos " +
			"for which\nanother is accepted where their own is taken out")
	}
	printOpenSet(out, e.OpenSet)
	e.printClasses(out)
	if e.Sheet != "" {
		out.print("\nwrote %s: photos and what they found, wrongly and rightly", e.Sheet)
	}
}

// printClasses shows the classes that are found worst.
func (e labelEvaluation) printClasses(out output) {
	worst := slices.SortedStableFunc(slices.Values(e.PerClass), func(a, b evaluate.Class) int {
		return cmp.Compare(a.Metrics["recall@1"], b.Metrics["recall@1"])
	})
	t := newTable("class", "photos", "recall@1", "recall@5", "median rank")
	for _, c := range worst[:min(worstClasses, len(worst))] {
		t.AppendRow(table.Row{c.Class, c.Queries, fmt.Sprintf("%.4f", c.Metrics["recall@1"]),
			fmt.Sprintf("%.4f", c.Metrics["recall@5"]), fmt.Sprintf("%g", c.Metrics[evaluate.MedianRank])})
	}
	out.print("\n%s", t)
	if more := len(worst) - worstClasses; more > 0 {
		out.print("\nthe %d classes of lowest recall@1; --json has the other %d, too", worstClasses, more)
	}
}
