package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/inference"
)

// growOptions are the options of tfpair index add and update.
type growOptions struct {
	data     dataOptions
	model    modelOptions
	index    string // folder of the index
	metadata string // file; "": none
	prefix   string // of ids; "": none
	prune    bool   // update removes what is not in the data
	service  serviceFlags
	machine  machineOptions
	output   outputOptions
}

func newIndexAddCommand(streams IO) *cli.Command {
	var o growOptions
	c := &cli.Command{
		Name:  "add",
		Usage: "embed images and put them into an index",
		Description: `Images that the index has already, by path and contents, are left alone. Searches go
on meanwhile. What was added is on the disk when the command ends; after a crash
some of the images may be there, and the same command adds the rest.

An image is called by its path below --data. Where another folder has the same names, give
--prefix. The threshold is chosen anew when the index has grown by a quarter.

Where --index is the URL of a service, the images are sent to it. The service embeds them
with its own model, so leave out --model. It needs a token of its --index-tokens. Images
that it has already are not sent, so a command that was stopped goes on where it was.

` + examplesHead + `  tfpair index add --model demo/model --data demo/pictures/test --index figures.index --prefix more/`,
		Action: func(c *cli.Context) error { return runIndexAdd(c.Context, o, streams) },
	}
	o.addFlags(c)
	needs(c, "model", "data", "index")
	return c
}

func newIndexUpdateCommand(streams IO) *cli.Command {
	var o growOptions
	c := &cli.Command{
		Name:  "update",
		Usage: "bring an index in line with its images",
		Description: `Embeds images that are new or whose files have changed. Images that are no longer in the
data stay, unless you say --remove-missing.

Without --data, the data is all that index build and add were given, each with its prefix.
With --prefix it is what was added under that prefix. Where the same path is in two of
them, the image is the one of the last. Data that is not there is left alone, and so are
its images.

An image keeps the class that it has in the index where the data names none. To take its
class away, remove the image and add it again.

--remove-missing removes an image only if it came from data that the command looks at, and
is in none of the data that the index remembers. With --data that data alone is looked at.
Images that came over HTTP came from no data, and stay; tfpair index remove removes them.
To remove all that came from some data, give that to tfpair index remove --data.

An index in one file, of an earlier version or of index build --file, becomes a
folder. Images that have not changed keep their embeddings.

` + examplesHead + `  tfpair index update --model demo/model --index figures.index
  tfpair index update --model demo/model --data demo/pictures --index figures.index`,
		Action: func(c *cli.Context) error { return runIndexUpdate(c.Context, o, streams) },
	}
	o.addFlags(c)
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "remove-missing", Destination: &o.prune,
		Usage: "remove images from the index that came from the data that is looked at, and are not there any more"})
	needs(c, "model", "index")
	return c
}

func (o *growOptions) addFlags(c *cli.Command) {
	o.model.addFlags(c)
	o.data.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "index", Destination: &o.index, Usage: indexUsage},
		&cli.StringFlag{Name: "prefix", Destination: &o.prefix,
			Usage: "call images `NAME`/path, for images that come from another folder and have names of their own there"},
		metadataFlag(&o.metadata))
	o.service.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
}

func (o growOptions) validate(command string) error {
	err := o.service.validate(o.index)
	if isService(o.index) {
		return cmp.Or(err, o.validateService(command))
	}
	if o.data.path == "" && command == updates {
		missing := require(command, given{"model", o.model.folder}, given{"index", o.index})
		return cmp.Or(missing, err, o.data.alone(), o.data.reading.validate(), o.model.trust.validate(), o.machine.validate())
	}
	missing := require(command, given{"model", o.model.folder}, given{"data", o.data.path}, given{"index", o.index})
	return cmp.Or(missing, err, o.data.validate(), o.model.trust.validate(), o.machine.validate())
}

// changedIndex is the result of a command that changes an index.
type changedIndex struct {
	Index    string   `json:"index"`
	Images   int      `json:"images"` // in the index
	Classes  int      `json:"classes"`
	Added    int      `json:"added"`
	Replaced int      `json:"replaced"` // whose files had changed
	Renewed  int      `json:"renewed"`  // whose class, thumbnail or metadata had changed
	Removed  int      `json:"removed"`
	Missing  []string `json:"missing,omitempty"` // ids that are not in the data that they came from, or not in the index
	Unknown  []string `json:"unknown,omitempty"` // ids that are not in the data, and of which nobody knows which data they came from
	// Threshold is that of the index; nil: there is none, and NoThreshold says why. NewThreshold: it was chosen now.
	Threshold    *index.Accept `json:"threshold,omitempty"`
	NoThreshold  string        `json:"no_threshold,omitempty"`
	NewThreshold bool          `json:"new_threshold"`
	Seconds      float64       `json:"seconds"`
	Skipped      []string      `json:"skipped,omitempty"`
	Away         []string      `json:"away,omitempty"` // data that the index remembers and that is not there, and links in it that lead nowhere
	away         []index.Source
	links        []string // of data, which lead nowhere
}

