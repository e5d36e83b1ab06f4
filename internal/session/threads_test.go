//go:build tensorflow && linux

package session

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestThreads: each session has as many threads for an operation as it asks for, whatever the first one asked for.
func TestThreads(t *testing.T) {
	const first, more = 2, 64
	threads := func() int {
		list, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	opened := func(n int) {
		s, err := Open(graph(t), Options{Threads: n})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	opened(first)
	before := threads()
	opened(more)
	if got := threads() - before; got < more {
		t.Errorf("a session of %d threads made %d, beside one of %d", more, got, first)
	}
}

// TestBackground: the threads of a session in the background run where no other has work, and so does the one that makes the
// first run of a call.
func TestBackground(t *testing.T) {
	const threads = 3 + 1 // those of an operation, and the one between operations
	before := idle(t)
	s, err := Open(graph(t), Options{Threads: threads - 1, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	untilIdle(t, before+threads)
	first, firsts, on := s.first, 0, uint32(unix.SCHED_NORMAL)
	s.first = func(run func() error) error {
		firsts++
		return first(func() error {
			if attr, err := unix.SchedGetAttr(0, 0); err == nil {
				on = attr.Policy
			}
			return run()
		})
	}
	c := prepare(t, s, []string{"x"}, []string{"y"})
	for range 2 {
		if got := doubled(t, c, []float32{1, 2}); !slices.Equal(got, []float32{2, 4}) {
			t.Errorf("got %v, want twice 1 and 2", got)
		}
	}
	if firsts != 1 || on != unix.SCHED_IDLE {
		t.Errorf("of two runs %d are made in the background, by a thread of policy %d; want 1, and %d", firsts, on, unix.SCHED_IDLE)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	untilIdle(t, before)
}

// untilIdle waits until n threads are idle ones, or one more: Go keeps its first thread, should that have made
// them. The kernel lists a thread for a while after others see that it has ended.
func untilIdle(t *testing.T, n int) {
	t.Helper()
	const tries = 6000 // a minute or more: a machine may be slow
	got := idle(t)
	for range tries {
		if got == n || got == n+1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
		got = idle(t)
	}
	t.Fatalf("%d threads are idle ones, want %d", got, n)
}

// idle returns how many threads run where no other has work.
func idle(t *testing.T) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		policy, err := strconv.Atoi(strings.Fields(after)[38]) // the 41st field: proc_pid_stat(5)
		if err != nil {
			t.Fatal(err)
		}
		if policy == unix.SCHED_IDLE {
			n++
		}
	}
	return n
}
