package network

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
)

// Gallery is the embeddings of label images.
type Gallery struct {
	Images  []int32   // [G] dataset images, ascending
	Vectors []float32 // [G,D]
}

// FrozenTargets reports whether label images are embedded once, before the first step: a
// network that is trained then needs SetGallery.
func (n *Network) FrozenTargets() bool { return n.Parts.Spec.Target.Side == spec.FrozenTargets }

// SetGallery sets the vectors that stand for label images where these are frozen. It
// must hold all that batches refer to.
func (n *Network) SetGallery(g Gallery) error {
	if len(g.Vectors) != len(g.Images)*n.Dim() {
		return fmt.Errorf("gallery of %d label images has %d numbers, want %d of each",
			len(g.Images), len(g.Vectors), n.Dim())
	}
	n.gallery = g
	return nil
}

// Gallery returns what SetGallery was given.
func (n *Network) Gallery() Gallery { return n.gallery }

// references returns the vectors of b's label images [R,D].
func (n *Network) references(b *pipeline.Batch) session.Value {
	dim := n.Dim()
	vectors := make([]float32, 0, len(b.References)*dim)
	for _, image := range b.References {
		at, _ := slices.BinarySearch(n.gallery.Images, image) // SetGallery: it is there
		vectors = append(vectors, n.gallery.Vectors[at*dim:][:dim]...)
	}
	return session.Of(vectors, int64(len(b.References)), int64(dim))
}

// rows returns which rows of b's pixels are photos, and which label images.
func rows(b *pipeline.Batch) (photos, labelImages []int32) {
	for i := range b.Images {
		if i < len(b.Targets) {
			photos = append(photos, int32(i))
		} else {
			labelImages = append(labelImages, int32(i))
		}
	}
	return photos, labelImages
}

// middle returns the embedding [D] of all images in a collapsed training.
func (n *Network) middle() []float32 {
	dim := n.Dim()
	if !n.FrozenTargets() {
		return slices.Repeat([]float32{1}, dim)
	}
	mean := make([]float32, dim)
	for row := range slices.Chunk(n.gallery.Vectors, dim) {
		for i, x := range row {
			mean[i] += x / float32(len(n.gallery.Images))
		}
	}
	return mean
}
