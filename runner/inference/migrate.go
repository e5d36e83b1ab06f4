package inference

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// LostError says that pictures of an index are not at hand to be embedded again.
type LostError struct {
	Path  string   // of the index
	IDs   []string // in its order
	Total int      // pictures of the index
}

func (e *LostError) Error() string {
	return fmt.Sprintf("index %q: %d of %s, the first %q, are not in the data as they were", e.Path, len(e.IDs),
		plural.Count(e.Total, "image"), e.IDs[0])
}

// Migration moves an index to the embedding space of another model.
type Migration struct {
	model      *Model
	from       *index.Index
	collection *Collection
	to         *index.Folder
	images     []int32 // of the collection, for the rows of from; -1: it is not at hand
	kept       []int   // rows whose images are embedded from their thumbnails
}

// Absent says what becomes of images that are not in the data as they were. The zero value refuses them.
type Absent struct {
	Thumbnails bool // they are embedded from their thumbnails, where they have one
	Lose       bool // they are left out
}

// Migrate prepares an index in the folder at path, whose images are those of from, embedded by m. Where an
// earlier call has begun one there, it goes on. c has the images, nil: none; those whose file is not as it was are
// absent, and those that are left out are returned. Errors: a *LostError, unless absent images may be left out, and those of OpenFolder and BuildIndex.
func (m *Model) Migrate(ctx context.Context, name string, from *index.Index, c *Collection, path string, o Absent) (*Migration, []string, error) {
	g := &Migration{model: m, from: from, collection: c}
	lost, err := g.find(ctx, o.Thumbnails && !m.constant())
	if err != nil {
		return nil, nil, err
	}
	if len(lost) == from.Len() || len(lost) > 0 && !o.Lose {
		return nil, nil, &LostError{name, lost, from.Len()}
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		if err := m.begin(from, path); err != nil {
			return nil, nil, err
		}
	}
	g.to, err = m.OpenFolder(path)
	return g, lost, err
}

// begin makes an empty index of m's space.
func (m *Model) begin(from *index.Index, path string) error {
	b, err := m.BuildIndex(path, false)
	if err != nil {
		return err
	}
	about := index.About{Kind: from.About().Kind, Space: m.Manifest.Space, Model: m.Name, Distance: m.Manifest.Distance,
		Dim: m.Dim(), Root: from.About().Root, Thumbnails: from.About().Thumbnails}
	none := func(func(index.Entry, error) bool) {}
	return errors.Join(b.Write(index.Contents{About: about, Entries: none, Calibration: m.calibration}), b.Close())
}

// find finds the images of the index in the collection, or else their thumbnails, and returns the ids of those that are not there.
func (g *Migration) find(ctx context.Context, thumbnails bool) (lost []string, err error) {
	sums, err := g.known(ctx)
	if err != nil {
		return nil, err
	}
	next := 0
	for row, item := range g.from.All() {
		if g.images[row] >= 0 {
			if next++; item.SHA256 != "" && item.SHA256 != sums[next-1] {
				g.images[row] = -1
			}
		}
		switch {
		case g.images[row] >= 0:
		case thumbnails && g.from.HasPicture(row):
			g.kept = append(g.kept, row)
		default:
			lost = append(lost, item.ID)
		}
	}
	return lost, nil
}

// known finds the images of the index in the collection by their paths, and returns the checksums of those that it finds.
func (g *Migration) known(ctx context.Context) ([]string, error) {
	at := map[string]int32{}
	if g.collection != nil {
		for _, image := range g.collection.Images {
			at[g.collection.Data.Images[image].Path] = image
		}
	}
	var known []int32
	for _, item := range g.from.All() {
		image, ok := at[item.Path]
		if !ok {
			image = -1
		} else {
			known = append(known, image)
		}
		g.images = append(g.images, image)
	}
	if g.collection == nil {
		return nil, nil
	}
	return g.collection.Data.Sums(ctx, known)
}

// Done returns how many images the new index has.
func (g *Migration) Done() int { return g.to.Index().Len() }

// Thumbnails returns how many images are embedded from their thumbnails.
func (g *Migration) Thumbnails() int { return len(g.kept) }

