//go:build !windows

package aside

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestFlush: files and folders, by many goroutines at once that also grow their stacks and leave garbage, and Flush answers as Sync does: without
// an error where that gives none, and with the same one for a pipe and for a file that is closed.
func TestFlush(t *testing.T) {
	folder := t.TempDir()
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			path := filepath.Join(folder, strings.Repeat("a", i+1))
			f, err := os.Create(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			for range 20 {
				if _, err := f.WriteString(strings.Repeat("text", 1000)); err != nil {
					t.Error(err)
				}
				if err := Flush(f); err != nil {
					t.Error(err)
				}
				if depth(500) != 500 {
					t.Error("the stack is not as it was")
				}
				if err := Sync(folder); err != nil {
					t.Error(err)
				}
			}
			if info, err := os.Stat(path); err != nil || info.Size() != 20*4000 {
				t.Errorf("%s: %v (%v), want 80,000 bytes", path, info, err)
			}
		})
	}
	wait.Wait()

	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	closed, err := os.Create(filepath.Join(folder, "closed"))
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{write, closed} {
		want := f.Sync()
		if got := Flush(f); want == nil || got == nil || got.Error() != want.Error() {
			t.Errorf("Flush of %s = %v, Sync gives %v", f.Name(), got, want)
		}
	}
	if err := Flush(closed); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Flush of a closed file = %v, want %v", err, fs.ErrClosed)
	}
}

// depth needs stack.
func depth(n int) int {
	if n == 0 {
		return 0
	}
	var room [64]byte
	room[n%64] = 1
	return depth(n-1) + int(room[n%64])
}
