package trained

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// galleryTensor is the name of the embeddings of label images in a checkpoint.
const galleryTensor = "gallery"

// Labels is the label images of a training, as its model answers with them.
type Labels struct {
	evaluate.LabelEmbeddings
	Space     string              // id of the embedding space whose embeddings it is searched with
	NoneAbove *distance.Threshold // of the distance of the nearest, above which it is no answer; nil: unknown
	Accept    *index.Accept       // the same, with what it comes to

	distance distance.Distance // of the model
}

// Labels returns the label images of m's checkpoint, with m.Snapshot's weights of their
// space, or nil where its labels are no images.
func (m *Model) Labels() (*Labels, error) {
	if len(m.State.Gallery) == 0 {
		return nil, nil
	}
	c, err := m.Snapshot()
	if err != nil {
		return nil, err
	}
	g := &Labels{LabelEmbeddings: evaluate.LabelEmbeddings{Images: m.State.Gallery, Vectors: m.unit(m.gallery)},
		NoneAbove: m.NoneAbove(), distance: m.Distance()}
	g.Accept = m.accept()
	g.Space, err = m.Space(c.Variables)
	return g, err
}

// Index returns g as what a model called so carries to be searched by its distance, of this
// name.
func (g *Labels) Index(model, distance string) (*index.Index, error) {
	items := make([]index.Item, len(g.Images))
	for i, image := range g.Images {
		items[i] = index.Item{ID: image.Path, Path: image.Path, SHA256: image.SHA256,
			Class: image.Class, Coarse: image.Coarse}
	}
	x, err := index.Own{distance: g.distance}.New(index.About{Kind: "flat", Space: g.Space, Model: model, Distance: distance,
		Dim: len(g.Vectors) / len(items), NoAccept: "it was saved before the first evaluation"}, items, g.Vectors)
	if err != nil || g.Accept == nil {
		return x, err
	}
	return x.Accepting(*g.Accept), nil
}

// accept returns the threshold of a search among the label images of m, nil where it has none.
func (m *Model) accept() *index.Accept {
	if m.State.Validation == nil {
		return nil
	}
	return Accept(m.NoneAbove(), m.State.Validation.Scores, len(m.State.Gallery))
}

// Accept returns the threshold above among so many label images, with what it came to by s; nil where above is.
func Accept(above *distance.Threshold, s evaluate.Scores, images int) *index.Accept {
	if above == nil {
		return nil
	}
	detected, accepted := s.Metrics[evaluate.DetectionRate], s.Metrics[evaluate.FalseAcceptRate]
	return &index.Accept{Threshold: distance.Threshold{Value: above.Value, Source: above.Source}, Promise: s.Promise, FalsePositives: &accepted,
		Detection: &detected, Images: images, Strangers: s.Photos}
}

// NoneAbove returns the distance of the nearest label image above which it is no answer,
// calibrated on validation; nil where labels are no images, or before the first evaluation.
func (m *Model) NoneAbove() *distance.Threshold {
	v := m.State.Validation
	if v == nil {
		return nil
	}
	return NoneAbove(v.source(), v.Scores)
}

// NoneAbove returns that distance as s has it, which source was measured on; nil where labels are no images.
func NoneAbove(source string, s evaluate.Scores) *distance.Threshold {
	if s.NoneAbove == nil {
		return nil
	}
	t := &distance.Threshold{Value: *s.NoneAbove, Source: fmt.Sprintf("%s, %s", source, plural.Count(s.Photos, "photo"))}
	if s.Promise > 0 {
		t.Source += fmt.Sprintf(" as strangers, %.3g %% accepted at most", 100*s.Promise)
		t.FalseAccepts = s.Promise
	}
	return t
}

// SetGallery puts embeddings of label images [G,D] into c.
func SetGallery(c *checkpoint.Checkpoint, vectors []float32, dim int) {
	c.Gallery = []checkpoint.Tensor{{Name: galleryTensor,
		Shape: []int64{int64(len(vectors) / dim), int64(dim)}, Data: vectors}}
}

// GalleryOf returns the embeddings [G,D] of the label images that s lists, nil where it
// lists none.
func GalleryOf(c *checkpoint.Checkpoint, s State) ([]float32, error) {
	if len(s.Gallery) == 0 && len(c.Gallery) == 0 {
		return nil, nil
	}
	if len(c.Gallery) != 1 || c.Gallery[0].Name != galleryTensor || len(c.Gallery[0].Shape) != 2 ||
		c.Gallery[0].Shape[0] != int64(len(s.Gallery)) {
		return nil, fmt.Errorf("want a tensor %q of embeddings of %d label images", galleryTensor, len(s.Gallery))
	}
	return c.Gallery[0].Data, nil
}