// Run embeds what is missing, and chooses the threshold. What it has done stays if it ends early. It returns
// the images that could not be read.
func (g *Migration) Run(ctx context.Context, r Reading) (bad []pipeline.BadImage, err error) {
	var rows []int
	for row, item := range g.from.All() {
		x, there, ok := g.to.Find(item.ID)
		if g.images[row] >= 0 && (!ok || x.Item(there).SHA256 != item.SHA256) {
			rows = append(rows, row)
		}
	}
	kept := slices.DeleteFunc(slices.Clone(g.kept), func(row int) bool {
		_, _, there := g.to.Find(g.from.Item(row).ID)
		return there
	})
	progress, all := r.progress, len(rows)+len(kept)
	for from := 0; from < len(rows); from += chunk {
		rest := r
		rest.Progress = func(done, _ int) { progress(from+done, all) }
		more, err := g.embed(ctx, rows[from:min(from+chunk, len(rows))], rest)
		if err != nil {
			return bad, err
		}
		bad = append(bad, more...)
	}
	for from := 0; from < len(kept); from += embedBatch {
		part := kept[from:min(from+embedBatch, len(kept))]
		if err := g.embedKept(ctx, part); err != nil {
			return bad, err
		}
		progress(len(rows)+from+len(part), all)
	}
	_, err = g.to.Renew()
	return bad, err
}

// embedKept embeds the thumbnails of some rows, and puts them into the new index. Their entries have no checksum of a file, so that
// index update embeds the files where they are there again.
func (g *Migration) embedKept(ctx context.Context, rows []int) error {
	resizer, err := resize.New(g.model.Manifest.Preprocessing.Options)
	if err != nil {
		return err
	}
	pixels := make([]uint8, len(rows)*resizer.Bytes())
	entries := make([]index.Entry, len(rows))
	learned := g.model.calibration.Learned
	for i, row := range rows {
		e, err := g.from.Entry(row)
		if err != nil {
			return err
		}
		img, err := decode.Until(ctx, e.Picture, decode.Limits{})
		if err != nil {
			return fmt.Errorf("thumbnail of %q: %w", e.ID, err)
		}
		resizer.Into(pixels[i*resizer.Bytes():][:resizer.Bytes()], img)
		e.Learned = learned != nil && learned(e.Item)
		e.SHA256 = ""
		entries[i] = e
	}
	data, err := g.model.Embed(pixels)
	if err != nil {
		return err
	}
	for i := range entries {
		entries[i].Vector = data[i*g.model.Dim():][:g.model.Dim()]
	}
	return g.to.Put(entries...)
}

// embed embeds the images of some rows, and puts them into the new index.
func (g *Migration) embed(ctx context.Context, rows []int, r Reading) ([]pipeline.BadImage, error) {
	part := *g.collection
	part.Images = nil
	of := map[int32]int{} // row of an image
	for _, row := range rows {
		part.Images, of[g.images[row]] = append(part.Images, g.images[row]), row
	}
	e, err := g.model.embedCollection(ctx, &part, r)
	if err != nil {
		return nil, err
	}
	learned := g.model.calibration.Learned
	pictures := make([][]byte, len(e.Images))
	if g.to.Index().About().Thumbnails > 0 {
		var lack []int32 // images that the index before had no thumbnail of
		for i, image := range e.Images {
			if pictures[i], err = g.from.Picture(of[image]); err != nil {
				return nil, err
			}
			if pictures[i] == nil {
				lack = append(lack, image)
			}
		}
		made, err := g.model.thumbnails(ctx, &part, lack, true)
		if err != nil {
			return nil, err
		}
		for i, picture := range made {
			pictures[slices.Index(e.Images, lack[i])] = picture
		}
	}
	entries := make([]index.Entry, len(e.Images))
	for i, image := range e.Images {
		item := g.from.Item(of[image])
		entries[i] = index.Entry{Item: item, Vector: e.Data[i*g.model.Dim():][:g.model.Dim()], Metadata: g.from.Metadata(of[image]),
			Picture: pictures[i], Learned: learned != nil && learned(item)}
	}
	return e.Bad, g.to.Put(entries...)
}

// Finish gives the new index its name, where nothing may be, and returns it.
func (g *Migration) Finish(path string) (*index.Index, error) {
	err := g.to.Rename(path)
	return g.to.Index(), err
}
