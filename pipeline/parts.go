package pipeline

import (
	"context"
	"iter"
)

// Parts yields the images of b some at a time, in order: batches of Images, and of Pixels or Features. Every call
// yields the same. A part is valid until the next one is asked for. Of a batch that is InParts the error is that of
// an image that cannot be read, and the goroutines that read ahead have ended when the range ends.
func (b *Batch) Parts(images int) iter.Seq2[*Batch, error] {
	if b.parts != nil {
		return b.parts(images)
	}
	return func(yield func(*Batch, error) bool) {
		pixels, features := len(b.Pixels)/max(len(b.Images), 1), len(b.Features)/max(len(b.Images), 1)
		for from := 0; from < len(b.Images); from += images {
			to := min(from+images, len(b.Images))
			part := &Batch{Step: b.Step, Size: b.Size, Images: b.Images[from:to],
				Pixels: b.Pixels[from*pixels : to*pixels], Features: b.Features[from*features : to*features]}
			if !yield(part, nil) {
				return
			}
		}
	}
}

// InParts reports whether b has neither Pixels nor Features, which Parts reads.
func (b *Batch) InParts() bool { return b.parts != nil }

// parts returns Batch.Parts of the batch of j, which stays the consumer's meanwhile. They are read to their end
// even where ctx is done: the step in hand is finished.
func (l *Loader) parts(ctx context.Context, j *job) func(images int) iter.Seq2[*Batch, error] {
	ctx = context.WithoutCancel(ctx)
	return func(images int) iter.Seq2[*Batch, error] {
		return func(yield func(*Batch, error) bool) {
			all := len(j.planned)
			fill := func(ctx context.Context, part *job) error {
				from := part.step * images
				part.batch.Step = j.step
				part.batch.Images = append(part.batch.Images[:0], j.batch.Images[from:min(from+images, all)]...)
				return l.read(ctx, &part.batch, j, from)
			}
			p := parallel{workers: l.options.Workers, ahead: l.options.Ahead}
			for part, err := range ordered(ctx, 0, (all+images-1)/images, p, fill) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(&part.batch, nil) {
					return
				}
			}
		}
	}
}
