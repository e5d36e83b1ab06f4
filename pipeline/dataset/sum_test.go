package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"
	"testing/fstest"
)

// TestKnownSums: a file of which nobody knows the checksum is read, and no other.
func TestKnownSums(t *testing.T) {
	files := fstest.MapFS{"a.png": {Data: []byte("first")}, "b.png": {Data: []byte("second")}}
	known := sha256.Sum256([]byte("what was read before"))
	d, err := Open(Options{Data: ".", FS: files, ImagesOnly: true, Known: func(fsys fs.FS, path string) ([sha256.Size]byte, bool) {
		if _, err := fs.Stat(fsys, path); err != nil {
			t.Errorf("%q is asked for, which is no file: %v", path, err)
		}
		return known, path == "a.png"
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	sums, err := d.Sums(t.Context(), []int32{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	read := sha256.Sum256([]byte("second"))
	if want := []string{hex.EncodeToString(known[:]), hex.EncodeToString(read[:])}; sums[0] != want[0] || sums[1] != want[1] {
		t.Errorf("sums are %q, want %q", sums, want)
	}
}
