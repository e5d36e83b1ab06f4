package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/card"
	"github.com/tfpair/tfpair/runner/inference"
)

// describeOptions are the options of tfpair describe.
type describeOptions struct {
	model   modelOptions
	card    bool // the model card is shown
	start   startOptions
	data    dataOptions // that chooses the spec
	recipe  recipeOptions
	machine machineOptions
	output  outputOptions
}

func newDescribeCommand(streams IO) *cli.Command {
	var o describeOptions
	c := &cli.Command{
		Name:  "describe",
		Usage: "show what a run, an exported model or a spec is",
		Description: `With --model, shows the network, how images are prepared for it, its threshold, its
scores and its data.

With --preset, --spec or --set, shows the spec that they make, and where each value
comes from. A value of --set replaces that of the file, and the file that of the
preset. With --data alone, or with --preset auto, the data chooses the preset's
place, as in tfpair train.

` + examplesHead + `  tfpair describe --model demo/run
  tfpair describe --model demo/model
  tfpair describe --model demo/model --card
  tfpair describe --preset triplet --set train.steps=500
  tfpair describe --data demo/pictures`,
		Action: func(c *cli.Context) error {
			o.start.set, o.start.weights = c.StringSlice("set"), c.StringSlice("weights")
			return runDescribe(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *describeOptions) addFlags(c *cli.Command) {
	o.model.addFolder(c)
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "card", Destination: &o.card,
		Usage: "show the model card of --model, which is Markdown"})
	o.start.addFlags(c)
	o.data.addFlags(c)
	o.recipe.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
}

func (o describeOptions) validate() error {
	isSpec := o.start.given() || o.data.path != ""
	switch isModel := o.model.folder != ""; {
	case isModel && isSpec:
		return usagef("--model has a spec of its own, that of %s; describe it, or the one of --preset, --spec, --set and --data", o.model.folder)
	case o.card && !isModel:
		return usagef("--card is of a model; give --model")
	case !isModel && !isSpec:
		return usagef("describe needs --model, or a spec: --preset, --spec, --set, or --data that chooses one")
	}
	if o.data.path == "" {
		return o.machine.validate()
	}
	return cmp.Or(o.data.validate(), o.machine.validate())
}

// description is what is known of a run, a model or a spec.
type description struct {
	Kind     string           `json:"kind"` // "run", "model" or "spec"
	Name     string           `json:"name"` // as the user wrote it
	Path     string           `json:"path,omitempty"`
	Network  architecture     `json:"network"`
	Manifest *models.Manifest `json:"manifest,omitempty"` // nil of a spec
	Values   []value          `json:"values"`
	Card     string           `json:"card,omitempty"` // Markdown; "": it was not asked for
}

// architecture is what the spec says of the network, and what follows from it.
type architecture struct {
	Topology     string `json:"topology"`
	Backbone     string `json:"backbone"`
	Head         string `json:"head"`
	Distance     string `json:"distance"`
	Loss         string `json:"loss"`
	Size         int    `json:"size"`                    // S: images are [S,S,3]
	EmbeddingDim int    `json:"embedding_dim,omitempty"` // 0: not known without the runtime
	Parameters   int64  `json:"parameters,omitempty"`    // likewise
}

func networkOf(s *spec.Spec) architecture {
	return architecture{Topology: s.Topology, Backbone: s.Backbone.Name, Head: s.Head.Name,
		Distance: s.Distance.Name, Loss: s.Loss.Name, Size: s.Input.Size}
}

func runDescribe(ctx context.Context, o describeOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	var d *description
	var err error
	if o.model.folder != "" {
		d, err = describeModel(o.model, o.machine)
		if err == nil && o.card {
			d.Card, err = d.card()
		}
	} else {
		d, err = describeSpec(ctx, o, out)
	}
	if err != nil {
		return err
	}
	d.print(out)
	return out.emit("summary", d)
}

// describeModel describes a run or an exported model. The latter is not loaded, and
// needs no runtime.
func describeModel(of modelOptions, on machineOptions) (*description, error) {
	isRun, err := inference.IsRun(of.folder)
	if err != nil {
		return nil, err
	}
	d := &description{Kind: "model", Name: of.folder}
	var s *spec.Spec
	if isRun {
		m, err := of.open(on)
		if err != nil {
			return nil, err
		}
		d.Kind, d.Path, d.Manifest, s = "run", m.Path, &m.Manifest, m.Spec
		if err := m.Close(); err != nil {
			return nil, err
		}
	} else {
		info, err := models.Describe(of.folder)
		if err != nil {
			return nil, err
		}
		d.Path, d.Manifest = info.Path, &info.Manifest
		if s, err = spec.Parse(info.Manifest.Spec, models.ManifestName, &spec.Spec{}); err != nil {
			return nil, &models.CorruptError{Path: info.Path, File: models.ManifestName, Reason: err.Error()}
		}
	}
	d.Network = networkOf(s)
	d.Network.EmbeddingDim, d.Network.Parameters = d.Manifest.EmbeddingDim, d.Manifest.Parameters
	d.Values, err = valuesOf([]layer{{spec: s}})
	return d, err
}

// card returns the card of an exported model as it lies there, and that which an export of a run,
// or of a model without one, would write.
func (d *description) card() (string, error) {
	if _, ok := d.Manifest.Files[card.Name]; ok {
		text, err := d.Manifest.ReadFile(d.Path, card.Name)
		return string(text), err
	}
	name, err := filepath.Abs(d.Name)
	if err != nil {
		return "", err
	}
	text, err := card.Of(d.Manifest, nil, filepath.Base(name))
	return string(text), err
}

// describeSpec describes the spec of the flags. Without the runtime it leaves out what
// only the graph knows.
func describeSpec(ctx context.Context, o describeOptions, out output) (*description, error) {
	o.start.auto = o.data.path != ""
	of := o.start
	if o.start.preset != autoPreset || o.data.path != "" {
		chosen, err := o.recipe.choose(ctx, &o.data, &of)
		if err != nil {
			return nil, err
		}
		chosen.brief(out)
	}
	layers, r, _, err := of.plan()
	if err != nil {
		return nil, err
	}
	if o.data.path != "" && !o.start.asksData() {
		return nil, usagef("--data chooses a spec with --preset auto, or without --spec and --set")
	}
	d := &description{Kind: "spec", Name: of.file, Network: networkOf(r.Spec)}
	if d.Name == "" {
		d.Name = layers[0].from
	}
	if d.Values, err = valuesOf(layers); err != nil {
		return nil, err
	}
	var missing *libtensorflow.MissingError
	if err := session.Ready(o.machine.session()); errors.As(err, &missing) {
		out.say("note       the number of parameters is not known without the TensorFlow runtime: " +
			libtensorflow.InstallCommand)
		return d, nil
	} else if err != nil {
		return nil, err
	}
	g, err := graphs.Build(r.Parts)
	if err != nil {
		return nil, err
	}
	d.Network.EmbeddingDim = g.EmbeddingDim
	for _, v := range g.Variables {
		n := int64(1)
		for _, side := range v.Shape {
			n *= side
		}
		d.Network.Parameters += n
	}
	return d, nil
}

// print writes the description for a person.
func (d *description) print(out output) {
	if d.Card != "" {
		for line := range strings.Lines(d.Card) {
			out.print("%s", strings.TrimSuffix(line, "\n"))
		}
		return
	}
	where := ""
	if d.Path != "" && d.Path != d.Name {
		where = ", " + d.Path
	}
	out.print("%-10s %s%s", d.Kind, d.Name, where)
	d.Network.print(out)
	if d.Manifest != nil {
		printManifest(out, d.Manifest)
	}
	header := []string{"key", "value"}
	if d.Kind == "spec" {
		header = append(header, "from")
	}
	t := newTable(header...)
	for _, v := range d.Values {
		t.AppendRow(table.Row{v.Key, v.Value, v.From}[:len(header)])
	}
	out.print("\n%s", t)
}

func (n architecture) print(out output) {
	size := ""
	if n.Parameters > 0 {
		size = fmt.Sprintf("; %s parameters, embeddings of length %d", commas(int(n.Parameters)), n.EmbeddingDim)
	}
	out.print("network    %s of %s, head %s, distance %s, loss %s%s", n.Topology, n.Backbone, n.Head,
		n.Distance, n.Loss, size)
}

// printManifest writes what training or export left.
func printManifest(out output, m *models.Manifest) {
	p := m.Preprocessing
	out.print("images     %d×%d×3 %s, %s, in [0,255]: %s", p.Size, p.Size, p.DType, p.Channels, p.Note)
	switch {
	case m.Uncalibrated():
		out.print("threshold  none: tfpair calibrate chooses one")
	case m.Threshold.Source == "":
		out.print("threshold  none: no evaluation before this checkpoint")
	default:
		out.print("threshold  same where distance <= %.4g (from %s)", m.Threshold.Value, m.Threshold.Source)
	}
	printCurve(out, m.Curve)
	if g := m.Gallery; g != nil {
		accept := g.Accept
		if t := m.Accept(); accept == nil && t.Source != "" {
			accept = &index.Accept{Threshold: t}
		}
		out.print("gallery    %s in %s, %s", count(g.Images, "image"), count(g.Classes, "class"),
			acceptance(accept, g.NoAccept))
		out.print("           %s", whichThreshold)
	}
	out.print("space      %s", m.Space)
	out.print("weights    step %s, SHA-256 %s", commas(m.Step), m.WeightsSHA256)
	if m.Pretrained != nil {
		for _, one := range m.Pretrained.All() {
			out.print("started    from %s", origin(one))
		}
	}
	if m.Data.Name != "" {
		out.print("data       %s, %s", m.Data.Name, m.Data.Fingerprint)
	}
	if n := len(m.Classes); n > 0 {
		aliased := ""
		if m.Aliased {
			aliased = " (aliases; aliases.csv of the run has the names)"
		}
		out.print("classes    %d, of which training saw %d: %s%s", n, len(m.Seen), fewWords(m.Seen), aliased)
	}
	for _, path := range m.Data.Skipped {
		out.print("skipped    %s", path)
	}
	if m.Tool != "" {
		out.print("made by    %s, %s", m.Tool, m.Runtime)
	}
	if len(m.Metrics) > 0 {
		t := newTable("metric", "value", "95 % interval", "")
		for _, of := range m.Metrics {
			t.AppendRow(table.Row{strings.ReplaceAll(of.Name, "_", " "), fmt.Sprintf("%.4f", of.Value),
				fmt.Sprintf("%.4f – %.4f", of.Low, of.High), of.Better + " is better"})
		}
		on := "validation"
		if m.CalibratedOn != nil {
			on = m.CalibratedOn.Name
		}
		out.print("\n%s\n\non %s of %s, which is no test: tfpair evaluate makes one", t, count(m.Pairs, "pair"), on)
		if m.Photos > 0 {
			out.print("mrr, recall and the other numbers of searches are of %s of validation, among the label images", count(m.Photos, "photo"))
		}
		if len(m.Doubts) > 0 {
			out.print("%s", doubtful(m.Doubts))
		}
	}
	if len(m.Files) > 0 {
		t := newTable("file", "bytes", "SHA-256")
		for _, name := range slices.Sorted(maps.Keys(m.Files)) {
			t.AppendRow(table.Row{name, commas(int(m.Files[name].Size)), fmt.Sprintf("%.12s…", m.Files[name].SHA256)})
		}
		out.print("\n%s", t)
	}
}

// printCurve says which other thresholds a model can choose.
func printCurve(out output, c *models.Curve) {
	if c == nil || c.Check() != nil {
		return
	}
	same, different := c.Pairs()
	out.print("others     --false-accepts chooses other thresholds, for shares down to %.2g %%: they are of %s same and %s different pairs of %s",
		100*distance.Least(different), commas(int(same)), commas(int(different)), c.Source)
}

// fewWords joins the first ten and counts the rest.
func fewWords(words []string) string {
	const most = 10
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}
