package cli

import (
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/export"
)

func newIndexCommand(streams IO) *cli.Command {
	flags := append(append(dataFlags(), modelFlags()...),
		&cli.StringFlag{Name: "out", Usage: "`FILE` of the index"},
		&cli.BoolFlag{Name: "overwrite", Usage: "replace the file where there is one"},
		&cli.StringFlag{Name: "kind", Value: "flat", Usage: "how it is searched: tfpair list --kind index"})
	return &cli.Command{
		Name:  "index",
		Usage: "make images searchable",
		Subcommands: []*cli.Command{{
			Name:  "build",
			Usage: "embed images and write them as an index for tfpair search",
			Description: "The data may be what tfpair embed takes; of a list of photos and label images the label\n" +
				"images are indexed. The file appears whole or not at all, with path, SHA-256 and class of\n" +
				"each image and the id of the embedding space.",
			Flags:  append(append(flags, machineFlags()...), outputFlags()...),
			Action: func(c *cli.Context) error { return runIndexBuild(c, newOutput(c, streams)) },
		}},
	}
}

// indexed is the result of tfpair index build.
type indexed struct {
	Out      string   `json:"out"`
	Model    string   `json:"model"`
	Space    string   `json:"embedding_space"`
	Data     string   `json:"data"`
	Images   int      `json:"images"` // in the index
	Classes  int      `json:"classes"`
	Dim      int      `json:"dim"`
	Distance string   `json:"distance"`
	Index    string   `json:"index"`   // its kind
	Seconds  float64  `json:"seconds"` // of reading and embedding
	Skipped  []string `json:"skipped,omitempty"`
}

func runIndexBuild(c *cli.Context, out output) (err error) {
	if err := need(c, "model", "data", "out"); err != nil {
		return err
	}
	if _, err := index.Table.New(&named.Choice{Name: c.String("kind")}); err != nil {
		return err
	}
	g, err := openCollection(c, c.String("data"))
	if err != nil {
		return err
	}
	defer g.data.Close() // read only
	file, err := index.Create(c.String("out"), c.Bool("overwrite"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	m, err := openModel(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if len(g.data.Matches) > 0 && m.spec.Target.Side == spec.Frozen {
		return export.ErrFrozen
	}
	for _, note := range g.data.Notes {
		out.say("note       %s", note)
	}
	began := time.Now()
	x, err := g.index(c, out, m, c.String("kind"))
	if err != nil {
		return err
	}
	result := indexed{Out: c.String("out"), Model: m.name, Space: m.Space, Data: g.data.Name, Images: x.Len(),
		Classes: x.Classes(), Dim: m.Dim(), Distance: m.Manifest.Distance, Index: c.String("kind"),
		Seconds: time.Since(began).Seconds()}
	if err := file.Write(x); err != nil {
		return err
	}
	return result.show(out, g.bad)
}

// show says what was written, and what was not.
func (r indexed) show(out output, bad []pipeline.BadImage) error {
	r.Skipped = sayBad(out, bad)
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("wrote %s: %s of length %d in %s, %.0f images/s", r.Out, count(r.Images, "embedding"), r.Dim,
		count(r.Classes, "class"), float64(r.Images+len(bad))/r.Seconds)
	out.say("next: tfpair search --model %s --index %s --image FILE", r.Model, r.Out)
	if len(bad) > 0 {
		return &skippedError{len(bad)}
	}
	return nil
}

// sayBad says which images were left out and returns their paths.
func sayBad(out output, bad []pipeline.BadImage) []string {
	var paths []string
	for _, b := range bad {
		paths = append(paths, b.Path)
		out.say("skipped    %v", b.Err)
	}
	return paths
}
