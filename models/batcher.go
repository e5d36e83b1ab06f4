package models

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// batcher lets calls that come at the same time share one run of the network. There
// is no goroutine of its own: the first caller leads, runs everything that waits up to
// max images, and hands the lead to the next one in line. While a batch runs, those
// that come gather for the next.
type batcher struct {
	run   func(pixels []uint8) ([]float32, error) // [n,S,S,3] → [n,D]; one call at a time
	bytes int                                     // of one image
	dim   int                                     // D
	max   int                                     // images of a batch; a larger request runs alone
	delay time.Duration                           // that a leader waits for others

	mu     sync.Mutex // protects what follows
	queue  []*request // waiting, oldest first
	leader *request   // nil: nobody leads
	images int        // in queue
	full   chan struct{}
	buffer []uint8 // the leader's
}

// request is one call: its images, and its embeddings once it is done.
type request struct {
	pixels     []uint8
	embeddings []float32
	err        error
	lead       chan struct{} // closed when the request, still in the queue, is to lead
	done       chan struct{} // closed when the request has been run
}

func newRequest(pixels []uint8) *request {
	return &request{pixels: pixels, lead: make(chan struct{}), done: make(chan struct{})}
}

// embed returns the embeddings of pixels, which may run together with those of others.
func (b *batcher) embed(ctx context.Context, pixels []uint8) ([]float32, error) {
	r := newRequest(pixels)
	b.join(r)
	cancelled := ctx.Done()
	for {
		select {
		case <-r.lead:
			b.lead(r)
			return r.embeddings, r.err
		case <-r.done:
			return r.embeddings, r.err
		case <-cancelled:
			if b.leave(r) {
				return nil, ctx.Err()
			}
			cancelled = nil // it runs already, or was just called to lead
		}
	}
}

// join puts r in the queue, to lead where nobody does.
func (b *batcher) join(r *request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, r)
	b.images += len(r.pixels) / b.bytes
	if b.full != nil && b.images >= b.max {
		close(b.full)
		b.full = nil
	}
	if b.leader == nil {
		b.call(r)
	}
}

// call makes r, nil for nobody, the leader. b.mu is held.
func (b *batcher) call(r *request) {
	if b.leader = r; r != nil {
		close(r.lead)
	}
}

// leave takes r out of the queue and reports whether it was in it, not leading.
func (b *batcher) leave(r *request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.queue, r)
	if at < 0 || r == b.leader {
		return false
	}
	b.queue = slices.Delete(b.queue, at, at+1)
	b.images -= len(r.pixels) / b.bytes
	return true
}

// lead runs the batch that r, the oldest in the queue, is part of, and hands the lead on, also
// where the run panics.
func (b *batcher) lead(r *request) {
	b.gather()
	batch := b.take()
	defer b.handOn(batch)
	for _, of := range batch {
		of.err = errPanicked // until the run is back
	}
	if len(batch) == 1 {
		r.embeddings, r.err = b.run(r.pixels)
	} else {
		b.share(batch)
	}
}

// handOn makes the next in line the leader, and tells those in batch that they have been run.
func (b *batcher) handOn(batch []*request) {
	b.mu.Lock()
	if len(b.queue) > 0 {
		b.call(b.queue[0])
	} else {
		b.call(nil)
	}
	b.mu.Unlock()
	for _, served := range batch {
		close(served.done)
	}
}

// gather waits until a batch is full, or the delay has passed.
func (b *batcher) gather() {
	if b.delay <= 0 {
		return
	}
	b.mu.Lock()
	if b.images >= b.max {
		b.mu.Unlock()
		return
	}
	full := make(chan struct{})
	b.full = full
	b.mu.Unlock()
	timer := time.NewTimer(b.delay)
	defer timer.Stop()
	select {
	case <-full:
	case <-timer.C:
		b.mu.Lock()
		b.full = nil
		b.mu.Unlock()
	}
}

// take removes the oldest requests from the queue: as many as fit, one at least, or fewer where that makes a batch of
// one of BatchSizes.
func (b *batcher) take() []*request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var fit, sized struct{ requests, images int }
	for _, r := range b.queue {
		more := len(r.pixels) / b.bytes
		if fit.requests > 0 && fit.images+more > b.max {
			break
		}
		fit.requests++
		if fit.images += more; isBatchSize(fit.images, b.max) {
			sized = fit
		}
	}
	if sized.requests > 0 {
		fit = sized
	}
	batch := slices.Clone(b.queue[:fit.requests])
	b.queue = slices.Delete(b.queue, 0, fit.requests)
	b.images -= fit.images
	return batch
}

// BatchSizes returns the numbers of images, up to most, that a run has where calls with one image each share it: 1, 2, 3,
// 4, 6, 8, 12, 16, 24, …, and most. The runtime takes time and memory for each size when it comes first, so a service
// that runs each of them before it answers has both behind it.
func BatchSizes(most int) []int {
	var list []int
	for n := 1; n <= most; n++ {
		if isBatchSize(n, most) {
			list = append(list, n)
		}
	}
	return list
}

// isBatchSize tells whether n is one of BatchSizes(most): two bits of it are 1 at most, side by side.
func isBatchSize(n, most int) bool {
	odd := n >> bits.TrailingZeros(uint(n))
	return odd == 1 || odd == 3 || n == most
}

// share runs a batch of several requests and deals out what comes of it.
func (b *batcher) share(batch []*request) {
	b.buffer = b.buffer[:0]
	for _, r := range batch {
		b.buffer = append(b.buffer, r.pixels...)
	}
	rows, err := b.run(b.buffer)
	for _, r := range batch {
		if r.err = err; err != nil {
			continue
		}
		n := len(r.pixels) / b.bytes * b.dim
		r.embeddings, rows = slices.Clone(rows[:n]), rows[n:]
	}
}
