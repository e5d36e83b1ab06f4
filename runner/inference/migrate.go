package inference

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

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
	model       *Model
	from        *index.Index
	collections []*Collection
	to          *index.Folder
	images      []place // for the rows of from
	kept        []int   // rows whose images are embedded from their thumbnails
	same        bool    // vectors stay as they are: see Keep
}

// place is an image of a collection.
type place struct {
	of    int // number of the collection; -1: the image is not at hand
	image int32
}

// Absent says what becomes of images that are not in the data as they were. The zero value refuses them.
type Absent struct {
	Thumbnails bool // they are embedded from their thumbnails, where they have one
	Lose       bool // they are left out
}

// Migrate prepares an index in the folder at path, whose images are those of from, embedded by m. Where an
// earlier call has begun one there, it goes on. The collections have the images: under the same path, or, where from has a
// prefix before it, under what is behind a slash. Those whose file is not as it was are absent, and those that are left
// out are returned. Errors: a *LostError, unless absent images may be left out, and those of OpenFolder and BuildIndex.
func (m *Model) Migrate(ctx context.Context, name string, from *index.Index, collections []*Collection, path string, o Absent) (*Migration, []string, error) {
	g := &Migration{model: m, from: from, collections: collections}
	lost, err := g.find(ctx, o.Thumbnails && !m.constant())
	if err != nil {
		return nil, nil, err
	}
	if len(lost) == from.Len() || len(lost) > 0 && !o.Lose {
		return nil, nil, &LostError{name, lost, from.Len()}
	}
	return g, lost, g.open(name, path)
}

// open opens what an earlier call has begun at path, or begins it, for the images of the index called name.
func (g *Migration) open(name, path string) error {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		if err := g.model.begin(name, g.from, path); err != nil {
			return err
		}
	}
	var err error
	if g.to, err = g.model.OpenFolder(path); err != nil {
		return err
	}
	sources, err := index.ReadSources(name)
	if err != nil {
		return err
	}
	return g.resume(sources)
}

// resume has what an earlier call has begun be of from, as it is now: another index may have been migrated to that place, or from have
// changed.
func (g *Migration) resume(sources index.Sources) error {
	rows := map[string]int{}
	for row, item := range g.from.All() {
		rows[item.ID] = row
	}
	var others []string
	x := g.to.Index()
	for row, item := range x.All() {
		was, there := rows[item.ID]
		if !there || !g.made(was, x, row) {
			others = append(others, item.ID)
		}
	}
	if _, err := g.to.Remove(others...); err != nil {
		return err
	}
	return g.to.ReplaceSources(sources)
}

// made reports whether row there of the new index is what becomes of a row of from.
func (g *Migration) made(row int, x *index.Index, there int) bool {
	got, want := x.Item(there), g.from.Item(row)
	if got.SHA256 == "" && g.images[row].of < 0 {
		want.SHA256 = "" // see embedKept
	}
	return got == want && maps.Equal(x.Metadata(there), g.from.Metadata(row)) && x.Source(there) == g.from.Source(row)
}

// begin makes an empty index of m's space, for the images of the index called name.
func (m *Model) begin(name string, from *index.Index, path string) error {
	sources, err := index.ReadSources(name)
	if err != nil {
		return err
	}
	b, err := m.BuildIndex(path, false)
	if err != nil {
		return err
	}
	about := index.About{Kind: from.About().Kind, Space: m.Manifest.Space, Model: m.Name, Distance: m.Manifest.Distance,
		Dim: m.Dim(), Root: from.About().Root, Thumbnails: from.About().Thumbnails}
	none := func(func(index.Entry, error) bool) {}
	return errors.Join(b.Write(index.Contents{About: about, Entries: none, Calibration: m.calibration, Sources: sources}), b.Close())
}

// find finds the images of the index in the collections, or else their thumbnails, and returns the ids of those that are not there.
func (g *Migration) find(ctx context.Context, thumbnails bool) (lost []string, err error) {
	named := g.named()
	sums, err := g.sums(ctx, named)
	if err != nil {
		return nil, err
	}
	for row, item := range g.from.All() {
		g.images = append(g.images, as(item, named(item.Path), sums))
		switch {
		case g.images[row].of >= 0:
		case thumbnails && g.from.HasPicture(row):
			g.kept = append(g.kept, row)
		default:
			lost = append(lost, item.ID)
		}
	}
	return lost, nil
}

// as returns the image that is an item: of those that are called like it the first whose contents are the item's. Where
// these are not known, images of the item's own path are taken, if their contents are equal.
func as(item index.Item, called []candidate, sums map[place]string) place {
	found := place{of: -1}
	for _, c := range called {
		switch {
		case item.SHA256 != "":
			if sums[c.place] == item.SHA256 {
				return c.place
			}
		case !c.whole:
		case found.of >= 0 && sums[found] != sums[c.place]:
			return place{of: -1}
		default:
			found = c.place
		}
	}
	return found
}

// candidate is an image that is called like one of the index.
type candidate struct {
	place
	whole bool // by its whole path, not only by the end of it
}

