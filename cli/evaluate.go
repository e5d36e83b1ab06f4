package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/spec"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/train"
	"github.com/tfpair/tfpair/runner/trained"
)

func newEvaluateCommand(streams IO) *cli.Command {
	flags := append(dataFlags(),
		&cli.StringFlag{Name: "model", Usage: "run `FOLDER` of a training"},
		&cli.StringFlag{Name: "checkpoint", Value: "best", Usage: "best (by train.select), last, or a step"},
		&cli.StringFlag{Name: "split", Value: "test", Usage: "train, val or test; data without splits is all test"},
		&cli.Uint64Flag{Name: "seed", Usage: "of drawn pairs and of intervals"})
	return &cli.Command{
		Name:  "evaluate",
		Usage: "say how good a trained network is on labelled images",
		Description: "The threshold is the one that training calibrated on validation data, never one of the\n" +
			"data measured. Class folders have balanced pairs drawn from them; lists are taken as they are.",
		Flags:  append(append(flags, machineFlags()...), outputFlags()...),
		Action: func(c *cli.Context) error { return runEvaluate(c, newOutput(c, streams)) },
	}
}

// evaluation is the report of a command line: what was measured, and of what.
type evaluation struct {
	Model      string   `json:"model"`
	Checkpoint string   `json:"checkpoint"`
	Step       int      `json:"step"`
	Skipped    []string `json:"skipped,omitempty"`
	*evaluate.Report
}

func runEvaluate(c *cli.Context, out output) (err error) {
	if err := need(c, "model", "data"); err != nil {
		return err
	}
	o, err := sessionOptions(c)
	if err != nil {
		return err
	}
	skip, err := skipShare(c)
	if err != nil {
		return err
	}
	data, err := openData(c)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	model, err := trained.Open(c.String("model"), c.String("checkpoint"), o)
	if err != nil {
		return err
	}
	defer model.Close() // nothing is left in it
	part, err := choosePart(data, c.String("split"), model.Spec)
	if err != nil {
		return err
	}
	threshold, err := model.Threshold()
	if err != nil {
		return err
	}
	so := storeOptions(c)
	if so.Resizer, err = resize.New(resize.Options{Size: model.Spec.Input.Size,
		Mode: model.Spec.Input.Resize, Filter: model.Spec.Input.Filter}); err != nil {
		return err
	}
	store := pipeline.NewStore(data, so)
	defer store.Close() // a cache
	bar := newProgress(out, "reading images", len(part.Images), time.Now)
	bad, err := store.Prepare(c.Context, part.Images, func(done, total int) { bar.at(done, total, "") })
	bar.done()
	if err != nil {
		return stopped(c.Context, err)
	}
	if budget := int(math.Ceil(skip * float64(len(part.Images)))); len(bad) > budget {
		return &train.BadImagesError{Images: bad, Total: len(part.Images), Budget: budget}
	}
	report := evaluation{Model: c.String("model"), Checkpoint: model.Path, Step: model.Step}
	without := map[int32]bool{}
	for _, b := range bad {
		without[b.Image] = true
		report.Skipped = append(report.Skipped, b.Path)
	}
	embedding := newProgress(out, "embedding", len(part.Images), time.Now)
	report.Report, err = evaluate.Run(c.Context, evaluate.Config{Model: model, Store: store, Data: data,
		Part: part.Without(without), Threshold: threshold, Cosine: model.Spec.Distance.Name == "cosine",
		Seed: c.Uint64("seed"), Progress: func(done, total int) { embedding.at(done, total, "") }})
	embedding.done()
	if err != nil {
		return stopped(c.Context, err)
	}
	report.print(out, data)
	if err := out.emit("summary", report); err != nil {
		return err
	}
	if len(bad) > 0 {
		return &skippedError{len(bad)}
	}
	return nil
}

// choosePart returns the part of data that split names. Data that names no splits
// is all test; its train and val are what a training with s makes of it.
func choosePart(data *dataset.Dataset, split string, s *spec.Spec) (dataset.Part, error) {
	want := dataset.Split(split)
	switch want {
	case dataset.Test:
		if len(data.Splits()) == 0 {
			part := data.In("")
			part.Split = dataset.Test
			return part, nil
		}
	case dataset.Train, dataset.Val:
		o := dataset.SplitOptions{Val: s.Train.Val, Seed: uint64(s.Train.Seed)}
		if err := data.Assign(o); err != nil {
			return dataset.Part{}, err
		}
	default:
		return dataset.Part{}, usagef("--split must be train, val or test, got %q", split)
	}
	if splits := data.Splits(); !slices.Contains(splits, want) {
		var names []string
		for _, s := range splits {
			names = append(names, string(s))
		}
		return dataset.Part{}, usagef("%s has no split %q (it has: %s); choose one with --split", data.Name,
			want, strings.Join(names, ", "))
	}
	return data.In(want), nil
}

// print writes the report for a person.
func (e evaluation) print(out output, data *dataset.Dataset) {
	classes := ""
	if e.Classes > 0 {
		classes = fmt.Sprintf(" in %d classes", e.Classes)
	}
	out.print("model      %s, step %d", e.Model, e.Step)
	out.print("data       %s, %s: %s%s", data.Name, e.Split, count(e.Images, "image"), classes)
	out.print("pairs      %s: %s same, %s different (%s)", commas(e.Pairs), commas(e.Same),
		commas(e.Different), e.PairSource)
	out.print("threshold  same where distance <= %.4g (from %s)", e.Threshold.Value, e.Threshold.Source)
	for _, note := range data.Notes {
		out.print("note       %s", note)
	}
	for _, path := range e.Skipped {
		out.print("skipped    %s", path)
	}
	t := newTable("metric", "value", "95 % interval", "")
	rows := slices.Clone(e.Metrics)
	if e.AccuracyHalf != nil {
		rows = append(rows, *e.AccuracyHalf)
	}
	for _, m := range append(rows, e.Retrieval...) {
		t.AppendRow(table.Row{strings.ReplaceAll(m.Name, "_", " "), fmt.Sprintf("%.4f", m.Value),
			fmt.Sprintf("%.4f – %.4f", m.Interval.Low, m.Interval.High), string(m.Better) + " is better"})
	}
	out.print("\n%s", t.Render())
	out.print("\nintervals: %s; %s", e.Metrics[0].Interval.Method, count(e.Metrics[0].Interval.Units, "unit"))
	if len(e.Retrieval) > 0 {
		out.print("retrieval: each image asks for the nearest other; %s; %s left out, alone in their class",
			e.Retrieval[0].Interval.Method, count(e.Excluded, "image"))
	}
	out.print("\n%s", ratesTable(e.Rates).Render())
}

// ratesTable shows what a stricter or laxer threshold would do.
func ratesTable(rates []metric.Rate) table.Writer {
	t := newTable("false accepts at most", "threshold", "false accepts", "false rejects")
	for _, r := range rates {
		row := table.Row{fmt.Sprintf("%.1f %%", 100*r.Target), "too few different pairs to say", "", ""}
		if r.Measurable {
			row = table.Row{row[0], fmt.Sprintf("%.4g", r.Threshold), fmt.Sprintf("%.2f %%", 100*r.FAR),
				fmt.Sprintf("%.2f %%", 100*r.FRR)}
		}
		t.AppendRow(row)
	}
	return t
}

// newTable returns an empty table in the house style.
func newTable(header ...string) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = 0
	t.SetStyle(style)
	row := make(table.Row, len(header))
	for i, h := range header {
		row[i] = h
	}
	t.AppendHeader(row)
	return t
}
