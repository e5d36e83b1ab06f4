package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/card"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/trained"
)

// exported is the result of tfpair export.
type exported struct {
	Model      string  `json:"model"` // folder of the version
	Version    int     `json:"version"`
	Step       int     `json:"step"`
	Space      string  `json:"embedding_space"`
	Threshold  float64 `json:"threshold"`  // -1: it has none, and calls no images the same
	Difference float64 `json:"difference"` // largest, of reloaded embeddings from trained ones
	Tolerance  float64 `json:"tolerance"`

	Gallery   int               `json:"gallery,omitempty"`   // images that it carries
	Skipped   []string          `json:"skipped,omitempty"`   // bad images of the gallery, or of --data of a model without training
	Seen      int               `json:"seen,omitempty"`      // images whose hashes it carries
	Aliases   string            `json:"aliases,omitempty"`   // file of the run that says what aliases stand for
	Quantized *models.Quantized `json:"quantized,omitempty"` // nil: float32
	Speed     *export.Speed     `json:"speed,omitempty"`     // of int8 and of float32, here
	ONNX      string            `json:"onnx,omitempty"`      // file of the model for ONNX Runtime
	Form      string            `json:"form"`                // folded or trainable
}

// exportOptions are the options of tfpair export.
type exportOptions struct {
	run        string   // folder; "": weights
	weights    []string // exported without training; an action reads them from the command line
	out        string   // folder of the model's versions
	version    int
	versioned  bool   // version was given, else it is one more than the highest there
	checkpoint string // "": best
	form       string // of the weights
	precision  precisionOptions
	gallery    string        // images that the model is to carry; "": none
	withSeen   bool          // the model carries hashes of the images that were seen
	alias      bool          // aliases stand for names of classes and paths
	onnx       bool          // model.onnx lies beside the SavedModel
	card       string        // file of words for the model card; "": none
	layout     layoutOptions // of the gallery
	reading    readingOptions
	machine    machineOptions
	output     outputOptions
}

func newExportCommand(streams IO) *cli.Command {
	var o exportOptions
	c := &cli.Command{
		Name:  "export",
		Usage: "write a run as a model for Go services and TensorFlow's tools",
		Description: `Writes a SavedModel as OUT/VERSION. Before it appears there, the model is loaded
again and compared with the run on stored images.

With --weights in place of --run the model is a network that others have trained, as
it is: for embed, index, search and duplicates. It has no threshold until tfpair
calibrate chooses one.

Weights are constants of the model's graph, and batch norm is part of them: this is the
form that answers fastest. Give --form trainable to train the model further in Python.

With --gallery the model carries the embeddings of images, and tfpair search needs
no index.

With --precision int8 convolutions compute with bytes, on processors of x86. The model is
compared with float32 on validation before it is written, gets a threshold of its own, and
is refused where it loses more than --max-drop. With --weights, --data names pictures of
yours: some show its ranges, the others what it loses.

With --onnx the folder also holds model.onnx, for ONNX Runtime and OpenVINO. It takes
the same pixels and gives the same embeddings.

The model's README.md is its card: what it is, how good, on what, and its limits. --card
adds words of yours.

The model holds no picture of the training, and no hash of one unless you give
--with-seen. It holds the names of the classes. Give --alias-classes where those are
the names of people.

` + examplesHead + `  tfpair export --run demo/run --out model
  tfpair export --run demo/run --out carrying --gallery demo/pictures/train
  tfpair export --weights efficientnet-lite0 --out untrained`,
		Action: func(c *cli.Context) error {
			o.versioned, o.weights = c.IsSet("version"), c.StringSlice("weights")
			o.precision.read(c)
			return runExport(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *exportOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "run", Destination: &o.run, Usage: "`FOLDER` of the run"},
		weightsFlag("a model without training is"),
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "`FOLDER` of the model; each export adds a version"},
		&cli.IntFlag{Name: "version", Destination: &o.version, DefaultText: "one more than the highest there",
			Usage: "write version `N`"},
		checkpointFlag(&o.checkpoint),
		&cli.StringFlag{Name: "form", Destination: &o.form, Value: string(models.Folded),
			Usage: "what weights are in the model: `FORM` is folded (constants, fastest) or trainable (variables, for Python)"},
		&cli.StringFlag{Name: "gallery", Destination: &o.gallery,
			Usage: "`PATH` of images that the model carries for tfpair search: a folder, an archive or a list"},
		&cli.BoolFlag{Name: "with-seen", Destination: &o.withSeen,
			Usage: "carry a hash of each image that was trained on, and embeddings of validation images, for evaluate, seen and index build; they tell who was in the data"},
		&cli.BoolFlag{Name: "alias-classes", Destination: &o.alias,
			Usage: "write aliases such as class-0001 for the names of classes and the paths of images; aliases.csv in the run folder says what they stand for"},
		&cli.BoolFlag{Name: "onnx", Destination: &o.onnx,
			Usage: "write model.onnx too, for ONNX Runtime and OpenVINO"},
		&cli.StringFlag{Name: "card", Destination: &o.card,
			Usage: "YAML `FILE` of words for the model card, which is README.md of the model: title, license, tags, sections"})
	o.precision.addFlags(c)
	o.layout.addFlags(c)
	o.reading.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "out")
}