// named returns a function that finds the images that are called like a path, those with the most of it first: an image
// that was added with the prefix "june" is called june/1.png in the index, and 1.png in its folder.
func (g *Migration) named() func(path string) []candidate {
	at := make([]map[string]int32, len(g.collections))
	for i, c := range g.collections {
		at[i] = make(map[string]int32, len(c.Images))
		for _, image := range c.Images {
			at[i][c.Data.Images[image].Path] = image
		}
	}
	return func(path string) (list []candidate) {
		for end, more := path, true; more; _, end, more = strings.Cut(end, "/") {
			for of := range at {
				if image, ok := at[of][end]; ok {
					list = append(list, candidate{place{of, image}, end == path})
				}
			}
		}
		return list
	}
}

// sums returns the checksums of all images that are called like one of the index.
func (g *Migration) sums(ctx context.Context, named func(path string) []candidate) (map[place]string, error) {
	sums, lists := map[place]string{}, make([][]int32, len(g.collections))
	for _, item := range g.from.All() {
		for _, c := range named(item.Path) {
			if _, there := sums[c.place]; !there {
				sums[c.place], lists[c.of] = "", append(lists[c.of], c.image)
			}
		}
	}
	for of, list := range lists {
		texts, err := g.collections[of].Data.Sums(ctx, list)
		if err != nil {
			return nil, err
		}
		for i, image := range list {
			sums[place{of, image}] = texts[i]
		}
	}
	return sums, nil
}

// Done returns how many images the new index has.
func (g *Migration) Done() int { return g.to.Index().Len() }

// Thumbnails returns how many images are embedded from their thumbnails.
func (g *Migration) Thumbnails() int { return len(g.kept) }

// Run embeds what is missing, or takes its vectors, and chooses the threshold. What it has done stays if it ends early. It returns
// the images that could not be read.
func (g *Migration) Run(ctx context.Context, r Reading) (bad []pipeline.BadImage, err error) {
	if g.same {
		return nil, g.take(ctx, r)
	}
	var rows []int
	for row, item := range g.from.All() {
		if _, _, there := g.to.Find(item.ID); g.images[row].of >= 0 && !there {
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
		e.Learned = learnedFrom(g.model.calibration, e.Item)
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

// embed embeds the images of some rows, and puts them into the new index in the order of the rows.
func (g *Migration) embed(ctx context.Context, rows []int, r Reading) (bad []pipeline.BadImage, err error) {
	images, of := make([][]int32, len(g.collections)), map[place][]int{} // rows of an image: copies may share one
	for _, row := range rows {
		p := g.images[row]
		if of[p] == nil {
			images[p.of] = append(images[p.of], p.image)
		}
		of[p] = append(of[p], row)
	}
	entries, done := map[int]index.Entry{}, 0 // by row
	for i, list := range images {
		if len(list) == 0 {
			continue
		}
		part, rest := *g.collections[i], r
		part.Images = list
		rest.Progress = func(n, _ int) { r.progress(done+n, len(rows)) }
		found, err := g.embedPart(ctx, &part, rest, func(image int32) []int { return of[place{i, image}] }, entries)
		if err != nil {
			return bad, err
		}
		bad, done = append(bad, found...), done+len(list)
	}
	put := make([]index.Entry, 0, len(entries))
	for _, row := range slices.Sorted(maps.Keys(entries)) {
		put = append(put, entries[row])
	}
	return bad, g.to.Put(put...)
}

// embedPart embeds the images of c, and makes the entries of their rows.
func (g *Migration) embedPart(ctx context.Context, c *Collection, r Reading, rows func(image int32) []int, entries map[int]index.Entry) (
	[]pipeline.BadImage, error) {
	r.Store.Thumbnail = g.to.Index().About().Thumbnails > g.from.About().Thumbnails // else most are there
	store, err := g.model.passing(c.Data, r.Store)
	if err != nil {
		return nil, err
	}
	defer store.Close() // a cache
	e, err := g.model.embedCollection(ctx, store, c, r)
	if err != nil {
		return nil, err
	}
	return e.Bad, g.enter(ctx, store, e, rows, entries)
}

// enter makes the entries of the rows of images that were embedded.
func (g *Migration) enter(ctx context.Context, store *pipeline.Store, e *Embeddings, rows func(image int32) []int, entries map[int]index.Entry) error {
	var lack []int32 // images that the index before has no thumbnail of
	for i, image := range e.Images {
		for _, row := range rows(image) {
			entry, err := g.from.Entry(row)
			if err != nil {
				return err
			}
			entry.Vector, entry.Learned = e.Data[i*g.model.Dim():][:g.model.Dim()], learnedFrom(g.model.calibration, entry.Item)
			if entries[row] = entry; entry.Picture == nil {
				lack = append(lack, image)
			}
		}
	}
	if g.to.Index().About().Thumbnails == 0 {
		return nil
	}
	lack = slices.Compact(lack) // rows of an image are side by side
	made, err := thumbnails(ctx, store, lack)
	if err != nil {
		return err
	}
	for i, image := range lack {
		for _, row := range rows(image) {
			if entry := entries[row]; entry.Picture == nil {
				entry.Picture = made[i]
				entries[row] = entry
			}
		}
	}
	return nil
}

// Finish gives the new index its name, where nothing may be, and returns it.
func (g *Migration) Finish(path string) (*index.Index, error) {
	err := g.to.Rename(path)
	return g.to.Index(), err
}