func runIndexAdd(ctx context.Context, o growOptions, streams IO) error {
	return o.change(ctx, "index add", streams, func(g growth) (changedIndex, error) {
		if err := unchanged(g.collection, g.difference, g.from.List); err != nil {
			return changedIndex{}, err
		}
		if err := g.record(); err != nil {
			return changedIndex{}, err
		}
		n, err := g.embed(ctx, g.difference.New)
		return changedIndex{Added: n}, err
	})
}

// unchanged refuses images under whose names the index has other contents.
func unchanged(c *inference.Collection, d *inference.Difference, known []index.Source) error {
	if len(d.Changed) == 0 {
		return nil
	}
	return &changedError{len(d.Changed), c.Prefix + c.Data.Images[d.Changed[0]].Path, known}
}

func runIndexUpdate(ctx context.Context, o growOptions, streams IO) error {
	return o.change(ctx, updates, streams, func(g growth) (r changedIndex, err error) {
		d := g.difference
		if g.told && !slices.Contains(g.folder.Sources().List, *g.source) {
			g.instead = g.from.movedTo(g.source.Prefix, g.folder.Index(), idsOf(g.collection))
		}
		if err := g.record(); err != nil {
			return r, err
		}
		if r.Added, err = g.embed(ctx, d.New); err != nil {
			return r, err
		}
		if r.Replaced, err = g.embed(ctx, d.Changed); err != nil {
			return r, err
		}
		if r.Renewed = len(d.Stale); r.Renewed > 0 {
			if err := g.model.Refresh(ctx, g.folder, g.collection, d.Stale, g.beside); err != nil {
				return r, err
			}
		}
		return r, nil
	})
}

// growth is an index, and the images that it is to have.
type growth struct {
	model      *inference.Model
	folder     *index.Folder
	collection *inference.Collection
	difference *inference.Difference
	beside     inference.Beside
	reading    inference.Reading
	out        output
	skipped    *[]string
	told       bool // the data was given, and the index is to remember it
	from       sources
	source     *index.Source // of the collection, one of from
	instead    *index.Source // that the index forgets for that; nil: none
}

// record lets the index remember where its images come from.
func (g growth) record() error {
	if !g.told {
		return nil
	}
	s, err := g.folder.Record(*g.source, g.instead)
	if err != nil {
		return err
	}
	*g.source, g.collection.Source = s, s.Number
	if g.instead != nil {
		g.out.say("note       %s is in the place of %s, which is not there", s.Data, g.instead.Data)
	}
	return nil
}

// embed embeds images and puts them into the index.
func (g growth) embed(ctx context.Context, images []int32) (int, error) {
	if len(images) == 0 {
		return 0, nil
	}
	n, bad, err := g.model.AddImages(ctx, g.folder, g.collection, images, g.reading, g.beside)
	*g.skipped = append(*g.skipped, sayBad(g.out, bad)...)
	return n, err
}

// change opens all that a command needs, lets it change the index, and says what became of it.
func (o growOptions) change(ctx context.Context, command string, streams IO, work func(growth) (changedIndex, error)) (err error) {
	if err := o.validate(command); err != nil {
		return err
	}
	if isService(o.index) {
		return o.changeService(ctx, command == updates, streams)
	}
	out := o.output.on(streams)
	g := growth{out: out, skipped: new([]string), told: o.data.path != ""}
	if g.from, err = o.sources(); err != nil {
		return err
	}
	collections, err := o.data.collections(g.from.there)
	if err != nil {
		return err
	}
	defer closeAll(collections)
	known := latest(collections)
	if o.prune { // what other data has stays
		if err := o.data.ids(g.from.others, known); err != nil {
			return err
		}
	}
	if g.beside.Metadata, err = readMetadata(o.metadata); err != nil {
		return err
	}
	if g.model, err = o.model.open(o.machine); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.model.Close()) }()
	g.collection = collections[0]
	if g.folder, err = o.open(ctx, g, command == updates); err != nil {
		return err
	}
	g.beside.Thumbnails, g.beside.Kept = g.folder.Index().About().Thumbnails > 0, o.data.reading.kept()
	bar, began := stages{out: out}, time.Now()
	g.reading = o.data.reading.with(bar.of("embedding"))
	r, err := g.all(ctx, collections, work)
	bar.end()
	if err == nil && command == updates {
		err = o.settle(&r, g, known, linksOf(g.from.there, collections))
	}
	if err != nil {
		return stopped(ctx, err)
	}
	r.Skipped, r.Seconds = *g.skipped, time.Since(began).Seconds()
	return finishIndex(r, g.folder, out)
}

