package serve

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/tfpair/tfpair/internal/workers"
)

// budget bounds the memory of all requests in flight. One half is for what they hold: bodies, and
// pixels at the model's size. It is never waited for, since those who wait would hold some of it: a
// request that gets none is refused. The other half is for pictures while they are decoded, each only
// for as long as that takes: it is waited for, and those who have it wait for nothing else.
type budget struct {
	requests chan struct{} // one for each request in flight
	held     atomic.Int64  // bytes
	most     int64         // held at once
	decoding *semaphore.Weighted
	cores    *semaphore.Weighted // pictures decoded at once: more would only take memory
	decoded  atomic.Int64        // bytes of decoding
}

func newBudget(l Limits) *budget {
	return &budget{requests: make(chan struct{}, l.Queue), most: l.Memory / 2, decoding: semaphore.NewWeighted(l.Memory / 2),
		cores: semaphore.NewWeighted(int64(workers.Cores()))}
}

// hold is the part of the budget that one request has.
type hold struct {
	of    *budget
	bytes int64
}

// enter returns the hold of a request that comes in. The error is errBusy.
func (b *budget) enter() (*hold, error) {
	select {
	case b.requests <- struct{}{}:
		return &hold{of: b}, nil
	default:
		return nil, errBusy("queue", "%d requests are answered already", cap(b.requests))
	}
}

// take adds bytes to the hold. The error is errBusy.
func (h *hold) take(bytes int64) error {
	if h.of.held.Add(bytes) > h.of.most {
		h.of.held.Add(-bytes)
		return errBusy("memory", "the requests in flight hold all of the %d MiB there are for them", h.of.most>>20)
	}
	h.bytes += bytes
	return nil
}

// give takes bytes off the hold.
func (h *hold) give(bytes int64) {
	h.of.held.Add(-bytes)
	h.bytes -= bytes
}

// leave gives everything back.
func (h *hold) leave() {
	h.give(h.bytes)
	<-h.of.requests
}

// decode calls f, which holds so many bytes, once there is memory for it. Whoever calls it has a core.
func (b *budget) decode(ctx context.Context, bytes int64, f func() error) error {
	if err := b.decoding.Acquire(ctx, bytes); err != nil {
		return err
	}
	b.decoded.Add(bytes)
	defer func() {
		b.decoded.Add(-bytes)
		b.decoding.Release(bytes)
	}()
	return f()
}

// turns bound what is worked on at once for one model, from decoding to the embedding: a batch that runs and one that
// gathers, or on many cores one for each; less of large pictures. All other requests wait here, in the order
// they came.
type turns struct {
	free    *semaphore.Weighted
	most    int64
	limits  Limits
	waiting atomic.Int64
}

func newTurns(l Limits) *turns {
	most := int64(l.Pictures) * int64(max(2, workers.Cores()))
	return &turns{free: semaphore.NewWeighted(most), most: most, limits: l}
}

// take waits for the turn of a request of a weight until patience, a part of ctx, is done. The error is errBusy, or
// that of ctx.
func (t *turns) take(ctx, patience context.Context, weight int64) (done func(), err error) {
	t.waiting.Add(1)
	defer t.waiting.Add(-1)
	weight = min(weight, t.most)
	if err := t.free.Acquire(patience, weight); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errBusy("wait", "no turn came within %v", t.limits.QueueWait)
	}
	return func() { t.free.Release(weight) }, nil
}
