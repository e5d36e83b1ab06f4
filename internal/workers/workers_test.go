package workers

import (
	"runtime"
	"strings"
	"sync"
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

// TestSpare: places beyond the cores add no work to them.
func TestSpare(t *testing.T) {
	was := runtime.GOMAXPROCS(4)
	defer runtime.GOMAXPROCS(was)
	Spare(3)
	defer spare.Add(-3)
	if Cores() != 4 || runtime.GOMAXPROCS(0) != 7 {
		t.Errorf("%d cores and %d places, want 4 and 7", Cores(), runtime.GOMAXPROCS(0))
	}
}

// TestRace: each task has the result of a whole run of it, and a core that never comes back keeps nobody waiting.
func TestRace(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, n := range []int{0, 1, 3, 1000} {
		for task, got := range Race(n, func(task int, late func() bool) int {
			for range task % 7 {
				if late() {
					return -1
				}
				runtime.Gosched()
			}
			return task * task
		}) {
			if got != task*task {
				t.Errorf("%d tasks: %d of task %d", n, got, task)
			}
		}
	}
	caller := goroutine()
	release, stuck := make(chan struct{}), make(chan struct{})
	defer close(release)
	var once sync.Once
	for task, got := range Race(8, func(task int, _ func() bool) int {
		if goroutine() != caller {
			once.Do(func() { close(stuck) })
			<-release
		}
		<-stuck
		return task
	}) {
		if got != task {
			t.Errorf("%d of task %d, with the other cores stuck", got, task)
		}
	}
}

// goroutine names the one that calls it.
func goroutine() string {
	var stack [32]byte
	name, _, _ := strings.Cut(string(stack[:runtime.Stack(stack[:], false)]), "[")
	return name
}
