package cli

import (
	"cmp"
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
)

// searchOptions are the options of tfpair search.
type searchOptions struct {
	model     modelOptions
	index     string   // path or URL; "": the gallery inside the model
	images    []string // files, folders, archives and lists to search for
	k         int      // nearest to show
	vote      voteOptions
	threshold thresholdOptions
	layout    layoutOptions
	sheet     sheetOptions
	data      string // of the images searched, for the sheet; "": that of index build
	reading   readingOptions
	machine   machineOptions
	output    outputOptions
	line      commandLine // as it was given, without a threshold
}

func newSearchCommand(streams IO) *cli.Command {
	var o searchOptions
	c := &cli.Command{
		Name:  "search",
		Usage: "find the images of an index that are nearest to an image",
		Description: `Embeds the image and lists the nearest images of the index, or of the gallery that
the model carries. The search is exact.

An answer beyond the threshold is marked "none of these". The threshold belongs to
the index: it was chosen for as many images as it holds. An index without one, because
its classes are not known or too few strangers could ask, shows distances only.

Where the index has classes, the nearest images vote on the class of the image. The
nearer an image is, the more its vote counts. A line says so where the class is not
that of the nearest, or where you give --vote.

` + examplesHead + `  tfpair search --model demo/model --index demo/pictures.index --image demo/pictures/test/house/000.png
  tfpair search --model demo/model --index demo/pictures.index --image demo/pictures/test/ring -k 3 --sheet found.png`,
		Action: func(c *cli.Context) error {
			o.images, o.threshold.given, o.vote.given = c.StringSlice("image"), c.IsSet("threshold"), c.IsSet("vote")
			o.line = append(commandOf(c), flagsOf(c, "threshold", "false-accepts")...)
			return runSearch(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *searchOptions) addFlags(c *cli.Command) {
	o.model.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringSliceFlag{Name: "image", Category: required,
			Usage: "`PATH` of an image to search for, or of a folder, an archive or a list of images; may be repeated"},
		&cli.StringFlag{Name: "index", Destination: &o.index,
			Usage: "`PATH` from tfpair index build, or URL that tfpair index push was given (default: the gallery inside the model)"},
		&cli.IntFlag{Name: "k", Destination: &o.k, Value: 5, Usage: "show the `N` nearest images"})
	o.vote.addFlags(c, "")
	o.threshold.addSearchFlags(c)
	o.layout.addFlags(c)
	o.sheet.addFlags(c, "PNG `FILE` to draw the images and their answers into")
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "data", Destination: &o.data,
		Usage: "`PATH` of the folder or .zip of the indexed images, for the sheet (default: that of index build)"})
	o.reading.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model")
}

func (o searchOptions) validate() error {
	switch {
	case o.model.folder == "" || len(o.images) == 0:
		return usagef("search needs --model and --image")
	case o.k < 1:
		return usagef("-k must be 1 or more, got %d", o.k)
	}
	return cmp.Or(o.vote.validate(), o.threshold.validate(), o.layout.validate(), o.sheet.validate(), o.reading.validate(), o.model.trust.validate(), o.machine.validate())
}

// searched is the answer to one image.
type searched struct {
	Query string          `json:"query"` // as the user names it
	Hits  []inference.Hit `json:"hits"`  // nearest first
	// Vote is on the class; nil: none of the nearest has one.
	Vote *index.Vote `json:"vote,omitempty"`
}

// searches is the result of tfpair search.
type searches struct {
	Model  string `json:"model"`
	Space  string `json:"embedding_space"`
	Index  string `json:"index,omitempty"` // "" the gallery of the model
	Images int    `json:"images"`          // searched
	// Threshold is the distance up to which an answer is accepted; nil: there is none for a search
	// of this size, and NoThreshold says why where that is known.
	Threshold   *index.Accept `json:"threshold,omitempty"`
	NoThreshold string        `json:"no_threshold,omitempty"`
	// Suggested is a threshold to begin with where there is none; nil: the index suggests none.
	Suggested *float64 `json:"suggested_threshold,omitempty"`
	Queries   int      `json:"queries"`
	Accepted  *int     `json:"accepted,omitempty"` // of which the first answer is; nil without a threshold
	Sheet     string   `json:"sheet,omitempty"`
	Skipped   []string `json:"skipped,omitempty"`
}

