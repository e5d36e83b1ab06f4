package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/inference"
)

// indexOptions are the options of tfpair index build.
type indexOptions struct {
	data      dataOptions
	model     modelOptions
	out       string // file of the index
	overwrite bool
	kind      string // how it is searched
	file      bool   // it is one file
	bare      bool   // it has no thumbnails
	metadata  string // file; "": none
	machine   machineOptions
	output    outputOptions
}

func newIndexCommand(streams IO) *cli.Command {
	return &cli.Command{Name: "index", Usage: "make images searchable",
		Subcommands: []*cli.Command{newIndexBuildCommand(streams), newIndexAddCommand(streams), newIndexUpdateCommand(streams),
			newIndexRemoveCommand(streams), newIndexCompactCommand(streams), newIndexVerifyCommand(streams), newIndexMigrateCommand(streams),
			newIndexPushCommand(streams), newIndexThresholdCommand(streams)}}
}

func newIndexBuildCommand(streams IO) *cli.Command {
	var o indexOptions
	c := &cli.Command{
		Name:  "build",
		Usage: "embed images and write them as an index for tfpair search",
		Description: `Takes the same data as tfpair embed. Of a list of photos and label images, the
label images are indexed.

The index is a folder, to which tfpair index add and remove give and from which they
take images. It holds the path, the SHA-256, the class and a thumbnail of each image,
and the id of the embedding space. It appears whole or not at all. With --file it is
one file, which has no thumbnails and does not change.

The index has a threshold of its own: at most 5 % of strangers, images whose class is
not in it, are accepted. Images of the index ask as strangers, each with its class
taken out, where training has not seen the class; and so do validation images of a
training with --unseen-classes, which the run remembers and the exported model does
not. It is chosen again when the index has grown by a quarter.

` + examplesHead + `  tfpair index build --model demo/model --data demo/pictures --out figures.index`,
		Action: func(c *cli.Context) error { return runIndexBuild(c.Context, o, streams) },
	}
	o.addFlags(c)
	return c
}

func (o *indexOptions) addFlags(c *cli.Command) {
	o.model.addFlags(c)
	o.data.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "`FOLDER` of the index, or file with --file"},
		overwriteFlag(&o.overwrite),
		&cli.BoolFlag{Name: "file", Destination: &o.file, Usage: "write one file, for programs of your own that read it"},
		&cli.BoolFlag{Name: "no-thumbnails", Destination: &o.bare,
			Usage: "leave out the thumbnails, which show answers where the images are not at hand (about 3 KB each)"},
		metadataFlag(&o.metadata),
		&cli.StringFlag{Name: "kind", Destination: &o.kind, Value: "flat",
			Usage: "`KIND` of the index, from tfpair list --kind index"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model", "data", "out")
}

func (o indexOptions) validate() error {
	err := require("index build", given{"model", o.model.folder}, given{"data", o.data.path}, given{"out", o.out})
	_, unknown := index.Table.New(&named.Choice{Name: o.kind})
	if err == nil && o.file && o.metadata != "" {
		err = usagef("an index in one file has no metadata: leave out --file or --metadata")
	}
	if err == nil && o.file && o.kind == "ivf" {
		err = usagef("an index in one file is flat: leave out --file or --kind ivf")
	}
	return cmp.Or(err, unknown, o.data.validate(), o.model.trust.validate(), o.machine.validate())
}

// indexed is the result of tfpair index build.
type indexed struct {
	Out      string `json:"out"`
	Model    string `json:"model"`
	Space    string `json:"embedding_space"`
	Data     string `json:"data"`
	Images   int    `json:"images"` // in the index
	Classes  int    `json:"classes"`
	Dim      int    `json:"dim"`
	Distance string `json:"distance"`
	Index    string `json:"index"` // its kind
	// Threshold is for searches among so many images; nil: none could be chosen, NoThreshold says why.
	Threshold   *index.Accept `json:"threshold,omitempty"`
	NoThreshold string        `json:"no_threshold,omitempty"`
	Seconds     float64       `json:"seconds"`         // of reading and embedding
	Recall      float64       `json:"recall"`          // share of the ten nearest that searches find, measured; 1: searches are exact
	Equal       [][]string    `json:"equal,omitempty"` // paths of images whose files are equal
	Skipped     []string      `json:"skipped,omitempty"`
}

