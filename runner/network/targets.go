package network

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
)

// Targets is the embeddings of label images, where these are frozen.
type Targets struct {
	Images  []int32   // [G] dataset images, ascending
	Vectors []float32 // [G,D]
}

// FrozenTargets reports whether label images are embedded once, before the first step: a
// network that is trained then needs SetTargets.
func (n *Network) FrozenTargets() bool { return n.Parts.Spec.Target.Side == spec.FrozenTargets }

// SetTargets sets the vectors that stand for label images where these are frozen. It
// must hold all that batches refer to.
func (n *Network) SetTargets(t Targets) error {
	if len(t.Vectors) != len(t.Images)*n.Dim() {
		return fmt.Errorf("targets of %d label images have %d numbers, want %d of each",
			len(t.Images), len(t.Vectors), n.Dim())
	}
	n.targets = t
	return nil
}

// Targets returns what SetTargets was given.
func (n *Network) Targets() Targets { return n.targets }

// references returns the vectors of b's label images [R,D].
func (n *Network) references(b *pipeline.Batch) session.Value {
	dim := n.Dim()
	vectors := make([]float32, 0, len(b.References)*dim)
	for _, image := range b.References {
		at, _ := slices.BinarySearch(n.targets.Images, image) // SetTargets: it is there
		vectors = append(vectors, n.targets.Vectors[at*dim:][:dim]...)
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
	for row := range slices.Chunk(n.targets.Vectors, dim) {
		for i, x := range row {
			mean[i] += x / float32(len(n.targets.Images))
		}
	}
	return mean
}
