package inference

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// Embeddings are those of images of a dataset.
type Embeddings struct {
	*vectors.Vectors                     // with the paths of the images
	Images           []int32             // of the dataset, one of each row
	Bad              []pipeline.BadImage // left out

	store *pipeline.Store // which keeps their thumbnails; nil: others find them, or they are made of the files
}

// Close gives back what Index has kept for Contents where StoreOptions.Thumbnail was set and Kept was not.
func (e *Embeddings) Close() error {
	if e.store == nil {
		return nil
	}
	return e.store.Close()
}

// embedBatch is how many images go through the network at once, as in evaluation.
const embedBatch = 32

// EmbedImages returns the embeddings of images of data, in their order. While the network
// runs, the next images are decoded; each is read once, and none is kept. Errors:
// *pipeline.BadImagesError where more images are bad than may be, which names all of them,
// *dataset.Error where none is good, and that of ctx.
func (m *Model) EmbedImages(ctx context.Context, data *dataset.Dataset, images []int32, r Reading) (
	*Embeddings, error) {
	store, err := m.passing(data, r.Store)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return m.embedFrom(ctx, store, data, images, r)
}

// embedFrom is EmbedImages of images that store reads.
func (m *Model) embedFrom(ctx context.Context, store *pipeline.Store, data *dataset.Dataset, images []int32, r Reading) (
	*Embeddings, error) {
	e := &Embeddings{Vectors: &vectors.Vectors{Space: m.Manifest.Space, Distance: m.Manifest.Distance, Dim: m.Dim()}}
	budget := pipeline.BadBudget(len(images), r.SkipBad)
	for batch, err := range store.Sequence(ctx, images, embedBatch, e.leaveOut) {
		if err != nil {
			return nil, err
		}
		if len(e.Bad) > budget { // what follows is read to name all bad ones
			continue
		}
		rows, err := m.Embed(batch.Pixels)
		if err != nil {
			return nil, err
		}
		e.add(data, batch.Images, rows)
		r.progress(len(e.Images)+len(e.Bad), len(images))
	}
	if len(e.Bad) > budget {
		return nil, &pipeline.BadImagesError{Images: e.Bad, Total: len(images), Budget: budget, Share: r.SkipBad}
	}
	if len(e.Images) == 0 {
		return nil, &dataset.Error{Role: "data", Path: data.Name, Err: errors.New("no image of it can be read")}
	}
	return e, nil
}

func (e *Embeddings) leaveOut(b pipeline.BadImage) error {
	e.Bad = append(e.Bad, b)
	return nil
}

// add appends the rows [N,D] of images [N].
func (e *Embeddings) add(data *dataset.Dataset, images []int32, rows []float32) {
	e.Data, e.Images = append(e.Data, rows...), append(e.Images, images...)
	for _, i := range images {
		e.Paths = append(e.Paths, data.Images[i].Path)
	}
}

// LabelImage returns the embedding of the label image that is the file at path, where another
// network than m's has made it: m would give it another one. It is nil where there is none.
func (m *Model) LabelImage(path string) *vectors.Vectors {
	if !m.constant() {
		return nil
	}
	file, err := models.Sum(path)
	if err != nil { // who embeds the file says so
		return nil
	}
	stored := m.Labels.Stored(file.SHA256)
	if stored == nil {
		return nil
	}
	return &vectors.Vectors{Space: m.Manifest.Space, Distance: m.Manifest.Distance, Dim: m.Dim(), Paths: []string{path}, Data: slices.Clone(stored)}
}

// EmbedFile returns the embedding that the network gives one image file. The error is a
// *decode.ImageError.
func (m *Model) EmbedFile(path string) (*vectors.Vectors, error) {
	resizer, err := resize.New(m.Manifest.Preprocessing.Options)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil {
		if err := regular.Check(info.Mode()); err != nil {
			return nil, &decode.ImageError{Path: path, Err: err}
		}
	}
	jpeg, err := m.jpeg()
	if err != nil {
		return nil, err
	}
	reader := decode.Reader{JPEG: jpeg, Reduce: resizer.Reduction} // which is Go's decoder, in full, without one
	img, err := reader.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	var of *decode.ImageError
	if errors.As(err, &of) {
		return nil, &decode.ImageError{Path: path, Err: of.Err}
	} else if err != nil {
		return nil, err
	}
	pixels := make([]uint8, resizer.Bytes())
	resizer.Into(pixels, img)
	embedding, err := m.Embed(pixels)
	return &vectors.Vectors{Space: m.Manifest.Space, Distance: m.Manifest.Distance, Dim: m.Dim(), Paths: []string{path}, Data: embedding}, err
}
