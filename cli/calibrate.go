package cli

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
)

// calibrateOptions are the options of tfpair calibrate.
type calibrateOptions struct {
	model        string // folder of an exported model
	data         dataOptions
	split        string           // "": val, or all of data without splits
	seen         bool             // images that the training has seen are used, too
	seed         uint64           // of drawn pairs
	threshold    thresholdOptions // or one of the next two
	falseRejects string           // a share; "": not given
	max          string           // what is to be largest; "": not given
	out          string           // folder of versions; "": that of the model
	trust        trustOptions
	machine      machineOptions
	output       outputOptions
}

func newCalibrateCommand(streams IO) *cli.Command {
	var o calibrateOptions
	c := &cli.Command{
		Name:  "calibrate",
		Usage: "give an exported model another threshold",
		Description: `Chooses the threshold on pairs of yours, or on what the model keeps of validation, and
writes the next version of the model with it. Weights and embeddings stay as they are,
so every index goes on working. With --data the probability is fitted to the pairs, too.

Without --false-accepts, --false-rejects, --max and --threshold the threshold is the
one of best accuracy. Do not evaluate the model on pairs that chose its threshold.

` + examplesHead + `  tfpair calibrate --model demo/model --false-accepts 5%
  tfpair calibrate --model demo/model --data demo/pictures --split test --max f1`,
		Action: func(c *cli.Context) error {
			o.threshold.given = c.IsSet("threshold")
			return runCalibrate(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *calibrateOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "model", Destination: &o.model,
		Usage: "`FOLDER` of an exported model"})
	o.data.addFlags(c)
	o.threshold.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "false-rejects", Destination: &o.falseRejects,
			Usage: "`SHARE` of same pairs that may be called different, such as 1%"},
		&cli.StringFlag{Name: "max", Destination: &o.max, DefaultText: distance.Accuracy,
			Usage: "`METRIC` that the threshold makes largest: accuracy or f1"},
		&cli.StringFlag{Name: "split", Destination: &o.split,
			Usage: "`SPLIT` of the data to choose on: train, val or test (default: val, or all of data without splits)"},
		&cli.BoolFlag{Name: "seen", Destination: &o.seen,
			Usage: "also choose on images that the training has seen; the threshold then promises too much"},
		&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`SEED` of drawn pairs; equal seeds give equal thresholds"},
		&cli.StringFlag{Name: "out", Destination: &o.out, DefaultText: "that of the model",
			Usage: "`FOLDER` of versions that the new one is added to"})
	o.trust.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model")
}

func (o calibrateOptions) validate() error {
	if err := require("calibrate", given{"model", o.model}); err != nil {
		return err
	}
	_, err := parseShare("--false-rejects", o.falseRejects)
	if err := cmp.Or(o.threshold.validate(), err, o.trust.validate(), o.machine.validate()); err != nil {
		return err
	}
	var rules []string
	for _, r := range []struct {
		flag  string
		given bool
	}{{"--threshold", o.threshold.given}, {"--false-accepts", o.threshold.falseAccepts != ""},
		{"--false-rejects", o.falseRejects != ""}, {"--max", o.max != ""}} {
		if r.given {
			rules = append(rules, r.flag)
		}
	}
	switch {
	case len(rules) > 1:
		return usagef("%s each choose the threshold; give one of them", strings.Join(rules, " and "))
	case len(rules) == 0 && o.data.path == "":
		return usagef("calibrate needs --data, or one of --false-accepts, --false-rejects, --max and --threshold")
	case o.max != "" && o.max != distance.Accuracy && o.max != distance.F1:
		return usagef("--max must be %s or %s, got %q", distance.Accuracy, distance.F1, o.max)
	case o.threshold.given && o.data.path != "":
		return usagef("--data chooses the threshold, and --threshold gives it; give one of them")
	case o.data.path == "":
		return nil
	case o.split != "" && !isSplit(o.split):
		return usagef("--split must be train, val or test, got %q", o.split)
	}
	return o.data.validate()
}

// rule returns how the threshold is chosen.
func (o calibrateOptions) rule() (r distance.Rule, err error) {
	r.Max = o.max
	if r.FalseAccepts, err = parseShare("--false-accepts", o.threshold.falseAccepts); err == nil {
		r.FalseRejects, err = parseShare("--false-rejects", o.falseRejects)
	}
	return r, err
}

