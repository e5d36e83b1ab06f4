package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/inference"
)

// migrateOptions are the options of tfpair index migrate.
type migrateOptions struct {
	data    dataOptions
	paths   []string // of --data
	model   modelOptions
	index   string // that is migrated
	out     string // folder of the new one
	absent  inference.Absent
	keep    bool // vectors
	machine machineOptions
	output  outputOptions
}

func newIndexMigrateCommand(streams IO) *cli.Command {
	var o migrateOptions
	c := &cli.Command{
		Name:  "migrate",
		Usage: "embed the images of an index again, with another model",
		Description: `Embeddings of two models cannot be compared, so a new model needs a new index. This makes
it of the same images, with their classes, thumbnails and metadata. The index before
is not touched; services can search it until you give them the new one.

The images come from the data that index build and add were given. With --data they come
from there: an image is found by its path, without the prefix that it was added with, and
by its contents. Give each of several folders, and so for images that an earlier version
of tfpair has added.
With --from-thumbnails images that are not there are embedded from their thumbnails,
less exactly; tfpair index update embeds them again where their files are. A command
that is stopped goes on where it was: what is done lies in OUT.part until all is.

An int8 model can search among vectors of the float32 model that it was made of: they are
close, as export --precision int8 has measured. With --keep-vectors they stay as they are,
and no image is read. Leave it out to embed the images with the int8 model.

` + examplesHead + `  tfpair index migrate --index demo/pictures.index --model demo/model --out newer.index`,
		Action: func(c *cli.Context) error {
			o.paths = c.StringSlice("data")
			return runIndexMigrate(c.Context, o, streams)
		},
	}
	o.model.addFlags(c)
	o.data.addFlags(c)
	repeated(c, "data")
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "index", Destination: &o.index, Usage: "`PATH` of the index whose images are embedded again"},
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "`FOLDER` of the new index"},
		&cli.BoolFlag{Name: "from-thumbnails", Destination: &o.absent.Thumbnails,
			Usage: "embed images that are not in the data as they were from their thumbnails in the index, less exactly"},
		&cli.BoolFlag{Name: "skip-missing", Destination: &o.absent.Lose, Usage: "leave out images that are not in the data as they were"},
		&cli.BoolFlag{Name: "keep-vectors", Destination: &o.keep,
			Usage: "keep the vectors of the float32 model that the int8 --model was made of, and read no images"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model", "index", "out")
	return c
}

// migrated is the result of tfpair index migrate.
type migrated struct {
	Index       string        `json:"index"` // before
	Out         string        `json:"out"`
	Model       string        `json:"model"`
	Space       string        `json:"embedding_space"`
	Images      int           `json:"images"` // in the new index
	Before      int           `json:"images_before"`
	Resumed     int           `json:"resumed"`                   // images that an earlier command had embedded
	Thumbnails  int           `json:"from_thumbnails,omitempty"` // images that were embedded from their thumbnails
	Kept        bool          `json:"kept_vectors,omitempty"`    // no image was embedded
	Cosine      float64       `json:"cosine,omitempty"`          // mean, of the model's embeddings with those of the float32 model, whose vectors were kept
	Threshold   *index.Accept `json:"threshold,omitempty"`
	NoThreshold string        `json:"no_threshold,omitempty"`
	Seconds     float64       `json:"seconds"`
	Missing     []string      `json:"missing,omitempty"` // ids that are not in the data as they were
	Skipped     []string      `json:"skipped,omitempty"` // that could not be read
}

