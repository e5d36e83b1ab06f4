package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

func newSearchCommand(streams IO) *cli.Command {
	flags := append(modelFlags(),
		&cli.StringFlag{Name: "index", Usage: "`FILE` that tfpair index build wrote, else the gallery inside the model"},
		&cli.StringSliceFlag{Name: "image", Usage: "image `FILE` to search for, or a folder, a .zip or a list of them; may be repeated"},
		&cli.IntFlag{Name: "k", Value: 5, Usage: "show the `N` nearest images"},
		&cli.StringFlag{Name: "sheet", Usage: "PNG `FILE` to draw the images and their answers into"},
		&cli.BoolFlag{Name: "overwrite", Usage: "replace the sheet where there is one"},
		&cli.StringFlag{Name: "data", Usage: "`PATH` of a folder or .zip of the images searched, for the sheet, else that of index build"})
	flags = append(flags, badFlags()...)
	return &cli.Command{
		Name:  "search",
		Usage: "find the images of an index, or of the model's gallery, that are nearest to an image",
		Description: "An answer farther than the gallery's threshold, or else the model's, is marked as none of\n" +
			"these.",
		Flags:  append(append(flags, machineFlags()...), outputFlags()...),
		Action: func(c *cli.Context) error { return runSearch(c, newOutput(c, streams)) },
	}
}

// searched is the answer to one image.
type searched struct {
	Query string `json:"query"` // as the user names it
	Hits  []hit  `json:"hits"`  // nearest first
}

// hit is one of the nearest.
type hit struct {
	Rank int `json:"rank"` // from 1
	models.Hit
	Path   string `json:"path"`
	SHA256 string `json:"sha256,omitempty"`
}

// searches is the result of tfpair search.
type searches struct {
	Model     string           `json:"model"`
	Space     string           `json:"embedding_space"`
	Index     string           `json:"index,omitempty"` // "" the gallery of the model
	Images    int              `json:"images"`          // searched
	Threshold models.Threshold `json:"threshold"`       // up to which an answer is accepted
	Queries   int              `json:"queries"`
	Accepted  int              `json:"accepted"` // of which the first answer is
	Sheet     string           `json:"sheet,omitempty"`
	Skipped   []string         `json:"skipped,omitempty"`
}

func runSearch(c *cli.Context, out output) (err error) {
	if err := need(c, "model"); err != nil {
		return err
	}
	switch {
	case len(c.StringSlice("image")) == 0:
		return usagef("search needs --model and --image")
	case c.Int("k") < 1:
		return usagef("-k must be 1 or more, got %d", c.Int("k"))
	}
	if err := checkSheetFile(c); err != nil {
		return err
	}
	m, err := openModel(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	x, err := m.index(c.String("index"))
	if err != nil {
		return err
	}
	r := searches{Model: m.name, Space: m.Space, Index: c.String("index"), Images: x.Len(), Threshold: m.Accept()}
	q := queries{images: map[string]queryImage{}}
	defer q.close()
	for _, path := range c.StringSlice("image") {
		if err := q.add(c, out, m, path); err != nil {
			return err
		}
	}
	list, err := r.answer(x, q.vectors, c.Int("k"))
	if err != nil {
		return err
	}
	if r.Sheet = c.String("sheet"); r.Sheet != "" {
		if err := writeSearchSheet(c, r, list, x, q.images); err != nil {
			return err
		}
	}
	return r.show(out, list, q)
}

// index returns the index in the file at path, or the gallery of m where that is "".
func (m *model) index(path string) (*index.Index, error) {
	if path == "" && m.gallery == nil {
		return nil, fmt.Errorf("model %q: %w", m.name, models.ErrNoGallery)
	} else if path == "" {
		return m.gallery, nil
	}
	x, err := index.Read(path)
	if err != nil {
		return nil, err
	}
	if err := m.Fits(x); err != nil {
		return nil, &index.Error{Path: path, Err: err}
	}
	return x, nil
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
func (q *queries) add(c *cli.Context, out output, m *model, path string) error {
	skip, err := skipShare(c)
	if err != nil {
		return err
	}
	data, err := dataset.Open(dataset.Options{Data: path, ImagesOnly: true})
	if err != nil {
		return err
	}
	q.data = append(q.data, data)
	e := newEmbedder(data, data.In("").Images, skip)
	list, err := e.embed(c.Context, out, m, storeOptions(c))
	if err != nil {
		return err
	}
	q.skipped = append(q.skipped, sayBad(out, e.bad)...)
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

// answer searches x for all queries and counts those it has an accepted answer to.
func (r *searches) answer(x *index.Index, of *vectors.Vectors, k int) ([]searched, error) {
	found, err := x.Search(of.Data, k)
	if err != nil {
		return nil, err
	}
	r.Queries = len(found)
	list := make([]searched, len(found))
	for i, neighbours := range found {
		list[i].Query = of.Paths[i]
		for rank, n := range neighbours {
			item := x.Item(n.Row)
			accepted := r.Threshold.Source == "" || float64(n.Distance) <= r.Threshold.Value
			list[i].Hits = append(list[i].Hits, hit{Rank: rank + 1, Path: item.Path, SHA256: item.SHA256,
				Hit: models.Hit{ID: item.ID, Class: item.Class, Distance: n.Distance, Accepted: accepted}})
		}
		if list[i].Hits[0].Accepted {
			r.Accepted++
		}
	}
	return list, nil
}

// show prints the answers.
func (r searches) show(out output, list []searched, q queries) error {
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
			out.print("%4d  %-13s  distance %.4f  %-*s  %s", h.Rank, h.verdict(), h.Distance, wide, h.Class, h.Path)
		}
	}
	if r.Threshold.Source != "" {
		out.say("none of these where distance > %.4g (from %s)", r.Threshold.Value, r.Threshold.Source)
	}
	if r.Sheet != "" {
		out.print("wrote %s", r.Sheet)
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

// verdict is what a person reads beside an answer.
func (h hit) verdict() string {
	if h.Accepted {
		return "accepted"
	}
	return "none of these"
}