func (o exportOptions) validate() error {
	untrained := len(o.weights) > 0
	switch {
	case o.out == "":
		return usagef("export needs --out")
	case o.run == "" && !untrained:
		return usagef("export needs --run, or --weights for a model without training")
	case o.run != "" && untrained:
		return usagef("--run has weights of its own; give --run or --weights")
	case untrained && (o.checkpoint != "" || o.withSeen || o.alias):
		return usagef("--checkpoint, --with-seen and --alias-classes are of a run; --weights has none")
	}
	if !slices.Contains(models.Forms, models.Form(o.form)) {
		return usagef("--form must be %s or %s, got %q", models.Folded, models.Trainable, o.form)
	}
	if o.versioned && o.version < 1 {
		return usagef("--version must be 1 or more, got %d", o.version)
	}
	return cmp.Or(o.precision.validate(o), o.layout.validate(), o.reading.validate(), o.machine.validate())
}

func runExport(ctx context.Context, o exportOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	if err := export.CheckPlace(o.out, o.version); err != nil { // before anything is downloaded
		return err
	}
	var words []byte
	if o.card != "" {
		var err error
		if words, err = card.ReadWords(o.card); err != nil {
			return err
		}
	}
	untrained, err := o.untrained(ctx, out)
	if err != nil {
		return err
	}
	bar := stages{out: out}
	integers, err := o.int8(out, &bar)
	if err != nil {
		return err
	}
	config := export.Config{Card: words, Model: untrained, Run: o.run, Checkpoint: cmp.Or(o.checkpoint, bestCheckpoint), Out: o.out,
		Version: o.version, Form: models.Form(o.form), Session: o.machine.session(),
		WithSeen: o.withSeen, AliasClasses: o.alias, ONNX: o.onnx, Int8: integers,
		Tool: "tfpair " + programVersion(), Runtime: "TensorFlow " + libtensorflow.Version}
	var carried carried
	if o.gallery != "" {
		options, err := o.layout.options(o.gallery)
		if err != nil {
			return err
		}
		photos, err := inference.OpenCollection(options)
		if err != nil {
			return err
		}
		defer photos.Close() // read only
		config.Gallery = o.carry(photos, o.reading.with(bar.of("embedding")), &carried)
	}
	r, err := export.Run(ctx, config)
	bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	carried.bad = append(carried.bad, r.Bad...)
	return o.show(out, r, carried)
}

// untrained opens the network of --weights, nil for a run.
func (o exportOptions) untrained(ctx context.Context, out output) (*trained.Model, error) {
	if len(o.weights) == 0 {
		return nil, nil
	}
	start := startOptions{specOptions{set: untrainedSpec}, o.weights}
	layers, r, w, err := start.plan()
	switch {
	case err != nil:
		return nil, err
	case w == nil:
		return nil, usagef("--weights %s is no weights to export", noWeights)
	case w.layout.Network == "":
		return nil, usagef("weights %q do not say which network they are of; train with them: --weights %s --set train.steps=0",
			w.name, w.name)
	}
	if err := w.load(ctx, out); err != nil {
		return nil, err
	}
	if r, err = w.need(layers, r, out); err != nil {
		return nil, err
	}
	return trained.Untrained(r.Parts, w.files(), r.Own, o.machine.session())
}

// untrainedSpec is that of a model without training: features are compared by their angle, which
// needs no scale.
var untrainedSpec = []string{"head=none", "distance=cosine", "loss=contrastive", "train.steps=0"}

