package metric

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls work for 0..n-1 on all cores and returns when all are done. newWork is
// called once for each goroutine.
func parallel(n int, newWork func() func(int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			work := newWork()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(int(i))
			}
		})
	}
	wait.Wait()
}
