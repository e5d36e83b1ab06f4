//go:build tensorflow && linux

package session

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// TestBackground: the threads of a session in the background have the lowest priority.
func TestBackground(t *testing.T) {
	const threads = 3 + 1 // those of an operation, and the one between operations
	before := nice(t)
	s, err := Open(graph(t), Options{Threads: threads - 1, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	opened := nice(t)
	if got := opened - before; got != threads && got != threads+1 { // Go keeps its first thread, should that have made them
		t.Errorf("%d threads of the lowest priority, want %d", got, threads)
	}
	doubled(t, prepare(t, s, []string{"x"}, []string{"y"}), []float32{1, 2})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := opened - nice(t); got != threads && got != threads+1 {
		t.Errorf("%d threads of the lowest priority ended with the session, want %d", got, threads)
	}
}

// nice returns how many threads have the lowest priority.
func nice(t *testing.T) (n int) {
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
		niceness, err := strconv.Atoi(strings.Fields(after)[16])
		if err != nil {
			t.Fatal(err)
		}
		if niceness == nicest {
			n++
		}
	}
	return n
}
