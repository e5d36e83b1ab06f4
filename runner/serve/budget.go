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
	requests chan struct{} // one for each request that has come and is not answered
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

// hold is the part of the budget that one request has: what it works with until its answer is made, and the answer until it is sent.
// Clients that read slowly, or not at all, hold no more than that.
type hold struct {
	of     *budget
	bytes  int64
	answer int64 // of these bytes, for the answer
	placed bool  // it has a place among the requests
}

// full returns errBusy where there is no place for another request, else nil.
func (b *budget) full() error {
	if len(b.requests) < cap(b.requests) {
		return nil
	}
	return b.errFull()
}

func (b *budget) errFull() error {
	return errBusy("queue", "%d requests are answered already", cap(b.requests))
}

// enter gives the request its place. The error is errBusy. One whose body is on its way has none: clients that send slowly, or never end, would
// keep out those who could be answered. What they hold is a connection, and memory as it comes.
func (h *hold) enter() error {
	if h.placed {
		return nil
	}
	select {
	case h.of.requests <- struct{}{}:
		h.placed = true
		return nil
	default:
		return h.of.errFull()
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

// takeAnswer adds bytes for the answer to the hold, before it is made. The error is errBusy.
func (h *hold) takeAnswer(bytes int64) error {
	if err := h.take(bytes); err != nil {
		return err
	}
	h.answer += bytes
	return nil
}

// leave gives the place in the queue back, and all but the memory of the answer.
func (h *hold) leave() {
	h.give(h.bytes - h.answer)
	if h.placed {
		<-h.of.requests
	}
}

// made says how many bytes the answer has, once there is nothing else of the request.
func (h *hold) made(bytes int) { h.give(h.bytes - int64(bytes)) }

// sent gives the memory of the answer back.
func (h *hold) sent() { h.give(h.bytes) }

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
