package pipeline

import (
	"context"
	"iter"
	"sync"

	"github.com/tfpair/tfpair/pipeline/features"
)

// job is one batch to assemble, and its result once done has been sent to.
type job struct {
	step    int
	batch   Batch
	own     Batch   // of a batch that several processes read
	planned []int32 // images of a batch, as its plan has them: see Turned
	bad     []BadImage
	inputs  []features.Sum // of a block of Cached: what each row is made of
	fresh   bool           // of a block of Cached: its rows are there
	err     error
	done    chan struct{} // capacity 1: a worker never waits for the consumer
}

// ordered fills a job for each step of [from,to) and yields them in that order,
// until one fails or ctx is done, which it yields as an error.
//
// Who ranges over it starts the workers, is the only one to send on todo, and
// before the range ends, however it ends, closes todo and waits for the workers.
// Jobs go round a ring of ahead+1, and with them their buffers: a job is the
// consumer's until it asks for the next one, while the others are filled. So the
// workers share the cores with the consumer as it needs: all of them work while it
// waits, and where it is slower they rest until there is room for p.refill jobs.
func ordered(
	ctx context.Context, from, to int, p parallel, fill func(context.Context, *job) error,
) iter.Seq2[*job, error] {
	return func(yield func(*job, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		ring := make([]job, min(p.ahead, max(to-from, 1))+1)
		todo := make(chan *job, len(ring))
		var workers sync.WaitGroup
		defer workers.Wait()
		defer close(todo)
		defer cancel()
		for range min(p.workers, len(ring)) {
			workers.Go(func() { work(ctx, todo, fill) })
		}
		for i := range ring {
			ring[i].done = make(chan struct{}, 1)
		}
		next := from
		for step := from; step < to; step++ {
			if end := step + len(ring); end-next >= min(p.refill, len(ring)) {
				for ; next < min(end, to); next++ {
					j := &ring[next%len(ring)]
					j.step = next
					todo <- j
				}
			}
			j := &ring[step%len(ring)]
			select {
			case <-j.done:
			case <-ctx.Done():
			}
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if j.err != nil {
				yield(nil, j.err)
				return
			}
			if !yield(j, nil) {
				return
			}
		}
	}
}

// parallel says how many batches are assembled at once, how many are kept ready for the consumer, and of how many
// there must be room before more are assembled: ahead+1 at most.
type parallel struct{ workers, ahead, refill int }

// work fills jobs until there are no more. After ctx is done it only drains them.
func work(ctx context.Context, todo <-chan *job, fill func(context.Context, *job) error) {
	for j := range todo {
		if ctx.Err() != nil {
			continue
		}
		j.bad = j.bad[:0]
		j.err = fill(ctx, j)
		j.done <- struct{}{}
	}
}