// all lets work change the index for each of the collections, and returns what was done.
func (g growth) all(ctx context.Context, collections []*inference.Collection, work func(growth) (changedIndex, error)) (
	r changedIndex, err error) {
	for i, c := range collections {
		g.collection, g.source = c, &g.from.there[i]
		for _, note := range g.collection.Data.Notes {
			g.out.say("note       %s", note)
		}
		if g.difference, err = g.collection.Compare(ctx, g.folder, g.beside); err != nil {
			return r, err
		}
		g.sayUnnamed()
		done, err := work(g)
		r.Added, r.Replaced, r.Renewed = r.Added+done.Added, r.Replaced+done.Replaced, r.Renewed+done.Renewed
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// sayUnnamed says that images come without a class into an index that knows classes.
func (g growth) sayUnnamed() {
	if g.folder.Index().Classes() == 0 {
		return
	}
	n := 0
	for _, i := range g.difference.New {
		if g.collection.Classes[i] == "" {
			n++
		}
	}
	if n > 0 {
		g.out.say("note       %s of no class, beside images that have one: an image is of the class of its folder, so name the folder above it",
			count(n, "new image"))
	}
}

// updates is the command that replaces images, and makes a folder of a file.
const updates = "index update"

// open opens the index, which must be a folder, or becomes one.
func (o growOptions) open(ctx context.Context, g growth, convert bool) (_ *index.Folder, err error) {
	f, err := g.model.OpenFolder(o.index)
	if !convert || !errors.Is(err, index.ErrFile) {
		aside.Sweep(o.index) // the file that it was, where a kill came behind the exchange
		return f, err
	}
	x, err := g.model.OpenIndex(o.index)
	if err != nil {
		return nil, err
	}
	b, err := g.model.BuildIndex(o.index, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	contents, err := g.model.Converted(ctx, g.collection, x)
	if err != nil {
		return nil, err
	}
	if err := b.Write(contents); err != nil {
		return nil, stopped(ctx, err)
	}
	g.out.say("%s was one file, and is a folder now", o.index)
	return g.model.OpenFolder(o.index)
}

// finishIndex chooses the threshold anew where that is due, and says what was changed.
func finishIndex(r changedIndex, f *index.Folder, out output) (err error) {
	if r.NewThreshold, err = f.Renew(); err != nil {
		return err
	}
	x := f.Index()
	r.Index, r.Images, r.Classes = f.Path(), x.Len(), x.Classes()
	r.Threshold, r.NoThreshold = x.About().Accept, x.About().NoAccept
	return r.show(out)
}

// show says what was changed.
func (r changedIndex) show(out output) error {
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("%s: %s", r.Index, r.what())
	out.print("it has %s in %s", count(r.Images, "image"), count(r.Classes, "class"))
	if r.NewThreshold {
		out.print("%s", acceptance(r.Threshold, r.NoThreshold))
	}
	if len(r.Skipped) > 0 {
		return &skippedError{len(r.Skipped)}
	}
	if len(r.Away) > 0 {
		return &leftError{r.Index, r.away, r.links}
	}
	return nil
}

// what counts what was changed.
func (r changedIndex) what() string {
	var words []string
	for _, w := range []struct {
		n    int
		what string
	}{{r.Added, "added"}, {r.Replaced, "replaced"}, {r.Renewed, "renewed"}, {r.Removed, "removed"}} {
		if w.n > 0 {
			words = append(words, count(w.n, "image")+" "+w.what)
		}
	}
	if n := len(r.Missing); n > 0 {
		words = append(words, fmt.Sprintf("%s not in the data (--remove-missing removes %s)", count(n, "image"), map[bool]string{true: "it", false: "them"}[n == 1]))
	}
	if len(words) == 0 {
		return "nothing to change"
	}
	return strings.Join(words, ", ")
}
