package libtensorflow

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestArchive: a library is what GNU's ar writes, byte by byte.
func TestArchive(t *testing.T) {
	needTools(t, "cc", "ar")
	if said, err := exec.Command("ar", "--version").Output(); err != nil || !bytes.Contains(said, []byte("GNU")) {
		t.Skip("ar is not GNU's")
	}
	dir := t.TempDir()
	for name, source := range map[string]string{
		"one": "int first(void) { return 1; } static int local; int *other(void) { return &local; }",
		"two": "extern int first(void); __attribute__((visibility(\"hidden\"))) int hidden; int second(void) { return first(); }",
		"no":  "static int unused __attribute__((used));",
	} {
		cmd := exec.Command("cc", "-c", "-x", "c", "-o", filepath.Join(dir, name+".o"), "-")
		cmd.Stdin = bytes.NewBufferString(source + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("cc: %v\n%s", err, out)
		}
	}
	objects := []string{filepath.Join(dir, "one.o"), filepath.Join(dir, "no.o"), filepath.Join(dir, "two.o")}
	got, want := filepath.Join(dir, "got.a"), filepath.Join(dir, "want.a")
	if err := archive(got, objects...); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ar", append([]string{"rcsD", want}, objects...)...).CombinedOutput(); err != nil {
		t.Fatalf("ar: %v\n%s", err, out)
	}
	written, err := os.ReadFile(got)
	if err != nil {
		t.Fatal(err)
	}
	if right, err := os.ReadFile(want); err != nil || !bytes.Equal(written, right) {
		t.Errorf("archive writes %d bytes, ar %d (%v):\n%.300q\n%.300q", len(written), len(right), err, written, right)
	}
	if err := archive(got, os.DevNull); err == nil {
		t.Error("a file that is no object is taken")
	}
}
