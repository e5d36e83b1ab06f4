package dataset

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// files returns a file system with these paths; the content of each is its path.
func files(paths ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, p := range paths {
		m[p] = &fstest.MapFile{Data: []byte(p)}
	}
	return m
}

// zipped returns an archive with these entries, names as they are.
func zipped(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(name)); err != nil && !strings.HasSuffix(name, "/") {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mustOpen opens data that is closed after the test.
func mustOpen(t testing.TB, o Options) *Dataset {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// openList opens a list beside a.png to e.png and one in a folder.
func openList(name, text string, columns Columns) (*Dataset, error) {
	m := files("a.png", "b.png", "c.png", "d.png", "e.png", "in/a.png", "comma,name.png")
	m[name] = &fstest.MapFile{Data: []byte(text)}
	return Open(Options{FS: m, Data: name, Columns: columns})
}

// describe returns "path class split" of each image.
func describe(d *Dataset) string {
	var lines []string
	for _, i := range d.Images {
		class := "-"
		if i.Class >= 0 {
			class = d.Classes[i.Class]
		}
		lines = append(lines, strings.TrimSpace(i.Path+" "+class+" "+i.Split.String()))
	}
	return strings.Join(lines, "\n")
}

// describePairs returns "left right same split" of each pair.
func describePairs(d *Dataset) string {
	var lines []string
	for _, p := range d.Pairs {
		lines = append(lines, strings.TrimSpace(strings.Join([]string{
			d.Images[p.Left].Path, d.Images[p.Right].Path, kind(p.Same), p.Split.String()}, " ")))
	}
	return strings.Join(lines, "\n")
}

// dataDir returns a file of the shared image data, or skips the test.
func dataDir(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TFPAIR_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data") // from this package's folder
	}
	dir = filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("image data: %v (set TFPAIR_DATA)", err)
	}
	return dir
}
