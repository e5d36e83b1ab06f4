//go:build !windows

package aside

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRoom: what was there, or that nothing was, comes back over what took its place; or it goes.
func TestRoom(t *testing.T) {
	for _, before := range []string{"", "old"} {
		for _, back := range []bool{false, true} {
			folder := t.TempDir()
			path := filepath.Join(folder, "a")
			if before != "" {
				write(t, path, before)
			}
			r, err := Keep(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+"new", []byte("new"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(path); !os.IsNotExist(err) {
				t.Errorf("the file is there while it is kept: %v", err)
			}
			if err := os.Rename(path+"new", path); err != nil { // as what takes its place does
				t.Fatal(err)
			}
			want := "new"
			if back {
				want, err = before, r.Back()
			} else {
				r.Drop()
			}
			if text, _ := os.ReadFile(path); string(text) != want || err != nil {
				t.Errorf("back %t: the file holds %q (%v), want %q", back, text, err, want)
			}
			if entries, err := os.ReadDir(folder); err != nil || len(entries) != min(len(want), 1) {
				t.Errorf("back %t: the folder holds %v (%v), want %q alone", back, entries, err, want)
			}
		}
	}
}

// TestRoomIsSwept: the next writer of the name removes what a killed one left; folders make no room.
func TestRoomIsSwept(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	write(t, path, "old")
	if _, err := Keep(path); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want one file", entries, err)
	}
	if err := os.Mkdir(filepath.Join(folder, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Keep(filepath.Join(folder, "b")); err == nil {
		t.Error("a folder is kept")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
