package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/miner"
	"github.com/tfpair/tfpair/graphs/optimizer"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/tune"
)

// entry is one thing that a user can name.
type entry struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Brief string `json:"brief"`
	Paper string `json:"paper,omitempty"`
}

func entriesOf[T any](t named.Table[T]) []entry {
	var list []entry
	for _, name := range t.Names() {
		list = append(list, entry{t.Kind, name, t.Rows[name].Brief, t.Rows[name].Paper})
	}
	return list
}

// entries lists all that users can name, table by table.
func entries() []entry {
	return slices.Concat(
		entriesOf(spec.Presets),
		entriesOf(graphs.Topologies),
		entriesOf(backbone.Table),
		entriesOf(head.Table),
		entriesOf(distance.Table),
		entriesOf(miner.Table),
		entriesOf(loss.Table),
		entriesOf(optimizer.Table),
		entriesOf(optimizer.Schedules),
		entriesOf(sampler.Table),
		entriesOf(augment.Table),
		entriesOf(augment.Presets),
		entriesOf(dataset.Table),
		entriesOf(vectors.Table),
		entriesOf(index.Table),
		entriesOf(tune.Table),
		entriesOf(metric.Pairs),
		entriesOf(metric.Queries),
	)
}

// listOptions are the options of tfpair list.
type listOptions struct {
	kind   string // "": all
	output outputOptions
}

func newListCommand(streams IO) *cli.Command {
	var o listOptions
	c := &cli.Command{
		Name:  "list",
		Usage: "list the names that specs and flags take: losses, backbones, formats and more",
		Description: examplesHead +
			"  tfpair list\n" +
			"  tfpair list --kind loss",
		Action: func(*cli.Context) error { return runList(o, streams) },
	}
	o.addFlags(c)
	return c
}

func (o *listOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "kind", Destination: &o.kind,
		Usage: "list names of one `KIND` only, such as loss"})
	o.output.addFlags(c)
}

func (o listOptions) validate() error {
	if o.kind != "" && kindOf(o.kind) == "" {
		return usage(&named.UnknownError{Kind: "kind", Name: o.kind, Known: kindWords()})
	}
	return nil
}

func runList(o listOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out, wanted := o.output.on(streams), kindOf(o.kind)
	var kind string
	var rows [][2]string
	var b strings.Builder
	for _, e := range entries() {
		if o.kind != "" && kindWord(e.Kind) != wanted {
			continue
		}
		if err := out.emit("entry", e); err != nil {
			return err
		}
		if e.Kind != kind {
			writeRows(&b, kind, rows)
			kind, rows = e.Kind, nil
		}
		rows = append(rows, [2]string{e.Name, e.Brief})
		if e.Paper != "" {
			rows = append(rows, [2]string{"", e.Paper})
		}
	}
	writeRows(&b, kind, rows)
	for line := range strings.SplitSeq(strings.TrimSpace(b.String()), "\n") {
		out.print("%s", line)
	}
	return nil
}

// kindWord writes a kind as one word: "augmentation-preset".
func kindWord(kind string) string { return strings.ReplaceAll(kind, " ", "-") }

// kindOf returns the kind that a word names, of one or of several, as one word, "" where there is none.
func kindOf(word string) string {
	for _, kind := range kindWords() {
		if word = kindWord(word); word == kind || word == plural.Noun(2, kind) {
			return kind
		}
	}
	return ""
}

// kindWords returns the kinds of all entries, each as one word.
func kindWords() []string {
	kinds := kindNames(entries())
	for i, kind := range kinds {
		kinds[i] = kindWord(kind)
	}
	return kinds
}

// kindNames returns the kinds of entries, in their order.
func kindNames(list []entry) []string {
	var kinds []string
	for _, e := range list {
		if !slices.Contains(kinds, e.Kind) {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
