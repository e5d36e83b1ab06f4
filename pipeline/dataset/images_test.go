package dataset

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestImagesOnly: all images are found, whatever lies around them.
func TestImagesOnly(t *testing.T) {
	m := files("train/b/2.png", "train/a/1.JPG", "loose.png", "deep/er/x.webp", "notes.txt", ".hidden/y.png")
	m["l.csv"] = &fstest.MapFile{Data: []byte("left,right,same\nloose.png,deep/er/x.webp,1\n")}
	m["z.zip"] = &fstest.MapFile{Data: zipped(t, "in/2.png", "1.png")}
	for _, c := range []struct{ data, images, notes string }{
		{".", "deep/er/x.webp -\nloose.png -\ntrain/a/1.JPG -\ntrain/b/2.png -",
			"left out 3 files without an image's extension: .csv, .txt, .zip\n" +
				"left out 1 name that programs made or a dot hides: \".hidden\" (1)"},
		{"train", "a/1.JPG -\nb/2.png -", ""},
		{"deep/er", "x.webp -", ""},
		{"z.zip", "1.png -\nin/2.png -", ""},
		{"deep/er/x.webp", "x.webp -", ""},
		{"l.csv", "deep/er/x.webp -\nloose.png -", ""},
	} {
		d := mustOpen(t, Options{FS: m, Data: c.data, ImagesOnly: true})
		if got := describe(d); got != c.images {
			t.Errorf("%s: images\n%s\nwant\n%s", c.data, got, c.images)
		}
		if got := strings.Join(d.Notes, "\n"); got != c.notes {
			t.Errorf("%s: notes\n%s\nwant\n%s", c.data, got, c.notes)
		}
	}
}

func TestImagesOnlyErrors(t *testing.T) {
	m := files("empty/notes.txt", "a.png")
	m["none.csv"] = &fstest.MapFile{Data: []byte("image\n")}
	m["other.csv"] = &fstest.MapFile{Data: []byte("picture\na.png\n")}
	for _, c := range []struct {
		data, want string
		only       bool
	}{
		{"empty", `data "empty": no images; left out 1 file without an image's extension: .txt`, true},
		{"none.csv", `data "none.csv": a header and no images below it`, true},
		{"other.csv", `other.csv:1: no column "image"`, true},
		{"a.png", "a.png:1: ", false}, // read as a list
	} {
		_, err := Open(Options{FS: m, Data: c.data, ImagesOnly: c.only})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.data, err, c.want)
		}
	}
}
