package pipeline

import (
	"context"
	"fmt"
	"iter"

	"github.com/tfpair/tfpair/internal/regular"
)

// Sequence yields the given images in order, batch at a time, for evaluation and
// embedding: the last batch may be smaller, and there are no pairs. The Batch is
// valid until the next one is asked for.
//
// Each image that cannot be decoded is shown to onBad, in order; where that returns
// nil the image is left out of its batch, and a batch without images is not
// yielded. Any error it returns ends the sequence. A nil onBad returns the image's
// own error. That the machine has no more of something, such as files that may be open, ends it, too.
//
// The sequence owns its goroutines: they have ended when the range over it ends.
func (s *Store) Sequence(
	ctx context.Context, images []int32, batch int, onBad func(BadImage) error,
) iter.Seq2[*Batch, error] {
	if batch < 1 {
		panic(fmt.Sprintf("pipeline: batch of %d images", batch))
	}
	if onBad == nil {
		onBad = func(b BadImage) error { return b.Err }
	}
	fill := func(ctx context.Context, j *job) error {
		first := j.step * batch
		return s.fill(ctx, j, images[first:min(first+batch, len(images))])
	}
	steps := (len(images) + batch - 1) / batch
	p := s.inTurns(batch)
	return func(yield func(*Batch, error) bool) {
		for j, err := range ordered(ctx, 0, steps, p, fill) {
			if err == nil {
				err = each(j.bad, onBad)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(j.batch.Images) > 0 && !yield(&j.batch, nil) {
				return
			}
		}
	}
}

// aheadBytes is how many pixels a Sequence has ready beyond a batch of each worker.
const aheadBytes = 16 << 20

// inTurns has workers and the consumer take turns. The workers run well ahead, and begin again when half of that is used
// up: a network whose threads wait for each other after each operation is slowed down by a single worker, and stands still
// while its first run is prepared.
func (s *Store) inTurns(batch int) parallel {
	ahead := max(s.options.Workers, aheadBytes/(batch*s.bytes))
	return parallel{workers: s.options.Workers, ahead: ahead, refill: (ahead + 1) / 2}
}

func each(bad []BadImage, onBad func(BadImage) error) error {
	for _, b := range bad {
		if err := onBad(b); err != nil {
			return err
		}
	}
	return nil
}

// fill makes j's batch of those of the images that can be decoded.
func (s *Store) fill(ctx context.Context, j *job, images []int32) error {
	b := &j.batch
	b.Step = j.step
	b.setImages(images, s.labels)
	b.setPixels(len(images), s.side)
	good := 0
	for i, image := range images {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.load(b.Pixels[good*s.bytes:(good+1)*s.bytes], image); regular.Exhausted(err) {
			return err
		} else if err != nil {
			j.bad = append(j.bad, s.badImage(image, err))
			continue
		}
		b.Images[good], b.Labels[good] = image, b.Labels[i]
		good++
	}
	b.Images, b.Labels, b.Pixels = b.Images[:good], b.Labels[:good], b.Pixels[:good*s.bytes]
	return nil
}