// calibrateOn is the command that chooses a threshold for a model on pairs of the user's.
func calibrateOn(model string) commandLine {
	return commandLine{"tfpair", "calibrate", "--model", model, "--data", "PAIRS"}
}

// carried is a gallery that was made for a model.
type carried struct {
	index *index.Index        // nil: none was asked for
	bad   []pipeline.BadImage // left out, of these and of --data
}

// carry returns what makes the index of photos that a model carries, and sets to to it.
func (o exportOptions) carry(photos *inference.Collection, r inference.Reading, to *carried) func(
	context.Context, *models.Model) (*index.Index, error) {
	return func(ctx context.Context, e *models.Model) (*index.Index, error) {
		m, err := inference.Exported(e, o.out)
		if err != nil {
			return nil, err
		}
		x, made, err := m.Index(ctx, photos, "flat", r)
		if err == nil {
			*to = carried{x, made.Bad}
		}
		return x, err
	}
}

// show says what was written.
func (o exportOptions) show(out output, r *export.Result, gallery carried) error {
	m := r.Manifest
	if m.Uncalibrated() {
		out.print("wrote %s", r.Path)
		for _, one := range m.Pretrained.All() {
			out.print("from %s", origin(one))
		}
		out.print("no threshold: %s chooses one", calibrateOn(r.Path))
	} else {
		out.print("wrote %s (step %d; on validation %s)", r.Path, m.Step, headScores(m.Metrics))
		if len(m.Doubts) > 0 {
			out.print("%s", doubtful(m.Doubts))
		}
		out.print("same where distance <= %.4g (from %s)", m.Threshold.Value, m.Threshold.Source)
	}
	sayQuantized(out, m.Quantized, r.Speed)
	out.print("loaded again: embeddings differ by %.2g, %.2g is allowed", r.Difference, r.Tolerance)
	summary := exported{Model: r.Path, Version: r.Version, Step: m.Step, Form: string(m.Form), Quantized: m.Quantized, Speed: r.Speed, Space: m.Space,
		Threshold: m.Threshold.Value, Difference: r.Difference, Tolerance: r.Tolerance,
		Skipped: sayBad(out, gallery.bad), Seen: r.Seen, Aliases: r.Aliases}
	if r.Seen > 0 {
		out.print("seen: it carries hashes of %s that were trained on or chose the threshold", count(r.Seen, "image"))
	}
	if r.Aliases != "" {
		out.print("aliases: %s says what they stand for, and stays with the run", r.Aliases)
	}
	if o.onnx {
		summary.ONNX = filepath.Join(r.Path, onnx.FileName)
		out.print("onnx: %s, %s, opset %d", summary.ONNX, kilobytes(m.Files[onnx.FileName].Size), onnx.Opset)
	}
	if m.Gallery != nil {
		summary.Gallery = m.Gallery.Images
		out.print("gallery: %s in %s", count(m.Gallery.Images, "image"), count(m.Gallery.Classes, "class"))
		out.print("%s", acceptance(m.Gallery.Accept, m.Gallery.NoAccept))
		out.print("%s", whichThreshold)
		if gallery.index != nil { // else label images, and where they lie is not known
			out.say("next: %s", nextSearch(r.Path, "", gallery.index, o.reading))
		}
	} else {
		out.say("next: %s", commandLine{"tfpair", "describe", "--model", r.Path})
	}
	if err := out.emit("summary", summary); err != nil {
		return err
	}
	if len(gallery.bad) > 0 {
		return &skippedError{len(gallery.bad)}
	}
	return nil
}

// headScores are the two numbers to look at, of searches among label images where there are any;
// tfpair describe shows all.
func headScores(list []models.Metric) string {
	names := []string{"accuracy", "auc"}
	if slices.ContainsFunc(list, func(m models.Metric) bool { return m.Name == evaluate.MedianRank }) {
		names = []string{"recall@1", "mrr"}
	}
	var scores []string
	for _, of := range list {
		if !slices.Contains(names, of.Name) {
			continue
		}
		score := fmt.Sprintf("%s %.4f", of.Name, of.Value)
		if of.Level > 0 {
			score += fmt.Sprintf(" (%s)", within(of.Low, of.High))
		}
		scores = append(scores, score)
	}
	return strings.Join(scores, ", ")
}

// programVersion returns the version of this program, as the Go toolchain stamped it.
func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
