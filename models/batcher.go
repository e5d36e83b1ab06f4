package models

import (
	"context"
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
	led    bool       // somebody leads
	images int        // in queue
	full   chan struct{}
	buffer []uint8 // the leader's
}

// request is one call: its images, and its embeddings once done has been sent to.
type request struct {
	pixels     []uint8
	embeddings []float32
	err        error
	done       chan bool // capacity 1: true says that the request is to lead, false that it is done
}

// embed returns the embeddings of pixels, which may run together with those of others.
func (b *batcher) embed(ctx context.Context, pixels []uint8) ([]float32, error) {
	r := &request{pixels: pixels, done: make(chan bool, 1)}
	if b.join(r) {
		b.lead(r)
		return r.embeddings, r.err
	}
	select {
	case leads := <-r.done:
		if leads {
			b.lead(r)
		}
	case <-ctx.Done():
		if b.leave(r) {
			return nil, ctx.Err()
		}
		if leads := <-r.done; leads { // it runs already, or was just called to lead
			b.lead(r)
		}
	}
	return r.embeddings, r.err
}

// join puts r in the queue and reports whether it is to lead.
func (b *batcher) join(r *request) (leads bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, r)
	b.images += len(r.pixels) / b.bytes
	if b.full != nil && b.images >= b.max {
		close(b.full)
		b.full = nil
	}
	leads = !b.led
	b.led = true
	return leads
}

// leave takes r out of the queue and reports whether it was in it, not leading.
func (b *batcher) leave(r *request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.queue, r)
	if at < 0 || len(r.done) > 0 {
		return false
	}
	b.queue = slices.Delete(b.queue, at, at+1)
	b.images -= len(r.pixels) / b.bytes
	return true
}

// lead runs the batch that r, the oldest in the queue, is part of, and hands the lead on.
func (b *batcher) lead(r *request) {
	b.gather()
	batch := b.take()
	if len(batch) == 1 {
		r.embeddings, r.err = b.run(r.pixels)
	} else {
		b.share(batch)
	}
	b.mu.Lock()
	if b.led = len(b.queue) > 0; b.led {
		b.queue[0].done <- true
	}
	b.mu.Unlock()
	for _, other := range batch {
		if other != r {
			other.done <- false
		}
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

// take removes the oldest requests from the queue: as many as fit, one at least.
func (b *batcher) take() []*request {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, images := 0, 0
	for n < len(b.queue) {
		more := len(b.queue[n].pixels) / b.bytes
		if n > 0 && images+more > b.max {
			break
		}
		images += more
		n++
	}
	batch := slices.Clone(b.queue[:n])
	b.queue = slices.Delete(b.queue, 0, n)
	b.images -= images
	return batch
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
