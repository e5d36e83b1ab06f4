package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/inference"
)

// evaluateOptions are the options of tfpair evaluate.
type evaluateOptions struct {
	data       dataOptions
	model      modelOptions
	split      string  // measured: train, val or test
	unseen     bool    // measure classes that training never saw
	seen       bool    // images that the training has seen are measured, too
	gallery    string  // split, or path of other data, that is searched; "": see Usage
	seed       uint64  // of drawn pairs
	prevalence float64 // share of same among the pairs of the service
	threshold  thresholdOptions
	few        fewShotOptions
	sheet      sheetOptions
	page       pageOptions
	all        bool // every table is printed
	machine    machineOptions
	output     outputOptions
}

func newEvaluateCommand(streams IO) *cli.Command {
	var o evaluateOptions
	c := &cli.Command{
		Name:  "evaluate",
		Usage: "measure how good a trained network is on labelled images",
		Description: `Measures pairs (same or different?) and retrieval (is the nearest image of the same
class?), each with a 95 % interval.

The threshold is the one that training chose on validation images, or another one of
--threshold or --false-accepts. It is never chosen on the images that are measured.
From class folders as many same as different pairs are drawn. Pairs of a list are
measured as they are. --all prints every number, and --json has every one.

` + examplesHead + `  tfpair evaluate --model demo/run --data demo/pictures
  tfpair evaluate --model demo/run --data demo/pictures --all
  tfpair evaluate --model demo/model --data demo/pictures --sheet examples.png
  tfpair evaluate --model demo/run --data demo/pictures --false-accepts 5%
  tfpair evaluate --model demo/run --data demo/pictures --gallery train
  tfpair evaluate --model demo/run --data demo/pictures --way 5 --shot 1 --episodes 100`,
		Action: func(c *cli.Context) error {
			o.few.drawn, o.few.shaped = c.IsSet("way"), c.IsSet("shot") || c.IsSet("episodes")
			o.threshold.given = c.IsSet("threshold")
			return runEvaluate(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *evaluateOptions) addFlags(c *cli.Command) {
	o.model.addFlags(c)
	o.data.addFlags(c)
	o.addMeasured(c)
	o.threshold.addFlags(c)
	o.few.addFlags(c)
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "all", Destination: &o.all,
		Usage: "print every metric, class and threshold; without it, the numbers to look at first"})
	o.sheet.addFlags(c, "PNG `FILE` to draw examples into: wrong and right pairs, or photos and the label images found")
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "report", Destination: &o.page.path,
		Usage: "HTML `FILE` of a page that shows what was measured, with pictures: see tfpair report"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model", "data")
}

// addMeasured adds the flags that say what is measured of the data.
func (o *evaluateOptions) addMeasured(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "split", Destination: &o.split, Value: "test",
			Usage: "`SPLIT` to measure: train, val or test; test is what training kept for it, or all of other data without splits"},
		&cli.BoolFlag{Name: "unseen-classes", Destination: &o.unseen,
			Usage: "measure the classes that training never saw; a run of train --unseen-classes does so for test without this flag"},
		&cli.BoolFlag{Name: "seen", Destination: &o.seen,
			Usage: "also measure images that were trained on or chose the threshold; the numbers are then too good"},
		&cli.StringFlag{Name: "gallery", Destination: &o.gallery,
			Usage: "`WHERE` to search: a split, or the path of other data (default: the other images of the split, or the label images)"},
		&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`SEED` of drawn pairs; equal seeds give equal numbers"},
		prevalenceFlag(&o.prevalence))
}

func (o evaluateOptions) validate() error {
	err := require("evaluate", given{"model", o.model.folder}, given{"data", o.data.path})
	if err := cmp.Or(err, checkPrevalence(o.prevalence), o.threshold.validate(), o.data.validate(), o.few.validate(), o.model.trust.validate(), o.machine.validate()); err != nil {
		return err
	}
	switch few := o.few.asked(); {
	case few && o.sheet.path != "":
		return usagef("--sheet shows pairs; few-shot classification has none")
	case few && o.page.path != "":
		return usagef("--report shows pairs and searches; few-shot classification has none")
	case few && o.threshold.asked():
		return usagef("--threshold and --false-accepts are of pairs; few-shot classification has none")
	case few && o.gallery != "":
		return usagef("--gallery is for retrieval; few-shot classification has none")
	case few && o.data.reading.bad != "stop":
		return usagef("--bad-images skip would change the episodes; few-shot classification needs every image")
	case !isSplit(o.split):
		return usagef("--split must be train, val or test, got %q", o.split)
	case o.unseen && o.split != dataset.Test.String():
		return usagef("--unseen-classes measures test, got --split %q", o.split)
	}
	if err := o.sheet.validate(); err != nil || o.page.alone {
		return err
	}
	return pageOptions{path: o.page.path, overwrite: o.sheet.overwrite}.validate("report")
}

