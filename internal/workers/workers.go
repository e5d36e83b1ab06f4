// Package workers shares work among all cores.
package workers

import (
	"sync"
	"sync/atomic"
)

// Each calls work for each task of 0…n−1, in any order, and returns when all are done. It
// starts a goroutine for each core, n at most; each calls newWork once, for scratch of its own.
func Each(n int, newWork func() func(task int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, Cores()) {
		wait.Go(func() {
			work := newWork()
			for task := next.Add(1) - 1; task < int64(n); task = next.Add(1) - 1 {
				work(int(task))
			}
		})
	}
	wait.Wait()
}

// Race returns what work gives for each task of 0…n−1. Other cores take tasks, too. Where none is left and a core is late with one, because the
// system has given it to somebody else, the caller does that task itself and waits for nobody. So a task may be done twice, at the
// same time and after Race has returned: work changes nothing that others see. It may return anything once late says that the task is done.
func Race[R any](n int, work func(task int, late func() bool) R) []R {
	var next atomic.Int64
	done := make([]atomic.Pointer[R], n)
	do := func(task int) {
		r := work(task, func() bool { return done[task].Load() != nil })
		done[task].CompareAndSwap(nil, &r)
	}
	take := func() {
		for task := next.Add(1) - 1; task < int64(n); task = next.Add(1) - 1 {
			do(int(task))
		}
	}
	for range min(n, Cores()) - 1 {
		go take() // it ends by itself: nothing is left to take
	}
	take()
	results := make([]R, n)
	for task := range done {
		if done[task].Load() == nil {
			do(task)
		}
		results[task] = *done[task].Load()
	}
	return results
}