func runSearch(ctx context.Context, o searchOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	m, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	x, done, err := m.OpenSearched(ctx, o.index)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if x, err = o.threshold.of(ctx, m, x); err != nil {
		return err
	}
	q := queries{images: map[string]queryImage{}}
	defer q.close()
	for _, path := range o.images {
		if err := q.add(ctx, out, m, path, o); err != nil {
			return err
		}
	}
	found, err := m.Search(ctx, x, q.vectors.Data, max(o.k, o.vote.of))
	if err != nil {
		return err
	}
	r := searches{Model: m.Name, Space: m.Manifest.Space, Index: postgres.Shown(o.index), Images: x.Len(),
		Threshold: x.About().Accept, NoThreshold: x.About().NoAccept, Queries: len(found)}
	if r.Threshold != nil {
		r.Accepted = new(int)
	} else {
		r.Suggested = index.Suggested(ctx, x)
	}
	list := make([]searched, len(found))
	for i, hits := range found {
		list[i] = searched{Query: q.vectors.Paths[i], Hits: hits[:min(o.k, len(hits))], Vote: o.vote.on(hits)}
		if accepted := hits[0].Accepted; accepted != nil && *accepted {
			*r.Accepted++
		}
	}
	if r.Sheet = o.sheet.path; r.Sheet != "" {
		if err := writeSearchSheet(ctx, o.data, r, list, x, q.images); err != nil {
			return err
		}
	}
	return r.show(out, list, q, o.vote, o.next(m, r, outgrown(x)))
}

// next returns the commands that accept answers where the search had no threshold: the one that chooses it in a database, and
// the search with a value to begin with, as far as they are known.
func (o searchOptions) next(m *inference.Model, r searches, outgrown bool) (list []commandLine) {
	if r.Threshold != nil {
		return nil
	}
	if outgrown {
		list = append(list, nextThreshold(m, o.index))
	}
	if r.Suggested == nil {
		return list
	}
	line := o.line
	if o.sheet.path != "" && !o.sheet.overwrite { // which is there now
		line = append(line, "--overwrite")
	}
	return append(list, line.accepting(*r.Suggested))
}

// queries are the images that are searched for.
type queries struct {
	vectors *vectors.Vectors      // paths as the user names them
	images  map[string]queryImage // by those paths
	skipped []string
	data    []*dataset.Dataset
}

// queryImage is where an image lies.
type queryImage struct {
	data *dataset.Dataset
	path string
}

// add embeds an image file, or all images of a folder, an archive or a list.
func (q *queries) add(ctx context.Context, out output, m *inference.Model, path string, o searchOptions) error {
	data, err := o.layout.openImages(path)
	if err != nil {
		return err
	}
	q.data = append(q.data, data)
	bar := stages{out: out}
	e, err := m.EmbedImages(ctx, data, data.All().Images, o.reading.with(bar.of("embedding")))
	bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	q.skipped = append(q.skipped, sayBad(out, e.Bad)...)
	list := e.Vectors
	for i, at := range list.Paths {
		name := path
		if len(data.Images) > 1 || at != data.Name {
			name = path + "/" + at
		}
		q.images[name], list.Paths[i] = queryImage{data, at}, name
	}
	if q.vectors == nil {
		q.vectors = list
		return nil
	}
	q.vectors.Paths = append(q.vectors.Paths, list.Paths...)
	q.vectors.Data = append(q.vectors.Data, list.Data...)
	return nil
}

// close closes what add opened.
func (q *queries) close() {
	for _, d := range q.data {
		d.Close() // read only
	}
}

// show prints the answers.
func (r searches) show(out output, list []searched, q queries, o voteOptions, next []commandLine) error {
	wide := 0
	for _, s := range list {
		for _, h := range s.Hits {
			wide = max(wide, len(h.Class))
		}
	}
	for _, s := range list {
		if err := out.emit("result", s); err != nil {
			return err
		}
		out.print("%s", s.Query)
		for _, h := range s.Hits {
			out.print("%4d  %sdistance %.4f  %-*s  %s", h.Rank, verdict(h), h.Distance, wide, h.Class, h.Path)
		}
		if o.shown(s) {
			out.print("      %s", s.named())
		}
	}
	if r.Threshold != nil {
		out.say("none of these where distance > %.4g (from %s)", r.Threshold.Value, r.Threshold.Source)
	} else {
		out.say("no threshold for a search of this size: %s", noThreshold(r.NoThreshold))
	}
	if r.Suggested != nil {
		out.say("%s", suggested(*r.Suggested))
	}
	if r.Sheet != "" {
		out.print("wrote %s", r.Sheet)
	}
	for i, line := range next {
		out.say("%s: %s", []string{"next", "or"}[i], line)
	}
	r.Skipped = q.skipped
	if err := out.emit("summary", r); err != nil {
		return err
	}
	if len(r.Skipped) > 0 {
		return &skippedError{len(r.Skipped)}
	}
	return nil
}

// verdict is what a person reads before an answer: nothing where there is no threshold.
func verdict(h inference.Hit) string {
	switch {
	case h.Accepted == nil:
		return ""
	case *h.Accepted:
		return "accepted       "
	}
	return "none of these  "
}
