package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// labelImages is what a training knows of its label images.
type labelImages struct {
	images  []int32            // [G] dataset images, ascending; nil: labels are no images
	val     evaluate.LabelTask // photos of validation, without the gallery
	vectors []float32          // [G,D] embeddings after so many steps
	step    int
}

// startNotes says that label images, which are to be known by their looks, are embedded by
// a network that has seen nothing.
func (l *loop) startNotes() []string {
	if l.Spec.Target.Side == "" || l.state.Pretrained != nil {
		return nil
	}
	note := "no weights are imported: the backbone starts from random values"
	if l.network.Frozen() {
		note += ", and frozen targets are what it makes of label images then"
	}
	return []string{note + "; --weights FILE gives others"}
}

// taskOf returns the photos of val as they are searched for among the label images.
func (l *loop) taskOf(val dataset.Part) (evaluate.LabelTask, error) {
	t := evaluate.LabelTask{Photos: val.Images, Right: make([]int32, len(val.Images)),
		Seed:   uint64(l.Spec.Train.Seed),
		Sample: evaluate.SampleOf(l.Data, val.Images, l.Data.ClassesOf(dataset.Train))}
	switch {
	case len(val.Images) == 0:
		return t, &evaluate.NoPairsError{Split: dataset.Val, Reason: "no photos are left"}
	case len(l.targets.images) < 2:
		return t, &evaluate.NoPairsError{Reason: "fewer than 2 label images are left to choose from"}
	}
	for _, m := range val.Matches {
		at, _ := slices.BinarySearch(val.Images, m.Image)
		right, _ := slices.BinarySearch(l.targets.images, m.Label) // it holds those of all photos
		t.Right[at] = int32(right)
	}
	return t, nil
}

// fix embeds the label images where the target side is frozen. The network is as it is
// before the first step.
func (l *loop) fix(ctx context.Context) error {
	if !l.network.Frozen() {
		return nil
	}
	vectors, err := l.embed(ctx, l.targets.images)
	if err != nil {
		return fmt.Errorf("embed label images: %w", err)
	}
	return l.network.SetGallery(network.Gallery{Images: l.targets.images, Vectors: vectors})
}

// refix is fix for a training that goes on from c.
func (l *loop) refix(c *checkpoint.Checkpoint) error {
	if !l.network.Frozen() {
		return nil
	}
	vectors, err := trained.GalleryOf(c, l.state)
	if err != nil {
		return err
	}
	return l.network.SetGallery(network.Gallery{Images: l.targets.images, Vectors: vectors})
}

// gallery returns the embeddings [G,D] of the label images that photos are compared with
// at this step.
func (l *loop) gallery(ctx context.Context) ([]float32, error) {
	if l.network.Frozen() {
		return l.network.Gallery().Vectors, nil
	}
	if l.targets.vectors != nil && l.targets.step == l.step {
		return l.targets.vectors, nil
	}
	vectors, err := l.embed(ctx, l.targets.images)
	if err != nil {
		return nil, fmt.Errorf("embed label images: %w", err)
	}
	l.targets.vectors, l.targets.step = vectors, l.step
	return vectors, nil
}

// validate measures the network on validation.
func (l *loop) validate(ctx context.Context) (evaluate.Scores, error) {
	if l.targets.images == nil {
		embeddings, err := l.embed(ctx, l.val.Images)
		if err != nil {
			return evaluate.Scores{}, err
		}
		return evaluate.Calibrate(l.network, embeddings, l.val)
	}
	vectors, err := l.gallery(ctx)
	if err != nil {
		return evaluate.Scores{}, err
	}
	task := l.targets.val
	task.Gallery = vectors
	photos, err := l.embed(ctx, task.Photos)
	if err != nil {
		return evaluate.Scores{}, err
	}
	return evaluate.CalibrateLabels(l.network, photos, task)
}
