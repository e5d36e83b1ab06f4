//go:build tensorflow && linux

package session

import (
	"os"
	"testing"
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
