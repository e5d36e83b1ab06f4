package inference

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/thumbnail"
)

// BuildIndex makes sure that an index of m can be written to a folder: see index.Build.
func (m *Model) BuildIndex(path string, overwrite bool) (*index.Building, error) {
	return m.distances().Build(path, overwrite)
}

// OpenFolder returns the index in a folder, to which images are added. Errors are those of OpenIndex,
// and an *index.Error that wraps index.ErrFile where the index is a file.
func (m *Model) OpenFolder(path string) (*index.Folder, error) {
	f, err := m.distances().OpenFolder(path)
	if err != nil {
		return nil, err
	}
	if err := m.Manifest.Fits(f.Index()); err != nil {
		return nil, &index.Error{Path: path, Err: err}
	}
	return f, nil
}

// Beside is what an index has beside the embeddings.
type Beside struct {
	Thumbnails bool                         // of each image one, at most thumbnail.Side pixels wide and high
	Kept       *kept.Options                // where thumbnails are kept, and found; nil: nowhere
	Metadata   map[string]map[string]string // by paths of images in the data; nil: what the index has stays
}

// Of returns the metadata of the image at a path of the data, of which the index has there.
func (b Beside) Of(path string, there map[string]string) map[string]string {
	if b.Metadata == nil {
		return there
	}
	return b.Metadata[path]
}

// Contents returns what Index made of images of c as it is written to a folder. The entries must be read
// before c and e are closed.
func (m *Model) Contents(ctx context.Context, c *Collection, x *index.Index, e *Embeddings, b Beside) index.Contents {
	calibration := m.calibrationFor(c)
	about := x.About()
	if b.Thumbnails {
		about.Thumbnails = thumbnail.Side
	}
	entries := func(yield func(index.Entry, error) bool) {
		store := e.store
		if store == nil {
			var err error
			if store, err = m.thumbnailing(c, b); err != nil {
				yield(index.Entry{}, err)
				return
			}
			defer store.Close() // a cache
		}
		for from := 0; from < len(e.Images); from += chunk {
			images := e.Images[from:min(from+chunk, len(e.Images))]
			items := make([]index.Item, len(images))
			for i := range items {
				items[i] = x.Item(from + i)
			}
			list, err := m.entries(ctx, store, c, images, items, b)
			if err != nil {
				yield(index.Entry{}, err)
				return
			}
			for i, entry := range list {
				entry.Vector = x.Vector(from + i)
				if !yield(entry, ctx.Err()) || ctx.Err() != nil {
					return
				}
			}
		}
	}
	return index.Contents{About: about, Entries: entries, Calibration: calibration}
}

// Converted returns what is in x, an index in a file, as it is written to a folder: with thumbnails of those
// images that c has as they were.
func (m *Model) Converted(ctx context.Context, c *Collection, x *index.Index) (index.Contents, error) {
	items, err := c.Items(ctx, c.Images)
	if err != nil {
		return index.Contents{}, err
	}
	images := map[index.Item]int32{} // by id and contents
	for i, item := range items {
		images[index.Item{ID: item.ID, SHA256: item.SHA256}] = c.Images[i]
	}
	calibration, about := m.calibration, x.About()
	about.Thumbnails = thumbnail.Side
	return index.Contents{About: about, Calibration: calibration, Entries: func(yield func(index.Entry, error) bool) {
		store, err := m.thumbnailing(c, Beside{})
		if err != nil {
			yield(index.Entry{}, err)
			return
		}
		defer store.Close() // a cache
		for row, item := range x.All() {
			e := index.Entry{Item: item, Vector: x.Vector(row), Learned: learnedFrom(calibration, item)}
			if image, ok := images[index.Item{ID: item.ID, SHA256: item.SHA256}]; ok {
				pictures, err := thumbnails(ctx, store, []int32{image})
				if err != nil {
					yield(index.Entry{}, err)
					return
				}
				e.Picture = pictures[0]
			}
			if !yield(e, ctx.Err()) || ctx.Err() != nil {
				return
			}
		}
	}}, nil
}

// learnedFrom reports whether the network has learned from the class of an image of an index.
func learnedFrom(c index.Calibration, i index.Item) bool { return c.Learned != nil && c.Learned(i) }

// thumbnailing returns what makes thumbnails of images of c, and finds those that were kept.
func (m *Model) thumbnailing(c *Collection, b Beside) (*pipeline.Store, error) {
	return m.passing(c.Data, pipeline.StoreOptions{Kept: b.Kept, Thumbnail: true})
}