// calibrated is the result of tfpair calibrate.
type calibrated struct {
	Model     string             `json:"model"` // folder of the version
	Version   int                `json:"version"`
	Space     string             `json:"embedding_space"`
	Before    distance.Threshold `json:"threshold_before"`
	Threshold distance.Threshold `json:"threshold"`
	Exposure  *evaluate.Exposure `json:"exposure,omitempty"` // nil: no images were read
	Doubts    []string           `json:"doubts,omitempty"`
	Skipped   []string           `json:"skipped,omitempty"`
	Seen      int                `json:"seen,omitempty"` // images whose hashes it carries, where a threshold was chosen on data
}

func runCalibrate(ctx context.Context, o calibrateOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	isRun, err := inference.IsRun(o.model)
	if err != nil {
		return err
	}
	if isRun {
		return usagef("%s is a run, which stays as it was trained: export it first (tfpair export --run %s --out MODEL), "+
			"or train with --set train.threshold", o.model, o.model)
	}
	model, err := modelOptions{folder: o.model, trust: o.trust}.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	if o.out == "" {
		if _, err := export.VersionOf(model.Path); err != nil {
			return usagef("%v; say with --out where the new version goes", err)
		}
		o.out = filepath.Dir(model.Path)
	}
	k, err := o.choose(ctx, model, out)
	if err != nil {
		return stopped(ctx, err)
	}
	r, err := export.Rewrite{Model: model.Path, Manifest: k.Manifest, Seen: k.Seen, Out: o.out, Session: o.machine.session(), Trust: o.trust.trusted(),
		Tool: "tfpair " + programVersion()}.Run(ctx)
	if err != nil {
		return stopped(ctx, err)
	}
	return showCalibrated(out, model, k, r)
}

// choose chooses the threshold, on data where there is some.
func (o calibrateOptions) choose(ctx context.Context, m *inference.Model, out output) (*inference.Calibration, error) {
	if o.threshold.given {
		return m.RecalibrateTo(distance.Threshold{Value: o.threshold.value, Source: "calibrate --threshold"})
	}
	rule, err := o.rule()
	if err != nil {
		return nil, err
	}
	if o.data.path == "" {
		return m.Recalibrate(rule)
	}
	data, err := o.data.open(ctx, out)
	if err != nil {
		return nil, err
	}
	defer data.Close() // read only
	part, err := o.part(m, data)
	if err != nil {
		return nil, err
	}
	bar := stages{out: out}
	defer bar.end()
	r := o.data.reading.with(bar.of("reading images"))
	r.MeasureSeen = o.seen
	return m.Calibrate(ctx, evaluate.Config{Data: data, Part: part, Seed: o.seed, Progress: bar.of("embedding")}, rule, r)
}

// part returns what the threshold is chosen on.
func (o calibrateOptions) part(m *inference.Model, data *dataset.Dataset) (dataset.Part, error) {
	switch splits := data.Splits(); {
	case data.Kind() == dataset.OfLabelImages:
		return dataset.Part{}, usagef("%s has photos and label images; calibrate needs pairs, or class folders", o.data.path)
	case o.split != "":
		part, err := m.Split(data, dataset.SplitNamed(o.split))
		return part, splitUsage(err, "--split")
	case len(splits) == 0:
		return data.All(), nil
	case !slices.Contains(splits, dataset.Val):
		return dataset.Part{}, usagef("%s has no split val; choose one with --split", o.data.path)
	}
	return data.In(dataset.Val), nil
}

// showCalibrated says what was written.
func showCalibrated(out output, m *inference.Model, k *inference.Calibration, r *export.Result) error {
	before, now := m.Manifest.Threshold, k.Manifest.Threshold
	summary := calibrated{Model: r.Path, Version: r.Version, Space: r.Manifest.Space, Before: before, Threshold: now,
		Exposure: k.Exposure, Skipped: k.Skipped}
	sayExposure(out, k.Exposure)
	for _, path := range k.Skipped {
		out.print("skipped    %s", path)
	}
	if k.Scores != nil {
		summary.Doubts = k.Scores.Doubts
	}
	for _, doubt := range summary.Doubts {
		out.print("caution    %s", doubt)
	}
	out.print("wrote %s, the same embeddings as %s", r.Path, m.Path)
	out.print("same where distance <= %.4g (from %s)", now.Value, now.Source)
	if before.Source == "" {
		out.print("it had none")
	} else {
		out.print("it was %.4g (from %s)", before.Value, before.Source)
	}
	if k.Seen != nil {
		summary.Seen = len(k.Seen)
		out.print("seen: it carries hashes of %s, %s of which chose this threshold", count(len(k.Seen), "image"),
			commas(len(k.Seen)-len(m.Seen.List())))
	}
	if err := out.emit("summary", summary); err != nil {
		return err
	}
	if len(k.Skipped) > 0 {
		return &skippedError{len(k.Skipped)}
	}
	return nil
}
