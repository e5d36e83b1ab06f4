package workers

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// TestEach: each task is done once, by no more goroutines than there are cores or tasks, and
// all of it before Each returns.
func TestEach(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, n := range []int{0, 1, 3, 1000} {
		done := make([]int32, n)
		var started atomic.Int32
		Each(n, func() func(int) {
			started.Add(1)
			return func(task int) { atomic.AddInt32(&done[task], 1) }
		})
		for task, times := range done {
			if times != 1 {
				t.Errorf("task %d of %d is done %d times", task, n, times)
			}
		}
		if got := int(started.Load()); got != min(n, 4) {
			t.Errorf("%d tasks: %d goroutines, want %d", n, got, min(n, 4))
		}
	}
}
