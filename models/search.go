package models

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/models/index"
)

// GalleryName is where the gallery of a model lies in its folder.
const GalleryName = "assets.extra/gallery.index"

// ErrNoGallery says that a model was exported without images to search.
var ErrNoGallery = errors.New("it has no gallery")

// Gallery says which images a model carries, as embeddings, to be searched.
type Gallery struct {
	File    string `json:"file"`           // an index, by path in the model's folder
	Images  int    `json:"images"`         // in it
	Classes int    `json:"classes"`        // of those, 0 where they have none
	Root    string `json:"root,omitempty"` // that paths are relative to, as it was given; "" not known
	// Accept is the threshold of a search among them; nil: none could be chosen, and NoAccept says
	// why, or an earlier version exported the model.
	Accept   *index.Accept `json:"accept,omitempty"`
	NoAccept string        `json:"no_accept,omitempty"`
	// Labels: they are the label images of the training. It came later than Root, which is ""
	// for those.
	Labels bool `json:"label_images,omitempty"`
}

// Accept returns the distance up to which an answer of a search in the gallery is accepted. Its
// Source is "" where there is none: the threshold up to which two images are the same is no
// answer, because a search compares with all images, one of which may be near by chance.
func (m *Manifest) Accept() Threshold {
	switch {
	case m.Gallery != nil && m.Gallery.Accept != nil:
		return m.Gallery.Accept.Threshold
	case m.ofEarlier():
		return *m.NoneAbove
	}
	return Threshold{}
}

// ofEarlier reports whether the gallery is the label images of a training whose model was
// exported before indexes had a threshold of their own: NoneAbove was chosen for it.
func (m *Manifest) ofEarlier() bool {
	g := m.Gallery
	return m.NoneAbove != nil && g != nil && g.Accept == nil && g.NoAccept == "" && g.Root == ""
}

// Learned reports whether the network has learned from a class. Of a model that tells no names of classes nobody
// knows, so it may have.
func (m *Manifest) Learned(class string) bool { return m.Aliased || slices.Contains(m.Seen, class) }

// Hit is one answer of a search.
type Hit struct {
	ID       string  `json:"id"`              // of the image in the gallery
	Class    string  `json:"class,omitempty"` // "" not known
	Distance float32 `json:"distance"`        // smaller is closer; that of Model.Compare
	Accepted bool    `json:"accepted"`        // near enough for the threshold of the index; false where that has none
}

// Vote returns the class that the k nearest of hits name, hits being an answer of a search, of at least one: see
// index.VoteOf, and whether some of them have a class. Whether that is an answer at all the nearest says, by its Accepted.
func Vote(hits []Hit, k int) (v index.Vote, named bool) {
	return index.VoteOf(min(k, len(hits)), func(i int) (string, float32) { return hits[i].Class, hits[i].Distance })
}

// Index is images to search by a model. It is safe for any number of goroutines, and so are searches while
// others put pictures into it and remove some.
type Index struct {
	model   *Model
	vectors *index.Index  // nil: it is a folder
	folder  *index.Folder // nil: it does not change
}

// Threshold returns the distance up to which a hit is accepted. It was chosen for a search among
// so many images, so that a promised share of strangers is accepted, 5 % if nothing else was
// asked for; Vectors().About().Accept has all that is known of it. It is false where the index has
// none, and then no hit is accepted.
func (x *Index) Threshold() (Threshold, bool) { return thresholdOf(x.Vectors()) }

func thresholdOf(x *index.Index) (Threshold, bool) {
	a := x.About().Accept
	if a == nil {
		return Threshold{}, false
	}
	return a.Threshold, true
}

// Vectors returns what is searched now. It does not change when the index does.
func (x *Index) Vectors() *index.Index {
	if x.folder != nil {
		return x.folder.Index()
	}
	return x.vectors
}

// About returns what the vectors are.
func (x *Index) About() index.About { return x.Vectors().About() }

// Len returns the number of images.
func (x *Index) Len() int { return x.Vectors().Len() }

// Classes returns how many classes the images are of; those without are of none. The error is nil.
func (x *Index) Classes() (int, error) { return x.Vectors().Classes(), nil }

// Gallery returns the images that the model was exported with; Load has read them. The
// error wraps ErrNoGallery.
func (m *Model) Gallery() (*Index, error) {
	if m.gallery == nil {
		return nil, fmt.Errorf("model %q: %w", m.info.Path, ErrNoGallery)
	}
	return m.gallery, nil
}

// OpenIndex returns the images of an index that tfpair index build wrote, to be searched by
// the model. An index in a folder can be changed, and is seen to change, by this program and others. It
// is closed after use. The error is an *index.Error, which wraps a *SpaceError where the index is another
// model's.
func (m *Model) OpenIndex(path string) (*Index, error) {
	f, err := m.distances().OpenFolder(path)
	switch {
	case errors.Is(err, index.ErrFile):
		x, err := m.distances().Read(path)
		if err != nil {
			return nil, err
		}
		return m.fitting(path, &Index{model: m, vectors: x})
	case err != nil:
		return nil, err
	}
	return m.fitting(path, &Index{model: m, folder: f})
}

