package pipeline

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUnnamed: the file can be written and read, and there is no name at any time that a kill could leave behind.
func TestUnnamed(t *testing.T) {
	dir := t.TempDir()
	file, err := openUnnamed(dir)
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("the file system of %s has no files without a name", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	names, err := os.ReadDir(dir)
	if err != nil || len(names) > 0 {
		t.Errorf("the folder has %v, %v; want nothing", names, err)
	}
	got := make([]byte, 3)
	if _, err := file.WriteAt([]byte("abc"), 1<<20); err != nil {
		t.Error(err)
	}
	if _, err := file.ReadAt(got, 1<<20); err != nil || string(got) != "abc" {
		t.Errorf("read %q, %v", got, err)
	}
}
