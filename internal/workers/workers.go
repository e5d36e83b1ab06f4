// Package workers shares work among all cores.
package workers

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls work for each task of 0…n−1, in any order, and returns when all are done. It
// starts a goroutine for each core, n at most; each calls newWork once, for scratch of its own.
func Each(n int, newWork func() func(task int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			work := newWork()
			for task := next.Add(1) - 1; task < int64(n); task = next.Add(1) - 1 {
				work(int(task))
			}
		})
	}
	wait.Wait()
}