func runIndexMigrate(ctx context.Context, o migrateOptions, streams IO) (err error) {
	err = require("index migrate", given{"model", o.model.folder}, given{"index", o.index}, given{"out", o.out})
	if err := cmp.Or(err, o.kept(), o.data.reading.validate(), o.model.trust.validate(), o.machine.validate()); err != nil {
		return err
	}
	out := o.output.on(streams)
	from, err := index.Read(o.index)
	if err != nil {
		return err
	}
	if len(o.paths) > 1 && o.data.layout.images != "" {
		return usagef("--images %s is of one --data: leave it out, or give one --data", o.data.layout.images)
	}
	if err := aside.Unused(o.out, false); err != nil {
		return err
	}
	list, err := o.sources()
	if err != nil {
		return err
	}
	photos, err := o.data.collections(list)
	if err != nil {
		return err
	}
	defer closeAll(photos)
	m, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	began := time.Now()
	g, lost, err := o.begin(ctx, m, from, photos)
	var begun *index.Error
	switch {
	case errors.As(err, &begun) && inFolder(o.out+".part", begun.Path):
		return &begunError{err, o.out + ".part"}
	case isA[*inference.LostError](err):
		return &lostError{err, list, from.About().Thumbnails > 0 && !o.absent.Thumbnails}
	case err != nil:
		return stopped(ctx, err)
	}
	r := migrated{Index: o.index, Out: o.out, Model: m.Name, Space: m.Manifest.Space, Before: from.Len(), Resumed: g.Done(), Thumbnails: g.Thumbnails(), Missing: lost, Kept: o.keep}
	if o.keep {
		r.Cosine = m.Manifest.Quantized.Cosine
	}
	bar := stages{out: out}
	bad, err := g.Run(ctx, o.data.reading.with(bar.of("embedding")))
	bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	r.Skipped = sayBad(out, bad)
	x, err := g.Finish(o.out)
	if err != nil {
		return err
	}
	r.Images, r.Threshold, r.NoThreshold, r.Seconds = x.Len(), x.About().Accept, x.About().NoAccept, time.Since(began).Seconds()
	return r.show(out)
}

// kept returns an error where --keep-vectors has other flags beside it that are about images.
func (o migrateOptions) kept() error {
	if o.keep && (len(o.paths) > 0 || o.absent != inference.Absent{}) {
		return usagef("--keep-vectors reads no images: leave out --data, --from-thumbnails and --skip-missing")
	}
	return nil
}

// begin prepares the migration, and returns the ids of images that are left out.
func (o migrateOptions) begin(ctx context.Context, m *inference.Model, from *index.Index, photos []*inference.Collection) (*inference.Migration, []string, error) {
	if o.keep {
		g, err := m.Keep(o.index, from, o.out+".part")
		return g, nil, err
	}
	return m.Migrate(ctx, o.index, from, photos, o.out+".part", o.absent)
}

// sources returns the data of the images: what was given, or what the index remembers. It is none where that is gone and thumbnails
// take its place.
func (o migrateOptions) sources() (list []index.Source, err error) {
	if o.keep {
		return nil, nil
	}
	for _, path := range o.paths {
		s := o.data.source("")
		s.Data = path
		list = append(list, s)
	}
	if len(list) > 0 {
		return list, nil
	}
	from, err := sourcesOf(o.index)
	if err == nil && !o.absent.Thumbnails {
		err = from.some()
	}
	return from.there, cmp.Or(err, o.data.alone())
}

func (r migrated) show(out output) error {
	if err := out.emit("summary", r); err != nil {
		return err
	}
	for _, id := range r.Missing {
		out.say("missing    %s", id)
	}
	if r.Kept {
		out.print("wrote %s: %s of %s, with the vectors of float32", r.Out, count(r.Images, "image"), commas(r.Before))
		out.print("their mean cosine with those of %s is %.4f, by its export", r.Model, r.Cosine)
	} else {
		out.print("wrote %s: %s of %s, embedded by %s", r.Out, count(r.Images, "image"), commas(r.Before), r.Model)
	}
	if r.Thumbnails > 0 {
		out.print("%s embedded from thumbnails, less exactly; where the files are, tfpair index update embeds those", count(r.Thumbnails, "image"))
	}
	if r.Resumed > 0 {
		out.print("%s had been done before", count(r.Resumed, "image"))
	}
	out.print("%s", acceptance(r.Threshold, r.NoThreshold))
	if n := len(r.Missing) + len(r.Skipped); n > 0 {
		return &skippedError{n}
	}
	return nil
}
