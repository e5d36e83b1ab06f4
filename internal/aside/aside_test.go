//go:build !windows

package aside

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
		if err := Unused(path, false); err != nil {
			t.Errorf("before Publish Unused = %v, want nothing there", err)
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
	if text, err := os.ReadFile(path); string(text) != "text" || err != nil {
		t.Errorf("the file holds %q (%v)", text, err)
	}
}

// TestUnused: what is there is in the way, then and when it came meanwhile, unless it is a file that
// may be replaced.
func TestUnused(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	f, err := New(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("meanwhile")); err != nil {
		t.Fatal(err)
	}
	_, second := New(path, false)
	for what, err := range map[string]error{"Publish": f.Publish(), "New": second, "Unused": Unused(path, false),
		"Unused of a folder": Unused(folder, true)} {
		if exists := (*ExistsError)(nil); !errors.As(err, &exists) {
			t.Errorf("%s = %v, want an *ExistsError", what, err)
		}
	}
	if err := f.Cleanup(); err != nil {
		t.Error(err)
	}
	if f, err = New(path, true); err != nil {
		t.Fatal(err)
	}
	if err := f.Publish(); err != nil {
		t.Errorf("with overwrite Publish = %v", err)
	}
	same(t, folder, []string{"a"})
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

// TestSweep: what a killed writer left goes with the next one of that name, and nothing else does:
// neither what another writer holds, nor names of people, nor what a link leads to.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	const number = "0123456789012345678"
	precious := t.TempDir()
	if err := os.Symlink(precious, at(".tmp-"+number)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".a.csv" + number, ".a.csv20241127", ".a.csv" + number + "x", ".b.csv" + number, "a.csv" + number} {
		if err := os.WriteFile(at(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".tmp-1" + number, ".tmp-20241127", ".tmp-run-" + number} {
		if err := os.MkdirAll(filepath.Join(at(name), "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file, err := Create(at("a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := CreateFolder(folder, ".tmp-")
	if err != nil {
		t.Fatal(err)
	}
	otherFile, err := Create(at("a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	otherDir, err := CreateFolder(folder, ".tmp-")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".a.csv20241127", ".a.csv" + number + "x", ".b.csv" + number, "a.csv" + number, ".tmp-" + number, ".tmp-20241127",
		".tmp-run-" + number}
	writers := []string{filepath.Base(file.Name()), filepath.Base(otherFile.Name()), filepath.Base(dir.Path()),
		filepath.Base(otherDir.Path())}
	same(t, folder, append(writers, want...))
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
	if err := errors.Join(file.Cleanup(), otherFile.Cleanup(), dir.Cleanup(), otherDir.Cleanup(), dir.Cleanup()); err != nil {
		t.Fatal(err)
	}
	same(t, folder, want)
}

// same compares the names in a folder with want.
func same(t *testing.T, folder string, want []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(names, want) {
		t.Errorf("the folder holds\n%q, want\n%q", names, want)
	}
}

// TestFolder: all of a folder has its name by one rename, or nothing has.
func TestFolder(t *testing.T) {
	parent := t.TempDir()
	to := filepath.Join(parent, "to")
	for _, publish := range []bool{false, true} {
		f, err := CreateFolder(parent, ".tmp-")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Path(), "file"), []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
		var want []string
		if publish {
			if err := f.Publish(to); err != nil {
				t.Fatal(err)
			}
			want = []string{"to"}
		}
		if err := f.Cleanup(); err != nil {
			t.Fatal(err)
		}
		same(t, parent, want)
	}
	if text, err := os.ReadFile(filepath.Join(to, "file")); string(text) != "text" || err != nil {
		t.Errorf("the file holds %q (%v)", text, err)
	}
	if err := os.Remove(filepath.Join(to, "file")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the folder is %v (%v), want mode 0755", info, err)
	}
}

// TestPermissions: a file keeps the permissions of the one that it replaces.
func TestPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v (%v), want mode 0600", info, err)
	}
}

func TestMkdirAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := MkdirAll(path); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Errorf("Stat = %v, %v, want a folder", info, err)
	}
	file := filepath.Join(path, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := MkdirAll(filepath.Join(file, "d")); err == nil {
		t.Error("MkdirAll below a file is no error")
	}
	long := strings.Repeat("x", 300) // longer than a name may be
	if err := MkdirAll(filepath.Join(path, "d", "e", long)); err == nil {
		t.Error("MkdirAll of a name that is too long is no error")
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 {
		t.Errorf("after a MkdirAll that failed the folder holds %v (%v), want what was there", entries, err)
	}
}

// TestFoldersAtOnce: writers of one name that begin at the same moment sweep each other's folders before they are
// held, and each gets one all the same.
func TestFoldersAtOnce(t *testing.T) {
	parent := t.TempDir()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				f, err := CreateFolder(parent, ".tmp-")
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(os.WriteFile(filepath.Join(f.Path(), "file"), nil, 0o644), f.Cleanup()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	same(t, parent, nil)
}
