package pipeline

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

// LoaderOptions says how batches are assembled. Workers and Ahead change no batch.
type LoaderOptions struct {
	Labels             []int32            // class of each image that is planned; nil: as the dataset has them
	Augment            *augment.Augmenter // of every image of every batch; nil: none
	LabelImages        bool               // are read, behind the photos of a batch
	AugmentLabelImages bool               // and augmented like them
	Cached             *Cached            // gives features in place of pixels; nil: pixels are read

	Workers int // batches assembled at once; 0: one per CPU
	Ahead   int // batches kept ready; 0: twice the workers
}

// Loader gives the batches that a sampler plans, with the pixels of a Store. It is
// safe for concurrent use and closes neither of the two.
//
// Who ranges over Iter starts its workers and stops them: they have ended when the
// range ends, by its last step, by break, by an error or by its context. The Store
// may be closed after that.
type Loader struct {
	store   *Store
	sampler sampler.Sampler
	options LoaderOptions
}

// NewLoader returns a Loader of the sampler's batches.
func NewLoader(store *Store, s sampler.Sampler, o LoaderOptions) *Loader {
	if o.Augment == nil {
		o.Augment = &augment.Augmenter{}
	}
	if o.Labels == nil {
		l := dataset.Labels{Of: store.labels, Classes: len(store.data.Classes)}
		o.Labels = TurnedLabels(l, o.Augment.Classes()).Of
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Ahead <= 0 {
		o.Ahead = 2 * o.Workers
	}
	return &Loader{store: store, sampler: s, options: o}
}

// Iter yields the batches of the steps of [from,to) in order. The Batch is valid
// until the next one is asked for. An error is the last thing yielded: that of ctx,
// or that of an image that cannot be decoded.
func (l *Loader) Iter(ctx context.Context, from, to int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		p := parallel{workers: l.options.Workers, ahead: l.options.Ahead}
		for j, err := range ordered(ctx, from, to, p, l.fill) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&j.batch, nil) {
				return
			}
		}
	}
}

// fill assembles the batch of j.step.
func (l *Loader) fill(ctx context.Context, j *job) error {
	plan := l.sampler.Plan(j.step)
	b := &j.batch
	b.Step = j.step
	images := plan.Images
	if l.options.LabelImages {
		images = append(images, plan.References...) // the plan is ours
	}
	b.setImages(images, l.options.Labels)
	b.References = append(b.References[:0], plan.References...)
	b.Targets = append(b.Targets[:0], plan.Targets...)
	b.Left = append(b.Left[:0], plan.Left...)
	b.Right = append(b.Right[:0], plan.Right...)
	b.Anchor = append(b.Anchor[:0], plan.Anchor...)
	b.Positive = append(b.Positive[:0], plan.Positive...)
	b.Negative = append(b.Negative[:0], plan.Negative...)
	b.Same = b.Same[:0]
	for _, same := range plan.Same {
		if same {
			b.Same = append(b.Same, 1)
		} else {
			b.Same = append(b.Same, 0)
		}
	}
	fill := l.fillPixels
	if l.options.Cached != nil {
		fill = l.fillFeatures
	}
	if err := fill(ctx, b); err != nil {
		return fmt.Errorf("batch of step %d: %w", j.step, err)
	}
	return nil
}

// fillPixels reads the pixels of b.Images, which are as planned, augments them, and
// leaves the indices of the dataset in b.Images.
func (l *Loader) fillPixels(ctx context.Context, b *Batch) error {
	b.setPixels(len(b.Images), l.store.side)
	epoch, plain := b.Step/l.sampler.StepsPerEpoch(), l.plain(b)
	for i, planned := range b.Images {
		if err := ctx.Err(); err != nil {
			return err
		}
		var turn int
		b.Images[i], turn = l.store.unturned(planned)
		pixels := b.Pixels[i*l.store.bytes:][:l.store.bytes]
		if err := l.store.load(pixels, b.Images[i]); err != nil {
			return err
		}
		if i < plain {
			l.options.Augment.Apply(pixels, l.store.side,
				augment.Draw{Epoch: epoch, Image: b.Images[i], Turn: turn})
		}
	}
	return nil
}

// fillFeatures is fillPixels for what the frozen part of the network makes of them.
func (l *Loader) fillFeatures(ctx context.Context, b *Batch) error {
	c := l.options.Cached
	b.setFeatures(len(b.Images), c.Length())
	epoch, plain := b.Step/l.sampler.StepsPerEpoch(), l.plain(b)
	for i, planned := range b.Images {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.Images[i], _ = l.store.unturned(planned)
		row, err := b.Features[i*c.Length():][:c.Length()], error(nil)
		if i < plain {
			err = c.draw(row, planned, epoch)
		} else {
			err = c.Features(row, b.Images[i:i+1])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// plain returns the first row of b that is not augmented.
func (l *Loader) plain(b *Batch) int {
	if l.options.LabelImages && !l.options.AugmentLabelImages {
		return len(b.Images) - len(b.References)
	}
	return len(b.Images)
}