// isSplit reports whether name is that of a split.
func isSplit(name string) bool { return dataset.SplitNamed(name) != dataset.Unsplit }

// evaluation is the report of a command line: what was measured, and of what.
type evaluation struct {
	Model      string   `json:"model"`
	Checkpoint string   `json:"checkpoint"`
	Step       int      `json:"step"`
	Skipped    []string `json:"skipped,omitempty"`
	Sheet      string   `json:"sheet,omitempty"`
	Page       string   `json:"report,omitempty"`               // HTML file
	Missing    []string `json:"classes_not_measured,omitempty"` // of the data, without an image in the split
	GroupBy    string   `json:"group_by,omitempty"`             // what groups of the data were asked for by; "": its list names them, or there are none
	*evaluate.Report
}

// measuring is an evaluation that is under way.
type measuring struct {
	evaluateOptions
	out   output
	bar   *stages
	data  *dataset.Dataset
	model *inference.Model
}

func runEvaluate(ctx context.Context, o evaluateOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	m := measuring{evaluateOptions: o, out: o.output.on(streams)}
	m.bar = &stages{out: m.out}
	if m.data, err = o.data.open(ctx, m.out); err != nil {
		return err
	}
	defer func() { m.data.Close() }() // read only
	if err := o.lacks(m.data); err != nil {
		return err
	}
	if m.model, err = o.model.open(o.machine); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.model.Close()) }()
	if err := m.group(ctx); err != nil {
		return err
	}
	if err := o.threshold.choose(m.model); err != nil {
		return err
	}
	few, err := o.few.draw(m.data, o.seed)
	switch {
	case err != nil:
		return err
	case few != nil:
		return m.fewShot(ctx, *few)
	case m.data.Kind() == dataset.OfLabelImages && o.gallery == "" && o.threshold.asked():
		return usagef("--threshold and --false-accepts are of pairs; photos of %s are searched among label images", o.data.path)
	case m.data.Kind() == dataset.OfLabelImages && o.gallery == "":
		return m.labels(ctx)
	}
	return m.pairs(ctx)
}

// lacks refuses data that has nothing to measure, as far as that is known before the network is opened.
func (o evaluateOptions) lacks(data *dataset.Dataset) error {
	if o.unseen || o.few.asked() {
		return nil
	}
	s, err := specOf(o.model.folder)
	if err != nil {
		return nil //nolint:nilerr // whoever opens the network says what is wrong with it
	}
	return splitUsage(inference.Lacking(s, data, dataset.SplitNamed(o.split)), "--split")
}

// specOf returns the spec of a run or of an exported model, without opening its network.
func specOf(folder string) (*spec.Spec, error) {
	s, err := storedSpec(folder)
	if err != nil || s != nil {
		return s, err
	}
	info, err := models.Describe(folder)
	if err != nil {
		return nil, err
	}
	return spec.Stored(info.Manifest.Spec, models.ManifestName)
}

// group groups what the model was trained on as the training did, where nothing else says how.
func (m *measuring) group(ctx context.Context) error {
	on, o := m.model.Manifest.Data, m.evaluateOptions.data
	if on.GroupBy == "" || o.groupBy != "" || m.data.Groups != nil || m.data.Name != on.Name {
		return nil
	}
	o.groupBy = on.GroupBy
	data, err := o.open(ctx, m.out)
	var other *dataset.OptionsError // the expression fits no path
	switch {
	case errors.As(err, &other):
		return nil
	case err != nil:
		return err
	case !m.model.TrainedOn(data):
		return data.Close()
	}
	data.Notes = append(data.Notes, "groups are those of the training; --group-by none measures without them")
	m.data, data = data, m.data
	return data.Close()
}

