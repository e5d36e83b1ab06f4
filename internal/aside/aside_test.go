package aside

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestFile: nothing is under the name before Publish, all of it behind, and nothing is
// left aside either way.
func TestFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	for _, publish := range []bool{false, true} {
		f, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("text"); err != nil {
			t.Fatal(err)
		}
		if free, err := Free(path); !free || err != nil {
			t.Errorf("before Publish Free = %t, %v, want true", free, err)
		}
		if publish {
			if err := f.Publish(); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Cleanup(); err != nil {
			t.Error(err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || (len(entries) == 1) != publish {
			t.Errorf("published %t: the folder holds %v (%v)", publish, entries, err)
		}
	}
	if free, err := Free(path); free || err != nil {
		t.Errorf("behind Publish Free = %t, %v, want false", free, err)
	}
	if text, err := os.ReadFile(path); string(text) != "text" || err != nil {
		t.Errorf("the file holds %q (%v)", text, err)
	}
}

// TestWriteFile: over what was there, readable by all, and not where there is no folder.
func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, want := range []string{"one", "two"} {
		if err := WriteFile(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); string(text) != want || err != nil {
			t.Errorf("the file holds %q (%v), want %q", text, err, want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("the file is %v (%v), want mode 0644", info, err)
	}
	if err := WriteFile(filepath.Join(path+"-absent", "a"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile into no folder = %v, want that it does not exist", err)
	}
}
