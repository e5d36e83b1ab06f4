package inference

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/trained"
)

// Collection is images that are to be searched. It is closed after use.
type Collection struct {
	Data    *dataset.Dataset
	Images  []int32  // of Data: its label images where it has them, else all
	Root    string   // that paths are relative to, as the caller wrote it
	Classes []string // of the images of Data, "" not known
	Prefix  string   // of ids, before the paths: "june/"; "" is none
	Source  int      // number by which entries of an index name it; 0 is none: see index.Source
}

// OpenCollection opens data of any kind as images that are to be searched, with their classes
// where it names them. Errors are those of dataset.Open.
func OpenCollection(o dataset.Options) (*Collection, error) {
	o.OneClass = true // a product that comes later is one folder
	known, err := dataset.Open(o)
	var list *dataset.ListError
	switch {
	case err == nil && known.Kind() == dataset.OfLabelImages:
		return &Collection{Data: known, Images: known.All().LabelImages(), Root: RootOf(o),
			Classes: classesOf(known, known)}, nil
	case err == nil:
		defer known.Close()
	case errors.As(err, &list) && !list.Header: // the header fits a format, and rows do not
		return nil, err
	case errors.As(err, new(syscall.Errno)): // the disk failed, which says nothing of classes
		return nil, err
	}
	o.ImagesOnly = true
	data, err := dataset.Open(o)
	if err != nil {
		return nil, err
	}
	return &Collection{Data: data, Images: data.All().Images, Root: RootOf(o),
		Classes: classesOf(data, known)}, nil
}

// Close closes the data.
func (c *Collection) Close() error { return c.Data.Close() }

// RootOf returns the folder or archive that the paths of the data are relative to.
func RootOf(o dataset.Options) string {
	if o.Images != "" {
		return o.Images
	}
	if info, err := os.Stat(o.Data); err == nil && info.Mode().IsRegular() && !dataset.IsArchive(o.Data) {
		return filepath.Dir(o.Data)
	}
	return o.Data
}

// classesOf returns the name of the class of each image of data by what is known, which
// may be nil; "" where it is not. Folders and archives opened as mere images have no classes.
func classesOf(data, known *dataset.Dataset) []string {
	names := make([]string, len(data.Images))
	if known == nil {
		return names
	}
	of := map[string]string{}
	for _, image := range known.Images {
		if image.Class >= 0 {
			of[image.Path] = known.Classes[image.Class]
		}
	}
	for i, image := range data.Images {
		names[i] = of[image.Path]
	}
	return names
}

// Index embeds the images of c, which are read as r says, and returns them as an index of a
// kind, a name in index.Table, with the embeddings it is made of. It has a threshold for searches
// of its size where one can be chosen: see index.Index.Calibrate. Label images that another
// network than m's has embedded keep those embeddings. Errors: one that wraps trained.ErrFrozen
// where m has such and c has other images, and those of EmbedImages. With StoreOptions.Thumbnail the embeddings are closed after Contents.
func (m *Model) Index(ctx context.Context, c *Collection, kind string, r Reading) (
	_ *index.Index, e *Embeddings, err error) {
	store, err := m.passing(c.Data, r.Store)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err == nil && r.Store.Thumbnail && r.Store.Kept == nil {
			e.store = store
		} else {
			store.Close() // a cache, which others find from now on
		}
	}()
	before := c.stamps(c.Images)
	e, err = m.embedCollection(ctx, store, c, r)
	if err != nil {
		return nil, nil, err
	}
	items, err := c.itemsSince(ctx, e.Images, before)
	if err != nil {
		return nil, nil, err
	}
	x, err := m.distances().New(index.About{Kind: kind, Space: m.Manifest.Space, Model: m.Name,
		Distance: m.Manifest.Distance, Dim: m.Dim(), Root: c.Root}, items, e.Data)
	if err != nil {
		return nil, nil, err
	}
	if accept := m.ofLabels(items); accept != nil {
		return x.Accepting(*accept), e, nil
	}
	return x.Calibrate(m.calibrationFor(c)), e, nil
}

// ofLabels returns the threshold that photos of validation chose for the label images of the training, where items are these and
// no others; nil elsewhere.
func (m *Model) ofLabels(items []index.Item) *index.Accept {
	sums := make([]string, len(items))
	for i, item := range items {
		sums[i] = item.SHA256
	}
	if !m.Labels.Are(sums) {
		return nil
	}
	return m.Gallery.About().Accept
}

// calibrationFor returns what the threshold of searches in c is chosen with.
func (m *Model) calibrationFor(c *Collection) index.Calibration {
	calibration := m.calibration
	if c.Data.Kind() == dataset.OfLabelImages { // photos ask for them, and they ask for nothing
		calibration.Learned = func(index.Item) bool { return true }
	}
	return calibration
}

// embedCollection returns the embeddings of c, which store reads, as answers to photos.
func (m *Model) embedCollection(ctx context.Context, store *pipeline.Store, c *Collection, r Reading) (*Embeddings, error) {
	if !m.constant() {
		return m.embedFrom(ctx, store, c.Data, c.Images, r)
	}
	sums, err := c.Data.Sums(ctx, c.Images)
	if err != nil {
		return nil, err
	}
	e := &Embeddings{Vectors: &vectors.Vectors{Space: m.Manifest.Space, Distance: m.Manifest.Distance, Dim: m.Dim()}}
	var others []string
	for i, image := range c.Images {
		if stored := m.Labels.Stored(sums[i]); stored != nil {
			e.add(c.Data, c.Images[i:i+1], stored)
		} else {
			others = append(others, c.Data.Images[image].Path)
		}
	}
	if len(others) > 0 {
		return nil, fmt.Errorf("%d of %s, the first %q, are no label images of the training: %w", len(others),
			plural.Count(len(c.Images), "image"), others[0], trained.ErrFrozen)
	}
	return e, nil
}

// stamp is by what one sees that a file is another one.
type stamp struct {
	size int64
	at   int64 // when it was written, in nanoseconds
}

// stamps returns those of images.
func (c *Collection) stamps(images []int32) map[int32]stamp {
	of := make(map[int32]stamp, len(images))
	for _, image := range images {
		of[image] = c.stamp(image)
	}
	return of
}

func (c *Collection) stamp(image int32) stamp {
	info, err := fs.Stat(c.Data.Root, c.Data.Images[image].Path)
	if err != nil {
		return stamp{} // who reads it says so
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}
}

// itemsSince is Items of images that were embedded since they had stamps. A file that was written meanwhile may not be the one that was
// embedded: its item has no checksum, so that the next update embeds it again.
func (c *Collection) itemsSince(ctx context.Context, images []int32, before map[int32]stamp) ([]index.Item, error) {
	items, err := c.Items(ctx, images)
	if err != nil {
		return nil, err
	}
	for i, image := range images {
		if c.stamp(image) != before[image] {
			items[i].SHA256 = ""
		}
	}
	return items, nil
}

// Items returns what an index says of images.
func (c *Collection) Items(ctx context.Context, images []int32) ([]index.Item, error) {
	sums, err := c.Data.Sums(ctx, images)
	if err != nil {
		return nil, err
	}
	items := make([]index.Item, len(images))
	for i, image := range images {
		of := c.Data.Images[image]
		items[i] = index.Item{ID: c.Prefix + of.Path, Path: c.Prefix + of.Path, SHA256: sums[i], Class: c.Classes[image]}
		if c.Data.CoarseOf != nil {
			items[i].Coarse = c.Data.Coarse[c.Data.CoarseOf[of.Class]]
		}
	}
	return items, nil
}
