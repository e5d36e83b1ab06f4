// Package modelstest has a model and an index for tests of services. They answer without TensorFlow:
//
//	picture [S,S,3] uint8 → mean red, green and blue of its four quarters → embedding [12]
//
// Pictures that look alike have near embeddings, so that a test can tell what the answer must be.
package modelstest

import (
	"context"
	"fmt"
	"sync"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// Size is the side, in pixels, of the pictures that a Model takes, Dim the length of its embeddings, and
// Threshold the Euclidean distance up to which it calls two pictures the same.
const (
	Size      = 8
	Dim       = 12
	Threshold = 0.1
)

// space is the embedding space of every Model: all make the same embeddings.
const space = "modelstest"

// Model is a model that computes means. The zero value is ready, and safe for any number of goroutines
// as long as its fields are left alone.
type Model struct {
	Version int // of Info
	// Before is called with the number of pictures before they are embedded. An error becomes that of
	// EmbedPixels. A test can wait in it, or fail.
	Before func(ctx context.Context, pictures int) error
	// Reference is that of Info; nil: nothing is known of drift.
	Reference *drift.Reference

	mu     sync.RWMutex // held for reading while the model is in use
	closed bool
}

// Info returns what a manifest would say.
func (m *Model) Info() models.Info {
	return models.Info{Path: fmt.Sprintf("modelstest/%d", m.Version), Version: m.Version, Manifest: models.Manifest{
		Format: models.ManifestFormat, Space: space, EmbeddingDim: Dim, Distance: "euclidean",
		Preprocessing: models.Preprocessing{Options: resize.Options{Size: Size, Mode: "squash", Filter: "linear"},
			Channels: "RGB", DType: "uint8"},
		Threshold: models.Threshold{Value: Threshold, Source: "modelstest"},
		Reference: m.Reference,
	}}
}

// EmbedPixels returns the embeddings [N,12], row-major, each number in [0,1], of pixels [N,8,8,3].
func (m *Model) EmbedPixels(ctx context.Context, pixels []uint8) ([]float32, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, models.ErrClosed
	}
	const picture = Size * Size * 3
	if len(pixels)%picture != 0 {
		return nil, fmt.Errorf("pixels: %d bytes are no whole number of images of %d×%d×3", len(pixels), Size, Size)
	}
	if m.Before != nil {
		if err := m.Before(ctx, len(pixels)/picture); err != nil {
			return nil, err
		}
	}
	var rows []float32
	for ; len(pixels) > 0; pixels = pixels[picture:] {
		rows = append(rows, embedding(pixels[:picture])...)
	}
	return rows, ctx.Err()
}

// embedding returns the means of one picture.
func embedding(pixels []uint8) []float32 {
	row := make([]float32, Dim)
	for i, p := range pixels {
		y, x, channel := i/(Size*3), i/3%Size, i%3
		quarter := y/(Size/2)*2 + x/(Size/2)
		row[quarter*3+channel] += float32(p) / (255 * Size * Size / 4)
	}
	return row
}

// CompareEmbeddings compares the rows of left [N,12] with those of right.
func (m *Model) CompareEmbeddings(ctx context.Context, left, right []float32) ([]models.Comparison, error) {
	var list []models.Comparison
	between, err := distance.ByName("euclidean")
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(left); i += Dim {
		d := between.Between(left[i:i+Dim], right[i:i+Dim])
		list = append(list, models.Comparison{Distance: d, Same: d <= Threshold})
	}
	return list, ctx.Err()
}

// Close waits for calls in progress. Later ones get models.ErrClosed.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// Closed reports whether Close was called.
func (m *Model) Closed() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.closed
}

// Index is embeddings of a Model that can be searched.
type Index struct{ vectors *index.Index }

// NewIndex returns an index of embeddings [N,12], one for each id. A hit up to Threshold is accepted.
func NewIndex(ids []string, embeddings []float32) (*Index, error) {
	items := make([]index.Item, len(ids))
	for i, id := range ids {
		items[i] = index.Item{ID: id, Path: id}
	}
	x, err := index.New(index.About{Kind: "flat", Space: space, Model: "modelstest", Distance: "euclidean", Dim: Dim}, items, embeddings)
	if err != nil {
		return nil, err
	}
	return &Index{x}, nil
}

// SearchEmbeddings returns the k nearest of each row of embeddings [N,12].
func (x *Index) SearchEmbeddings(embeddings []float32, k int) ([][]models.Hit, error) {
	found, err := x.vectors.Search(embeddings, k)
	if err != nil {
		return nil, err
	}
	lists := make([][]models.Hit, len(found))
	for i, list := range found {
		for _, n := range list {
			lists[i] = append(lists[i], models.Hit{ID: x.vectors.Item(n.Row).ID, Distance: n.Distance, Accepted: n.Distance <= Threshold})
		}
	}
	return lists, nil
}

// Threshold returns the distance up to which a hit is accepted.
func (x *Index) Threshold() (models.Threshold, bool) {
	return models.Threshold{Value: Threshold, Source: "modelstest"}, true
}

// Vectors returns what is searched.
func (x *Index) Vectors() *index.Index { return x.vectors }

// About returns what the embeddings are.
func (x *Index) About() index.About { return x.vectors.About() }

// Len returns how many they are.
func (x *Index) Len() int { return x.vectors.Len() }
