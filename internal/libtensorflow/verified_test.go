package libtensorflow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeVerified installs a small runtime and verifies it once.
func fakeVerified(t *testing.T, env Getenv) (dir string) {
	t.Helper()
	wheel, p := fakeWheel(t, nil)
	dir = filepath.Join(t.TempDir(), "runtime")
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p}); err != nil {
		t.Fatal(err)
	}
	if damaged, err := VerifyOnce(dir, env); err != nil || len(damaged) > 0 {
		t.Fatalf("VerifyOnce of a whole runtime = %v, %v", damaged, err)
	}
	return dir
}

// flip changes one byte of the main library and sets the time back.
func flip(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "lib", mainLibrary)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, before.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// What was verified is read again when it has changed, and only then: size and modification time
// may be as they were.
func TestVerifyOnce(t *testing.T) {
	env := environment(nil)
	dir := fakeVerified(t, env)
	record := filepath.Join(dir, recordName)
	before, err := os.Stat(record)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyOnce(dir, env); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(record); err != nil || !os.SameFile(before, after) {
		t.Errorf("a second call wrote the record again: %v", err)
	}
	flip(t, dir)
	for range 2 {
		damaged, err := VerifyOnce(dir, env)
		if err != nil || len(damaged) != 1 || !strings.Contains(damaged[0].Error(), mainLibrary) {
			t.Errorf("VerifyOnce of a changed library = %v, %v, want that one named", damaged, err)
		}
	}
	if _, err := os.Stat(record); !os.IsNotExist(err) {
		t.Errorf("the record of a damaged runtime is still there: %v", err)
	}
}

// Another manifest is another runtime, and a missing file is a damaged one.
func TestVerifyOnceManifest(t *testing.T) {
	env := environment(nil)
	dir := fakeVerified(t, env)
	path := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.ReplaceAll(string(text), m.Files[0].SHA256, strings.Repeat("0", 64))
	if err := os.WriteFile(path, []byte(other), 0o644); err != nil {
		t.Fatal(err)
	}
	if damaged, err := VerifyOnce(dir, env); err != nil || len(damaged) != 1 {
		t.Errorf("VerifyOnce by another manifest = %v, %v, want one file named", damaged, err)
	}
	if err := os.Remove(filepath.Join(dir, "lib", mainLibrary)); err != nil {
		t.Fatal(err)
	}
	if damaged, err := VerifyOnce(dir, env); err != nil || len(damaged) == 0 {
		t.Errorf("VerifyOnce without a library = %v, %v, want it named", damaged, err)
	}
}

// Where the runtime's folder takes no record it lies in the cache, and without a cache nowhere.
func TestVerifyOnceElsewhere(t *testing.T) {
	dir := fakeVerified(t, environment(nil))
	record := filepath.Join(dir, recordName)
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(record, 0o755); err != nil { // root may write to every folder
		t.Fatal(err)
	}
	cache := t.TempDir()
	for _, env := range []Getenv{environment(nil), environment(map[string]string{"XDG_CACHE_HOME": cache})} {
		if damaged, err := VerifyOnce(dir, env); err != nil || len(damaged) > 0 {
			t.Errorf("VerifyOnce = %v, %v, want nothing wrong", damaged, err)
		}
	}
	if found := entries(t, filepath.Join(cache, "tfpair", "runtime")); len(found) != 1 {
		t.Errorf("the cache holds %q, want one record", found)
	}
}
