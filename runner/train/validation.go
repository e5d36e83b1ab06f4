package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// validation is what a training is measured on, and what follows from it. There are two:
// pairs of images, and photos among label images.
type validation interface {
	// labelImages returns the dataset images that are labels, ascending; nil: labels are no images.
	labelImages() []int32
	// seen returns the dataset images that the network sees as they are, in any order.
	seen() []int32
	// pairs returns how many pairs are measured, and kinds on how many of either kind a threshold
	// is chosen.
	pairs() int
	kinds() (same, different int64)
	// begin makes ready for the first step, and resume for the step after a checkpoint.
	begin(ctx context.Context) error
	resume(c *checkpoint.Checkpoint, s trained.State) error
	// measure returns what the network answers after so many steps.
	measure(ctx context.Context, step int) (evaluate.Outcome, error)
	// strangers returns the embeddings of images of classes that are not learned, as measure made
	// them last; nil: there are none, or it was not called.
	strangers() *index.Strangers
	// asked returns dataset images like those that the model will be asked about; nil: it measures none.
	asked() []int32
	// looks returns the features of their embeddings, as measure made them last.
	looks() *looks
	// keep adds to a checkpoint of this step what a model needs beside its weights.
	keep(c *checkpoint.Checkpoint, step int) error
}

// embed returns the embeddings [N,D] of dataset images as they are.
type embed func(ctx context.Context, images []int32) ([]float32, error)

// choose chooses what of a part is measured, unless folds have said it. labels are the label
// images of the data that can be read, ascending. Errors are *evaluate.NoPairsError and
// *distance.FewPairsError.
func (l *loop) choose(part dataset.Part, labels []int32) error {
	if l.pooled != nil {
		l.validation = l.unmeasured(labels)
		return nil
	}
	if err := l.chooseValidation(part, labels); err != nil {
		return err
	}
	return l.rule().Enough(l.validation.kinds())
}

func (l *loop) chooseValidation(part dataset.Part, labels []int32) (err error) {
	seed, trained := uint64(l.Spec.Train.Seed), l.Data.ClassesOf(dataset.Train)
	if l.Spec.LabelImages() {
		task, err := evaluate.AmongLabels(part, labels)
		if err != nil {
			return err
		}
		task.Seed, task.Sample = seed, evaluate.SampleOf(l.Data, part.Images, trained)
		l.validation = &amongLabels{network: l.network, embed: l.embed, gallery: labels, task: task,
			others: strangersOf(l.Data, part.Images, trained)}
		return nil
	}
	chosen, err := evaluate.ChoosePairs(l.Data, part, labels, trained, seed)
	if err != nil {
		return err
	}
	l.validation = &onPairs{network: l.network, embed: l.embed, chosen: chosen,
		others: strangersOf(l.Data, chosen.Images, trained)}
	return nil
}

// onPairs measures pairs of images, same or different.
type onPairs struct {
	network *network.Network
	embed   embed
	chosen  evaluate.Pairs
	others  strangers
	last    looks
}

func (v *onPairs) labelImages() []int32 { return nil }

func (v *onPairs) seen() []int32 { return v.chosen.Images }

func (v *onPairs) asked() []int32 { return v.chosen.Images }

func (v *onPairs) looks() *looks { return &v.last }

func (v *onPairs) pairs() int { return len(v.chosen.Same) }

func (v *onPairs) kinds() (same, different int64) { return v.chosen.Kinds() }

func (v *onPairs) begin(context.Context) error { return nil }

func (v *onPairs) resume(*checkpoint.Checkpoint, trained.State) error { return nil }

func (v *onPairs) keep(*checkpoint.Checkpoint, int) error { return nil }

func (v *onPairs) strangers() *index.Strangers { return v.others.last }

func (v *onPairs) measure(ctx context.Context, _ int) (evaluate.Outcome, error) {
	embeddings, err := v.embed(ctx, v.chosen.Images)
	if err != nil {
		return evaluate.Outcome{}, err
	}
	v.others.keep(embeddings, v.network.Dim())
	v.last.keep(embeddings, nil, v.network.Dim(), v.network.Distance())
	return evaluate.Measure(v.network, embeddings, v.chosen)
}

// amongLabels searches photos among the label images of the data.
type amongLabels struct {
	network *network.Network
	embed   embed
	gallery []int32            // [G] label images, ascending
	task    evaluate.LabelTask // without the embeddings of the gallery
	others  strangers
	last    looks
	vectors []float32 // [G,D] embeddings after so many steps; nil: not made yet
	step    int
}

func (v *amongLabels) labelImages() []int32 { return v.gallery }

func (v *amongLabels) strangers() *index.Strangers { return v.others.last }

func (v *amongLabels) asked() []int32 { return v.task.Photos }

func (v *amongLabels) looks() *looks { return &v.last }

// seen adds label images where each evaluation embeds them anew.
func (v *amongLabels) seen() []int32 {
	if v.network.FrozenTargets() {
		return v.task.Photos
	}
	return slices.Concat(v.task.Photos, v.gallery)
}

// pairs counts a photo with its label image and with another.
func (v *amongLabels) pairs() int { return 2 * len(v.task.Photos) }

func (v *amongLabels) kinds() (same, different int64) { return v.task.Kinds(len(v.gallery)) }

// begin embeds the label images where the target side is frozen. The network is as it is
// before the first step.
func (v *amongLabels) begin(ctx context.Context) error {
	if !v.network.FrozenTargets() {
		return nil
	}
	vectors, err := v.embed(ctx, v.gallery)
	if err != nil {
		return fmt.Errorf("embed label images: %w", err)
	}
	return v.network.SetTargets(network.Targets{Images: v.gallery, Vectors: vectors})
}

func (v *amongLabels) resume(c *checkpoint.Checkpoint, s trained.State) error {
	if !v.network.FrozenTargets() {
		return nil
	}
	vectors, err := trained.GalleryOf(c, s)
	if err != nil {
		return err
	}
	return v.network.SetTargets(network.Targets{Images: v.gallery, Vectors: vectors})
}

// at returns the embeddings [G,D] of the label images that photos are compared with after
// so many steps.
func (v *amongLabels) at(ctx context.Context, step int) ([]float32, error) {
	if v.network.FrozenTargets() {
		return v.network.Targets().Vectors, nil
	}
	if v.vectors != nil && v.step == step {
		return v.vectors, nil
	}
	vectors, err := v.embed(ctx, v.gallery)
	if err != nil {
		return nil, fmt.Errorf("embed label images: %w", err)
	}
	v.vectors, v.step = vectors, step
	return vectors, nil
}

func (v *amongLabels) measure(ctx context.Context, step int) (evaluate.Outcome, error) {
	task := v.task
	var err error
	if task.Gallery, err = v.at(ctx, step); err != nil {
		return evaluate.Outcome{}, err
	}
	photos, err := v.embed(ctx, task.Photos)
	if err != nil {
		return evaluate.Outcome{}, err
	}
	v.others.keep(photos, v.network.Dim())
	v.last.keep(photos, task.Gallery, v.network.Dim(), v.network.Distance())
	return evaluate.MeasureLabels(v.network, photos, task)
}

// keep adds the embeddings of the label images.
func (v *amongLabels) keep(c *checkpoint.Checkpoint, step int) error {
	vectors, err := v.at(context.Background(), step) // a cancelled training saves, too
	if err != nil {
		return err
	}
	trained.SetGallery(c, vectors, v.network.Dim())
	return nil
}
