package dataset

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"
)

// TestArchive: an archive reads as the folder it was made of, from many goroutines.
func TestArchive(t *testing.T) {
	names := []string{"train/", "train/a/1.png", "train/a/2.png", "train/b/1.png", "test/a/3.png"}
	root := t.TempDir()
	write(t, root, "pics.zip", string(zipped(t, names...)))
	d := mustOpen(t, Options{Data: filepath.Join(root, "pics.zip")})
	want := "test/a/3.png a test\ntrain/a/1.png a train\ntrain/a/2.png a train\ntrain/b/1.png b train"
	if got := describe(d); got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
	}
	if d.Name != "pics.zip" || d.Format != "folders" {
		t.Errorf("name %q, format %q, want pics.zip, folders", d.Name, d.Format)
	}
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			for _, i := range d.Images {
				got, err := fs.ReadFile(d.Root, i.Path)
				if err != nil {
					return err
				}
				if string(got) != i.Path { // zipped writes the name
					return fmt.Errorf("%s holds %q", i.Path, got)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil { // again after the test: closing twice is fine
		t.Error(err)
	}
	if _, err := fs.ReadFile(d.Root, d.Images[0].Path); err == nil {
		t.Error("read after Close without an error")
	}
}

func TestArchiveErrors(t *testing.T) {
	encrypted := zipped(t, "a/1.png", "b/1.png")
	at := bytes.Index(encrypted, []byte("PK\x01\x02")) // the central directory
	encrypted[at+8] |= 1                               // general purpose flag, bit 0
	odd := zipped(t, "a/1.png", "b/1.png")
	odd[bytes.Index(odd, []byte("PK\x01\x02"))+10] = 12 // method: bzip2
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"..", zipped(t, "a/1.png", "../evil.png"),
			`entry "../evil.png": name leads out of the archive ("..")`},
		{".. inside", zipped(t, "a/../../evil.png"), `leads out of the archive`},
		{"absolute", zipped(t, "/etc/x.png"), `entry "/etc/x.png": name is an absolute path`},
		{"backslash", zipped(t, `a\1.png`), `entry "a\\1.png": name has a backslash`},
		{"twice", zipped(t, "a/1.png", "b/1.png", "a/1.png"), `entry "a/1.png" is there twice`},
		{"twice, spelled differently", zipped(t, "a/1.png", "./a//1.png"), `is there twice`},
		{"not UTF-8", zipped(t, "a/\xff.png"), `entry "a/\xff.png": name is not UTF-8`},
		{"encrypted", encrypted, `entry "a/1.png": encrypted`},
		{"bzip2", odd, `entry "a/1.png": compression method 12, want 0 (none) or 8 (deflate)`},
		{"empty archive", zipped(t), `no images in class folders`},
		{"empty file", nil, `zip: not a valid zip file`},
		{"cut", zipped(t, "a/1.png", "b/1.png")[:80], `zip: not a valid zip file`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := fstest.MapFS{"x.zip": {Data: tt.data}}
			_, err := Open(Options{FS: m, Data: "x.zip"})
			if err == nil || !strings.HasPrefix(err.Error(), `data "x.zip": `) ||
				!strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// TestArchiveByContent: an archive is one whatever its name.
func TestArchiveByContent(t *testing.T) {
	m := fstest.MapFS{"photos": {Data: zipped(t, "a/1.png", "b/1.png")}}
	if d := mustOpen(t, Options{FS: m, Data: "photos"}); len(d.Images) != 2 {
		t.Errorf("%d images, want 2", len(d.Images))
	}
}

// TestListWithArchive: a list's images may lie in an archive, deflated or not.
func TestListWithArchive(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"x/1.png", "x/2.png"} {
		f, err := w.Create(name) // deflated
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, strings.Repeat("pixel", 100)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m := fstest.MapFS{
		"l.csv": {Data: []byte("left,right,same\nx/1.png,x/2.png,1\n")},
		"p.zip": {Data: b.Bytes()},
	}
	d := mustOpen(t, Options{FS: m, Data: "l.csv", Images: "p.zip"})
	if len(d.Images) != 2 || d.Images[0].Size != 500 { // 100 × "pixel"
		t.Errorf("images %v, want two of 500 bytes", d.Images)
	}
	m["l.csv"].Data = []byte("left,right,same\nx/1.png,x,1\nx/2.png,y.png,0\n")
	_, err := Open(Options{FS: m, Data: "l.csv", Images: "p.zip"})
	want := "l.csv: 2 of 2 rows cannot be used\nl.csv:2: image \"x\" is a folder\n" +
		"l.csv:3: image \"y.png\" is not in \"p.zip\"; paths are relative to what --images names"
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}
}
