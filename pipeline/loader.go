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
	Part               int                // a batch of more images is InParts, and memory holds a few parts of it; 0: none is
	Share              Share              // which images of each batch are read; the zero value reads all

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
	j.planned = append(j.planned[:0], images...)
	for i, planned := range images {
		b.Images[i], _ = l.store.unturned(planned)
	}
	if b.Own = nil; l.options.Share.Of > 1 {
		return l.fillOwn(ctx, j)
	}
	if b.parts = nil; l.options.Part > 0 && len(images) > l.options.Part {
		b.Pixels, b.Features = b.Pixels[:0], b.Features[:0]
		b.parts = l.parts(ctx, j)
		return nil
	}
	return l.read(ctx, b, j, 0)
}

// fillOwn reads the images of a batch that are this process' own.
func (l *Loader) fillOwn(ctx context.Context, j *job) error {
	b, own := &j.batch, &j.own
	b.parts, b.Pixels, b.Features = nil, b.Pixels[:0], b.Features[:0]
	from, to := l.options.Share.Rows(len(b.Images))
	own.Step, own.Images, own.Pixels, own.Features = j.step, append(own.Images[:0], b.Images[from:to]...), own.Pixels[:0], own.Features[:0]
	b.Own, b.First = own, from
	return l.read(ctx, own, j, from)
}

// read fills to with what the network sees of its images, which are those of j from row first on.
func (l *Loader) read(ctx context.Context, to *Batch, j *job, first int) error {
	read := l.readPixels
	if l.options.Cached != nil {
		read = l.readFeatures
	}
	if err := read(ctx, to, j, first); err != nil {
		return fmt.Errorf("batch of step %d: %w", j.step, err)
	}
	return nil
}

// readPixels reads pixels, and augments them.
func (l *Loader) readPixels(ctx context.Context, to *Batch, j *job, first int) error {
	to.setPixels(len(to.Images), l.store.side)
	epoch, plain := j.step/l.sampler.StepsPerEpoch(), l.plain(&j.batch)
	for i, image := range to.Images {
		if err := ctx.Err(); err != nil {
			return err
		}
		pixels := to.Pixels[i*l.store.bytes:][:l.store.bytes]
		if err := l.store.load(pixels, image); err != nil {
			return err
		}
		if first+i < plain {
			_, turn := l.store.unturned(j.planned[first+i])
			l.options.Augment.Apply(pixels, l.store.side, augment.Draw{Epoch: epoch, Image: image, Turn: turn})
		}
	}
	return nil
}

// readFeatures reads what the frozen part of the network makes of pixels.
func (l *Loader) readFeatures(ctx context.Context, to *Batch, j *job, first int) error {
	c := l.options.Cached
	to.setFeatures(len(to.Images), c.Length())
	epoch, plain := j.step/l.sampler.StepsPerEpoch(), l.plain(&j.batch)
	for i := range to.Images {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := to.Features[i*c.Length():][:c.Length()], error(nil)
		if first+i < plain {
			err = c.draw(row, j.planned[first+i], epoch)
		} else {
			err = c.Features(row, to.Images[i:i+1])
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