func runIndexBuild(ctx context.Context, o indexOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	photos, err := o.data.collection()
	if err != nil {
		return err
	}
	defer photos.Close() // read only
	photos.Source = 1
	beside := inference.Beside{Thumbnails: !o.bare && !o.file, Kept: o.data.reading.kept()}
	if beside.Metadata, err = readMetadata(o.metadata); err != nil {
		return err
	}
	target, err := o.create() // whether it can be written shows before the work
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	m, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for _, note := range photos.Data.Notes {
		out.say("note       %s", note)
	}
	bar, began := stages{out: out}, time.Now()
	reading := o.data.reading.with(bar.of("embedding"))
	reading.Store.Thumbnail = beside.Thumbnails
	x, e, err := m.Index(ctx, photos, o.kind, reading)
	bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	result := indexed{Out: o.out, Model: m.Name, Space: m.Manifest.Space, Data: photos.Data.Name, Images: x.Len(),
		Classes: x.Classes(), Dim: m.Dim(), Distance: m.Manifest.Distance, Index: o.kind, Threshold: x.About().Accept, NoThreshold: x.About().NoAccept,
		Seconds: time.Since(began).Seconds()}
	result.Equal, result.Recall = equalFiles(x), 1
	if err := target.write(x, func() index.Contents {
		contents := m.Contents(ctx, photos, x, e, beside)
		source := o.data.source("")
		source.Number = photos.Source
		contents.Sources = index.Sources{List: []index.Source{source}, All: true}
		return contents
	}); err != nil {
		return stopped(ctx, err)
	}
	if o.kind != "flat" {
		written, err := m.OpenIndex(o.out)
		if err != nil {
			return err
		}
		result.Recall = written.Recall()
	}
	return result.show(out, e.Bad, nextSearch(m.Name, o.out, x, o.data.reading))
}

// show says what was written, and what was not.
func (r indexed) show(out output, bad []pipeline.BadImage, next commandLine) error {
	r.Skipped = sayBad(out, bad)
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("wrote %s: %s of length %d in %s, %.0f images/s", r.Out, count(r.Images, "embedding"), r.Dim,
		count(r.Classes, "class"), float64(r.Images+len(bad))/r.Seconds)
	out.print("%s", acceptance(r.Threshold, r.NoThreshold))
	if r.Index != "flat" {
		out.print("searches find %.1f %% of the ten nearest that flat finds", 100*r.Recall)
	}
	for i, list := range r.Equal {
		if i == mostEqual {
			out.say("equal      and %s more; --json lists them", count(len(r.Equal)-i, "group"))
			break
		}
		out.say("equal      %s", strings.Join(list, " = "))
	}
	out.say("next: %s", next)
	if len(bad) > 0 {
		return &skippedError{len(bad)}
	}
	return nil
}

// mostEqual is how many groups of equal files are named, at most.
const mostEqual = 10

// equalFiles returns the paths of images whose files are equal, of each group those in the order of x.
func equalFiles(x *index.Index) [][]string {
	of := map[string][]string{}
	var sums []string
	for _, item := range x.All() {
		if len(of[item.SHA256]) == 1 {
			sums = append(sums, item.SHA256)
		}
		of[item.SHA256] = append(of[item.SHA256], item.Path)
	}
	var list [][]string
	for _, sum := range sums {
		if sum != "" {
			list = append(list, of[sum])
		}
	}
	return list
}

// indexTarget is where an index is written, a file or a folder.
type indexTarget struct {
	file   *index.File     // nil: it is a folder
	folder *index.Building // nil: it is a file
}

// create makes sure that the index can be written.
func (o indexOptions) create() (t indexTarget, err error) {
	if o.file {
		t.file, err = index.Create(o.out, o.overwrite)
	} else {
		t.folder, err = index.Build(o.out, o.overwrite)
	}
	return t, err
}

// write writes x to a file, or contents to a folder.
func (t indexTarget) write(x *index.Index, contents func() index.Contents) error {
	if t.file != nil {
		return t.file.Write(x)
	}
	return t.folder.Write(contents())
}

// Close removes what lies aside, if anything does.
func (t indexTarget) Close() error {
	if t.file != nil {
		return t.file.Close()
	}
	return t.folder.Close()
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
