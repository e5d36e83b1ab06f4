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
)

// embedOptions are the options of tfpair embed.
type embedOptions struct {
	data    dataOptions
	model   modelOptions
	out     string // file of the vectors
	machine machineOptions
	output  outputOptions
}

func newEmbedCommand(streams IO) *cli.Command {
	var o embedOptions
	c := &cli.Command{
		Name:  "embed",
		Usage: "write the embedding of each image to a file",
		Description: "The data may also be images without classes, one image, or a list with a column image.\n" +
			"Folders and archives are taken in the order of their paths, an image list in that of its\n" +
			"rows. The file appears whole or not at all, with the paths and the id of the embedding space.",
		Action: func(c *cli.Context) error { return runEmbed(c.Context, o, streams) },
	}
	o.addFlags(c)
	return c
}

func (o *embedOptions) addFlags(c *cli.Command) {
	o.data.addFlags(c)
	o.model.addFlags(c)
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "out", Destination: &o.out,
		Usage: "`FILE` of the vectors: .npy, .csv or .jsonl"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
}

func (o embedOptions) validate() error {
	err := require("embed", given{"model", o.model.folder}, given{"data", o.data.path}, given{"out", o.out})
	return cmp.Or(err, o.data.validate(), o.machine.validate())
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
	data, err := o.data.open(imagesOnly)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	file, err := vectors.Create(o.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	model, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.close()) }()
	for _, note := range data.Notes {
		out.say("note       %s", note)
	}
	e, began := newEmbedder(data, data.In("").Images, o.data.reading.skip()), time.Now()
	list, err := e.embed(ctx, out, model, o.data.reading.store())
	if err != nil {
		return err
	}
	result := embedded{Out: o.out, Model: model.name, Space: list.Space, Data: data.Name,
		Images: len(list.Paths), Dim: list.Dim, Seconds: time.Since(began).Seconds()}
	if err := file.Write(list); err != nil {
		return err
	}
	return result.show(out, e.bad)
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

// embedder embeds images of data, but for bad ones within a budget.
type embedder struct {
	data   *dataset.Dataset
	images []int32 // to embed; afterwards those that were
	budget int     // bad images that may be left out
	bad    []pipeline.BadImage
}

// newEmbedder returns what embeds the images, of which a share may be bad.
func newEmbedder(data *dataset.Dataset, images []int32, skip float64) *embedder {
	return &embedder{data: data, images: images, budget: pipeline.BadBudget(len(images), skip)}
}

// embedBatch is how many images go through the network at once, as in evaluation.
const embedBatch = 32

// embed returns the embeddings in the order of the images. While the network runs, the
// next ones are decoded. Where more are bad than the budget allows, the rest is
// decoded to name all of them, in a *pipeline.BadImagesError.
func (e *embedder) embed(ctx context.Context, out output, m *model, o pipeline.StoreOptions) (*vectors.Vectors, error) {
	bar := newProgress(out, "embedding", len(e.images), time.Now)
	list, err := e.run(ctx, m, o, func(done int) { bar.at(done, len(e.images), "") })
	bar.done()
	return list, stopped(ctx, err)
}

func (e *embedder) run(ctx context.Context, m *model, o pipeline.StoreOptions,
	progress func(done int)) (*vectors.Vectors, error) {
	if err := o.Resize(m.Preprocessing.Options, m.spec.Target.Resize); err != nil {
		return nil, err
	}
	o.MaxMemory, o.MaxDisk = -1, -1 // each image is read once
	store := pipeline.NewStore(e.data, o)
	defer store.Close()
	list := &vectors.Vectors{Space: m.Space, Dim: m.Dim()}
	var good []int32
	keepBad := func(b pipeline.BadImage) error {
		e.bad = append(e.bad, b)
		return nil
	}
	for batch, err := range store.Sequence(ctx, e.images, embedBatch, keepBad) {
		if err != nil {
			return nil, err
		}
		if len(e.bad) > e.budget {
			continue
		}
		rows, err := m.Embed(batch.Pixels)
		if err != nil {
			return nil, err
		}
		list.Data, good = append(list.Data, rows...), append(good, batch.Images...)
		for _, i := range batch.Images {
			list.Paths = append(list.Paths, e.data.Images[i].Path)
		}
		progress(len(list.Paths) + len(e.bad))
	}
	if len(e.bad) > e.budget {
		return nil, &pipeline.BadImagesError{Images: e.bad, Total: len(e.images), Budget: e.budget}
	}
	if len(list.Paths) == 0 {
		return nil, &dataset.Error{Role: "data", Path: e.data.Name,
			Err: errors.New("no image of it can be read")}
	}
	e.images = good
	return list, nil
}
