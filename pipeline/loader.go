package pipeline

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"github.com/tfpair/tfpair/pipeline/sampler"
)

// LoaderOptions says how batches are assembled. None of it changes a batch, apart
// from Labels.
type LoaderOptions struct {
	Labels  []int32 // class of each dataset image; nil: as the dataset has them
	Workers int     // batches assembled at once; 0: one per CPU
	Ahead   int     // batches kept ready; 0: twice the workers
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
	if o.Labels == nil {
		o.Labels = store.labels
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
	b.setImages(plan.Images, l.options.Labels, l.store.side)
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
	if err := l.store.pixels(ctx, b.Pixels, b.Images); err != nil {
		return fmt.Errorf("batch of step %d: %w", j.step, err)
	}
	return nil
}
