package cli

import (
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
	Page       string   `json:"report,omitempty"`               // as in evaluation
	Missing    []string `json:"classes_not_measured,omitempty"` // of the data, without a photo in the split
	GroupBy    string   `json:"group_by,omitempty"`             // as in evaluation
	*evaluate.LabelReport
}

// labels searches photos among the label images of their list and of the training.
func (m measuring) labels(ctx context.Context) error {
	part, err := m.part()
	if err != nil {
		return err
	}
	report := labelEvaluation{Model: m.model.Name, Checkpoint: m.model.Path, Step: m.model.Manifest.Step, Missing: m.missing(part),
		GroupBy: m.data.GroupBy}
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
	if report.Page = m.page.path; report.Page != "" {
		if err := m.writePage(ctx, report, nil, report.LabelReport); err != nil {
			return stopped(ctx, err)
		}
	}
	m.say(report)
	return m.end(report, len(report.Skipped))
}

// labelHeadline are the metrics that a person is shown, in this order.
var labelHeadline = []string{"recall@1", "recall@5", "mrr", evaluate.MedianRank, evaluate.DetectionRate,
	evaluate.FalseAcceptRate}

// print writes the report for a person, every table of it where all is asked for.
func (e labelEvaluation) print(out output, data *dataset.Dataset, all bool) {
	e.printHead(out, data)
	out.print("\n%s", e.sentence())
	sayDoubts(out, e.Exposure, nil)
	list := slices.Clone(e.Retrieval)
	if e.None != nil {
		list = append(list, e.None.Detected, e.None.FalseAccepts)
	}
	if of := telling(list, 1, e.Searched.Images); all {
		e.printAll(out, of)
	} else {
		out.print("\n%s", shortTable(e.Exposure, pick(of.list, labelHeadline), nil))
		sayAll(out)
	}
	if e.None != nil {
		sayBroken(out, e.None.Above, e.None.FalseAccepts, "strangers")
	}
	if e.Sheet != "" {
		out.print("\nwrote %s: photos and what they found, wrongly and rightly", e.Sheet)
	}
}

// printHead says what was measured.
func (e labelEvaluation) printHead(out output, data *dataset.Dataset) {
	out.print("model      %s, step %d", e.Model, e.Step)
	out.print("data       %s, %s: %s in %s", data.Name, e.Split, count(e.Images, "photo"),
		count(e.Classes, "class"))
	out.print("searched   %s: %s of the model, %s embedded now", count(e.Searched.Images, "label image"),
		commas(e.Searched.OfModel), commas(e.Searched.Embedded))
	if e.None != nil {
		out.print("threshold  none of these where distance > %.4g (from %s)", e.None.Above.Value, e.None.Above.Source)
	}
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
func (e labelEvaluation) sentence() string {
	return fmt.Sprintf("On %s%s: of %s the nearest is the right one for %s.", count(e.Images, "photo"),
		seenIn(e.Exposure), count(e.Searched.Images, "label image"), shareOf("photos", pick(e.Retrieval, []string{"recall@1"})[0]))
}

// printAll writes every table of the report.
func (e labelEvaluation) printAll(out output, of told) {
	t := newMeasuredTable(e.Exposure)
	appendMeasured(t, "", of.list...)
	appendMeasured(t, "coarse ", telling(e.Coarse, 1, e.Searched.Images).list...)
	printTold(out, t, of)
	out.print("\nintervals: for %s%s", question(e.Retrieval[0].Interval), onSeen(e.Exposure))
	printOpenSet(out, e.Exposure, e.OpenSet)
	e.printClasses(out)
}

// printClasses shows the classes that are found worst.
func (e labelEvaluation) printClasses(out output) {
	list := worst(e.PerClass)
	t := newTable("class"+onSeen(e.Exposure), "photos", "recall@1", "recall@5", "median rank")
	for _, c := range list[:min(worstClasses, len(list))] {
		t.AppendRow(table.Row{c.Class, c.Queries, fmt.Sprintf("%.4f", c.Metrics["recall@1"]),
			fmt.Sprintf("%.4f", c.Metrics["recall@5"]), fmt.Sprintf("%g", c.Metrics[evaluate.MedianRank])})
	}
	out.print("\n%s", t)
	sayMoreClasses(out, len(list))
}