// part returns what is measured.
func (m measuring) part() (dataset.Part, error) {
	if m.unseen {
		return m.model.Unseen(m.data)
	}
	part, err := m.model.Part(m.data, dataset.SplitNamed(m.split))
	return part, splitUsage(err, "--split")
}

// missing returns the names of the classes that part has no image of; nil where classes, and not
// images, were parted.
func (m measuring) missing(part dataset.Part) (names []string) {
	if m.unseen || m.model.Spec.Train.Unseen {
		return nil
	}
	there := map[int32]bool{}
	for _, image := range part.Images {
		there[m.data.Images[image].Class] = true
	}
	for class, name := range m.data.Classes {
		if !there[int32(class)] {
			names = append(names, name)
		}
	}
	return names
}

// sayMissing names the classes that are not measured.
func sayMissing(out output, names []string, of int) {
	if n := len(names); n > 0 {
		shown := names[:min(worstClasses, n)]
		more := ""
		if n > len(shown) {
			more = fmt.Sprintf(" and %d more", n-len(shown))
		}
		out.print("note       %d of %s have no image here and are not measured: %s%s", n, count(of, "class"),
			strings.Join(shown, ", "), more)
	}
}

// splitUsage says of a split that is not there which flag chooses another.
func splitUsage(err error, flag string) error {
	var split *inference.SplitError
	if errors.As(err, &split) {
		return usagef("%v; choose one with %s", err, flag)
	}
	return err
}

// reading returns how images are read, their progress shown.
func (m measuring) reading() inference.Reading {
	r := m.evaluateOptions.data.reading.with(m.bar.of("reading images"))
	r.MeasureSeen, r.NewClasses = m.seen, m.unseen
	return r
}

// pairs measures a model on pairs, listed or drawn, and on retrieval.
func (m measuring) pairs(ctx context.Context) error {
	part, err := m.part()
	if err != nil {
		return err
	}
	searched, err := m.source(part)
	if err != nil {
		return err
	}
	if searched != nil && searched.Data != m.data {
		defer searched.Data.Close() // read only
	}
	report := evaluation{Model: m.model.Name, Checkpoint: m.model.Path, Step: m.model.Manifest.Step, Missing: m.missing(part), GroupBy: m.data.GroupBy}
	report.Report, report.Skipped, err = m.model.Evaluate(ctx, evaluate.Config{Data: m.data, Part: part, Gallery: searched,
		Prevalence: m.prevalence, Seed: m.seed, Progress: m.bar.of("embedding")}, m.reading())
	m.bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	if report.Sheet = m.sheet.path; report.Sheet != "" {
		if err := writeSheet(report.Sheet, m.model.Name, m.data, report.Report); err != nil {
			return err
		}
	}
	if report.Page = m.page.path; report.Page != "" {
		if err := m.writePage(ctx, report, report.Report, nil); err != nil {
			return stopped(ctx, err)
		}
	}
	m.say(report)
	return m.end(report, len(report.Skipped))
}

// say prints a report as far as it is asked for.
func (m measuring) say(report interface {
	sentence() string
	print(out output, data *dataset.Dataset, all bool)
}) {
	switch {
	case m.page.compared:
	case m.page.alone:
		m.out.print("%s", report.sentence())
	default:
		report.print(m.out, m.data, m.all)
	}
}

// end emits the report, says what to do next and, where all else went well, that images were
// skipped.
func (m measuring) end(report any, skipped int) error {
	if err := m.out.emit("summary", report); err != nil {
		return err
	}
	if m.page.path != "" && !m.page.second {
		m.out.print("wrote %s: open it in a browser", m.page.path)
	}
	next, err := m.next()
	if err != nil {
		return err
	}
	if next != nil && !m.page.compared {
		m.out.say("next: %s", next)
	}
	if skipped > 0 {
		return &skippedError{skipped}
	}
	return nil
}

// next returns the command that exports a run that was measured on test; nil of an exported
// model, and of what was measured to choose settings by.
func (m measuring) next() (commandLine, error) {
	isRun, err := inference.IsRun(m.model.Name)
	if err != nil || !isRun || m.split != dataset.Test.String() {
		return nil, err
	}
	return nextExport(m.model.Name, m.evaluateOptions.model.checkpoint, m.model.Manifest.Data.Fingerprint), nil
}