// entries returns what is put into an index of images, without their vectors. The error is that of thumbnails.
func (m *Model) entries(ctx context.Context, store *pipeline.Store, c *Collection, images []int32, items []index.Item, b Beside) (
	[]index.Entry, error) {
	calibration := m.calibrationFor(c)
	pictures := make([][]byte, len(images))
	if b.Thumbnails {
		var err error
		if pictures, err = thumbnails(ctx, store, images); err != nil {
			return nil, err
		}
	}
	list := make([]index.Entry, len(items))
	for i, item := range items {
		list[i] = index.Entry{Item: item, Picture: pictures[i], Metadata: b.Metadata[c.Data.Images[images[i]].Path], Source: c.Source,
			Learned: learnedFrom(calibration, item)}
	}
	return list, nil
}

// chunk is how many images are added at once: what was added stays if the next are not.
const chunk = 256

// thumbnails returns those of images, nil for each that has none. The error is that of thumbnailOf, or of ctx.
func thumbnails(ctx context.Context, store *pipeline.Store, images []int32) ([][]byte, error) {
	list, errs := make([][]byte, len(images)), make([]error, len(images))
	workers.Each(len(images), func() func(int) {
		return func(i int) {
			if ctx.Err() == nil {
				list[i], errs[i] = thumbnailOf(store, images[i])
			}
		}
	})
	return list, cmp.Or(append(errs, ctx.Err())...)
}

// thumbnailOf returns the thumbnail of an image, nil where its file is gone or no picture any more: it shows what was
// embedded, and answers do without. The error says that the file may be well: the disk failed, or the process has no
// more of something.
func thumbnailOf(store *pipeline.Store, image int32) ([]byte, error) {
	small, err := store.Thumbnail(image)
	switch {
	case err == nil:
		return small, nil
	case errors.As(err, new(syscall.Errno)) && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return nil, nil
}

// AddImages embeds images of c, and puts them into f, a part at a time: what was put in stays, whatever
// becomes of the next. It returns how many, and the images that could not be read. Errors are those of
// Index and of index.Folder.Put.
func (m *Model) AddImages(ctx context.Context, f *index.Folder, c *Collection, images []int32, r Reading, b Beside) (
	added int, bad []pipeline.BadImage, err error) {
	r.Store.Thumbnail = b.Thumbnails
	store, err := m.passing(c.Data, r.Store)
	if err != nil {
		return 0, nil, err
	}
	defer store.Close() // a cache
	progress := r.progress
	for from := 0; from < len(images); from += chunk {
		part := *c
		part.Images = images[from:min(from+chunk, len(images))]
		rest := r
		rest.Progress = func(done, _ int) { progress(from+done, len(images)) }
		before := c.stamps(part.Images)
		e, err := m.embedCollection(ctx, store, &part, rest)
		if err != nil {
			return added, bad, err
		}
		items, err := c.itemsSince(ctx, e.Images, before)
		if err != nil {
			return added, bad, err
		}
		keepClasses(f, items)
		entries, err := m.entries(ctx, store, c, e.Images, items, b)
		if err != nil {
			return added, bad, err
		}
		for i := range entries {
			entries[i].Vector = e.Data[i*m.Dim():][:m.Dim()]
			if x, row, there := f.Find(entries[i].ID); there {
				entries[i].Metadata = b.Of(c.Data.Images[e.Images[i]].Path, x.Metadata(row))
			}
		}
		if err := f.Put(entries...); err != nil {
			return added, bad, err
		}
		added, bad = added+len(entries), append(bad, e.Bad...)
	}
	return added, bad, nil
}

// keepClasses gives items whose class the data does not name the one that f has.
func keepClasses(f *index.Folder, items []index.Item) {
	for i, item := range items {
		if x, row, there := f.Find(item.ID); there {
			items[i] = (&Stored{Item: x.Item(row)}).Keeping(item)
		}
	}
}

// Refresh gives images of c whose files are as they were their class, thumbnail and metadata of now. A class that the data does not
// name stays.
func (m *Model) Refresh(ctx context.Context, f *index.Folder, c *Collection, images []int32, b Beside) error {
	store, err := m.thumbnailing(c, b)
	if err != nil {
		return err
	}
	defer store.Close() // a cache
	for from := 0; from < len(images); from += chunk {
		part := images[from:min(from+chunk, len(images))]
		items, err := c.Items(ctx, part)
		if err != nil {
			return err
		}
		keepClasses(f, items)
		entries, err := m.entries(ctx, store, c, part, items, b)
		if err != nil {
			return err
		}
		for i := range entries {
			x, row, there := f.Find(entries[i].ID)
			if !there {
				return fmt.Errorf("%q has been removed meanwhile", entries[i].ID)
			}
			entries[i].Vector = x.Vector(row)
			entries[i].Metadata = b.Of(c.Data.Images[part[i]].Path, x.Metadata(row))
		}
		if err := f.Put(entries...); err != nil {
			return err
		}
	}
	return nil
}
