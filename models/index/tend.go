package index

import (
	"sync"
	"sync/atomic"
	"time"
)

// tendEvery is how often Tend looks at the disk, at most.
const tendEvery = time.Second

// tending is what a folder does beside its callers.
type tending struct {
	last atomic.Int64 // when it began, in nanoseconds since 1970
	wait sync.WaitGroup
	mu   sync.Mutex // protects done, and that nothing begins behind Close
	done bool
}

// Tend lets searches see what other programs have changed, and has an outgrown threshold chosen anew. It
// returns at once, and looks once a second at most. What it cannot read is read the next time: Refresh
// and Renew say why. Whoever calls it calls Close in the end.
func (f *Folder) Tend() {
	now, last := time.Now().UnixNano(), f.tending.last.Load()
	if now-last < int64(tendEvery) || !f.tending.last.CompareAndSwap(last, now) {
		return
	}
	f.tending.mu.Lock()
	defer f.tending.mu.Unlock()
	if f.tending.done {
		return
	}
	f.tending.wait.Go(func() {
		if f.Refresh() == nil && f.Outgrown() {
			_, _ = f.Renew() // the threshold of before stays
		}
		f.tending.last.Store(time.Now().UnixNano())
	})
}

// Close waits for what Tend has begun. The index can be searched still.
func (f *Folder) Close() error {
	f.tending.mu.Lock()
	f.tending.done = true
	f.tending.mu.Unlock()
	f.tending.wait.Wait()
	return nil
}