// fitting returns x if m's embeddings can be searched in it.
func (m *Model) fitting(path string, x *Index) (*Index, error) {
	if err := m.info.Manifest.Fits(x.Vectors()); err != nil {
		return nil, &index.Error{Path: path, Err: err}
	}
	return x, nil
}

// distances returns m's, under its name: all that an index of m may be searched by.
func (m *Model) distances() index.Own { return index.Own{m.info.Manifest.Distance: m.distance} }

func (m *Model) indexOf(x *index.Index) *Index {
	return &Index{model: m, vectors: x}
}

// openGallery reads the gallery, if there is one. The error is a *CorruptError.
func (m *Model) openGallery() error {
	g := m.info.Manifest.Gallery
	if g == nil {
		return nil
	}
	corrupt := func(err error) error { return &CorruptError{m.info.Path, g.File, err.Error()} }
	if !filepath.IsLocal(filepath.FromSlash(g.File)) {
		return corrupt(errors.New("it is outside of the model"))
	}
	x, err := m.distances().Read(filepath.Join(m.info.Path, filepath.FromSlash(g.File)))
	if err == nil {
		err = m.info.Manifest.Fits(x)
	}
	if err != nil {
		var of *index.Error
		if errors.As(err, &of) {
			err = of.Err
		}
		return corrupt(err)
	}
	if m.info.Manifest.ofEarlier() {
		x = x.Accepting(index.Accept{Threshold: *m.info.Manifest.NoneAbove, Images: x.Len()})
	}
	m.gallery = m.indexOf(x)
	return nil
}

// Fits says why the model's embeddings cannot be searched in x: it is of another space, a
// *SpaceError, or ranks by another distance.
func (m *Manifest) Fits(x *index.Index) error { return m.FitsAbout(x.About()) }

// InSpace returns a *SpaceError unless embeddings of a space can be compared with the model's.
func (m *Manifest) InSpace(space string) error {
	if space == m.Space {
		return nil
	}
	return &SpaceError{Got: space, Want: m.Space, Float32: m.Quantized != nil && space == m.Quantized.FloatSpace}
}

// FitsAbout is Fits of what is known of vectors.
func (m *Manifest) FitsAbout(about index.About) error {
	if err := m.InSpace(about.Space); err != nil {
		return err
	}
	switch {
	case about.Dim != m.EmbeddingDim:
		return fmt.Errorf("embeddings of length %d, want %d", about.Dim, m.EmbeddingDim)
	case about.Distance != m.Distance:
		return fmt.Errorf("it ranks by distance %s, want %s", about.Distance, m.Distance)
	}
	return nil
}

// Search returns for each image its k nearest of the model's gallery: see Index.Search.
// Without a gallery the error wraps ErrNoGallery.
func (m *Model) Search(ctx context.Context, images []image.Image, k int) ([][]Hit, error) {
	x, err := m.Gallery()
	if err != nil {
		return nil, err
	}
	return x.Search(ctx, images, k)
}

// Search returns for each image its k nearest of x, nearest first, all of x where k is
// larger. Bad images are treated as by Model.Embed: nil in their place, and an
// *ImageError for each. Other errors leave no result: k below 1, and those of Embed.
func (x *Index) Search(ctx context.Context, images []image.Image, k int) ([][]Hit, error) {
	if k < 1 {
		return nil, fmt.Errorf("search for %d hits, want at least 1", k)
	}
	rows, bad := x.model.Embed(ctx, images...)
	if rows == nil {
		return nil, bad
	}
	var embeddings []float32
	for _, row := range rows {
		embeddings = append(embeddings, row...)
	}
	found, err := x.SearchEmbeddings(embeddings, k)
	if err != nil {
		return nil, err
	}
	lists := make([][]Hit, len(images))
	for i, row := range rows {
		if row != nil {
			lists[i], found = found[0], found[1:]
		}
	}
	return lists, bad
}

// SearchEmbeddings does the same for embeddings [N,D], row-major, of the model's space. The
// distance of a hit is what Model.CompareEmbeddings gives for the two embeddings, to the last
// digit. Embeddings of one picture may differ in theirs where it was embedded among others.
// Errors are those of index.Index.Search.
func (x *Index) SearchEmbeddings(embeddings []float32, k int) ([][]Hit, error) {
	if x.folder != nil {
		x.folder.Tend()
	}
	now := x.Vectors()
	found, err := now.Search(embeddings, k)
	if err != nil {
		return nil, err
	}
	accept, ok := thresholdOf(now)
	lists := make([][]Hit, len(found))
	for i, list := range found {
		for _, n := range list {
			item := now.Item(n.Row)
			lists[i] = append(lists[i], Hit{item.ID, item.Class, n.Distance, ok && accept.Accepts(n.Distance)})
		}
	}
	x.model.searched(lists)
	return lists, nil
}
