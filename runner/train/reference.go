package train

import (
	"context"
	"maps"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/trained"
)

// How many images a reference is measured on, and how many of them look for their nearest: enough for quantiles,
// and little beside an evaluation.
const (
	maxLooked   = 256
	maxSearched = 256
)

// looks are features of the embeddings that validation made last, for the reference of the model.
type looks struct {
	norms   drift.Sample
	nearest []float32 // distances
}

// keep takes the features of rows [N,dim] that are embeddings of photos, and looks for the nearest of some among the
// rows [G,dim] of others; nil: among the other photos.
func (k *looks) keep(photos, others []float32, dim int, between distance.Distance) {
	k.norms, k.nearest = drift.Sample{}, nil
	rows := make([]int, len(photos)/dim)
	for i := range rows {
		rows[i] = i
		k.norms.Embedding(photos[i*dim:][:dim])
	}
	among, own := others, others == nil
	if own {
		among = photos
	}
	for _, row := range dataset.Evenly(rows, maxSearched) {
		var nearest float32
		found := false
		for other := range len(among) / dim {
			if own && other == row {
				continue
			}
			d := between.Between(photos[row*dim:][:dim], among[other*dim:][:dim])
			if !found || d < nearest {
				nearest, found = d, true
			}
		}
		if found {
			k.nearest = append(k.nearest, nearest)
		}
	}
}

// refer adds to v how the pictures look that it was measured on, and where they lie.
func (l *loop) refer(ctx context.Context, v *trained.Validation) (err error) {
	if l.pictures == nil {
		if l.pictures, err = l.look(ctx); err != nil {
			return err
		}
	}
	k, s := l.validation.looks(), maps.Clone(l.pictures)
	maps.Copy(s, k.norms)
	threshold := v.Scores.Threshold
	if v.Scores.NoneAbove != nil {
		threshold = *v.Scores.NoneAbove
	}
	for _, d := range k.nearest {
		s.Nearest(d, distance.Threshold{Value: threshold}.Accepts(d))
	}
	v.Reference = s.Reference()
	return nil
}

// look reads images like those that the model will be asked about: of validation, or of the training where folds
// have measured it. Where features are kept files need not be there any more, and those that are not are left out.
func (l *loop) look(ctx context.Context) (drift.Sample, error) {
	images := l.validation.asked()
	if len(images) == 0 {
		images = l.Data.In(dataset.Train).Images
	}
	s, side := drift.Sample{}, l.Spec.Input.Size
	pixels := make([]uint8, side*side*3)
	for _, image := range dataset.Evenly(images, maxLooked) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if l.store.Pixels(pixels, []int32{image}) == nil {
			s.Pixels(pixels, side)
		}
		if width, height, err := l.store.FileSize(image); err == nil {
			s.Size(width, height)
		}
	}
	return s, nil
}
