package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
)

// embedOptions are the options of tfpair embed.
type embedOptions struct {
	data      dataOptions
	model     modelOptions
	out       string // file of the vectors
	overwrite bool
	classify  classifyOptions
	machine   machineOptions
	output    outputOptions
}

func newEmbedCommand(streams IO) *cli.Command {
	var o embedOptions
	c := &cli.Command{
		Name:  "embed",
		Usage: "write the embedding of each image to a file",
		Description: `An embedding is the vector of numbers that the network makes of an image. Near
vectors mean alike images.

The data may also be images without classes, one image, or a list with a column
"image". Images of a folder or an archive come in the order of their paths, those
of a list in the order of its rows. The file also holds the paths and the id of
the embedding space. It appears whole or not at all.

With --classify the file has, of each image, the class that the nearest images of an
index or of the model's gallery vote for, the vote, and the distance and the path of
the nearest. Where that is beyond the threshold of the index the class is empty: none
of these.

` + examplesHead + `  tfpair embed --model demo/model --data demo/pictures --out vectors.npy
  tfpair embed --model demo/model --data demo/pictures/test --out vectors.csv
  tfpair embed --model demo/model --data demo/pictures/test --classify --index demo/pictures.index --threshold 0.5 --out names.csv`,
		Action: func(c *cli.Context) error {
			o.classify.threshold.given, o.classify.vote.given = c.IsSet("threshold"), c.IsSet("vote")
			return runEmbed(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *embedOptions) addFlags(c *cli.Command) {
	o.model.addFlags(c)
	o.data.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "`FILE` of the vectors; its name ends in .npy, .csv or .jsonl"},
		overwriteFlag(&o.overwrite))
	o.classify.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model", "data", "out")
}

func (o embedOptions) validate() error {
	err := require("embed", given{"model", o.model.folder}, given{"data", o.data.path}, given{"out", o.out})
	return cmp.Or(err, o.classify.validate(o.out), o.data.validate(), o.model.trust.validate(), o.machine.validate())
}

// embedded is the result of tfpair embed.
type embedded struct {
	Out     string   `json:"out"`
	Model   string   `json:"model"`
	Space   string   `json:"embedding_space"`
	Data    string   `json:"data"`
	Images  int      `json:"images"` // embedded
	Dim     int      `json:"dim"`
	Seconds float64  `json:"seconds"` // of reading and embedding
	Skipped []string `json:"skipped,omitempty"`
}

func runEmbed(ctx context.Context, o embedOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	data, err := o.data.openImages()
	if err != nil {
		return err
	}
	defer data.Close() // read only
	if o.classify.asked {
		return runClassify(ctx, o, out, data)
	}
	file, err := vectors.Create(o.out, o.overwrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	model, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	e, seconds, err := o.embed(ctx, out, model, data)
	if err != nil {
		return err
	}
	result := embedded{Out: o.out, Model: model.Name, Space: e.Space, Data: data.Name,
		Images: len(e.Images), Dim: e.Dim, Seconds: seconds}
	if err := file.Write(e.Vectors); err != nil {
		return err
	}
	return result.show(out, e.Bad)
}

// embed embeds the images of data, and says what is to be said of them.
func (o embedOptions) embed(ctx context.Context, out output, m *inference.Model, data *dataset.Dataset) (
	e *inference.Embeddings, seconds float64, err error) {
	for _, note := range data.Notes {
		out.say("note       %s", note)
	}
	bar, began := stages{out: out}, time.Now()
	e, err = m.EmbedImages(ctx, data, data.All().Images, o.data.reading.with(bar.of("embedding")))
	bar.end()
	if err != nil {
		return nil, 0, stopped(ctx, err)
	}
	return e, time.Since(began).Seconds(), nil
}

// show says what was written, and what was not.
func (r embedded) show(out output, bad []pipeline.BadImage) error {
	r.Skipped = sayBad(out, bad)
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("wrote %s: %s of length %d, %.0f images/s", r.Out, count(r.Images, "embedding"), r.Dim,
		float64(r.Images+len(bad))/r.Seconds)
	if len(bad) > 0 {
		return &skippedError{len(bad)}
	}
	return nil
}
