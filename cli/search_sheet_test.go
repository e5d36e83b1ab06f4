package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/models/index"
)

// TestPicturesOf: the picture of an answer comes from the data that it was added from, as the index remembers it; without its
// prefix; and of two data with the same path from the one that has it as it was.
func TestPicturesOf(t *testing.T) {
	t.Chdir(t.TempDir())
	grey := map[string]uint8{"photos/a.png": 10, "june/a.png": 20, "june/b.png": 30, "more/june/b.png": 40, "photos/c.png": 50, "more/c.png": 60}
	sums := map[string]string{}
	for path, level := range grey {
		img := image.NewGray(image.Rect(0, 0, 3, 2))
		for i := range img.Pix {
			img.Pix[i] = level
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(path)
		if err == nil {
			err = png.Encode(file, img)
		}
		if err == nil {
			err = file.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		sums[path] = hex.EncodeToString(sum[:])
	}
	if err := os.WriteFile("list.csv", []byte("image,class\njune/b.png,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := index.Build("x.index", false)
	if err != nil {
		t.Fatal(err)
	}
	about := index.About{Kind: "flat", Space: "s", Model: "m", Distance: "cosine", Dim: 1, Root: "photos"}
	if err := b.Write(index.Contents{About: about, Entries: func(func(index.Entry, error) bool) {}, Sources: index.Sources{All: true, List: []index.Source{
		{Data: "photos"}, {Data: "more"}, {Data: "june", Prefix: "june/"}, {Data: "list.csv", Prefix: "listed/"}, {Data: "gone", Prefix: "gone/"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	x, err := index.Read("x.index")
	if err != nil {
		t.Fatal(err)
	}
	p, err := picturesOf("", x, "x.index")
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for path, file := range map[string]string{"a.png": "photos/a.png", "june/a.png": "june/a.png", "june/b.png": "june/b.png",
		"listed/june/b.png": "june/b.png", "c.png": "photos/c.png"} {
		img, why, err := p.open(path, sums[file])
		if img == nil || err != nil {
			t.Errorf("%s: %s, %v", path, why, err)
			continue
		}
		if got := color.GrayModel.Convert(img.At(1, 1)).(color.Gray).Y; got != grey[file] {
			t.Errorf("%s is %d, want %d, which is %s", path, got, grey[file], file)
		}
	}
	for _, c := range []struct{ path, sum, why string }{{"gone/a.png", "", "not in the data"}, {"june/c.png", "", "not in the data"},
		{"a.png", sums["june/a.png"], "changed since"}, {"c.png", sums["june/a.png"], "changed since"}, {"june/a.png", sums["photos/a.png"], "changed since"}} {
		if img, why, err := p.open(c.path, c.sum); img != nil || why != c.why || err != nil {
			t.Errorf("%s: a picture %t, %q, %v; want none, %q", c.path, img != nil, why, err, c.why)
		}
	}
	if _, err := picturesOf("nowhere", x, "x.index"); err == nil {
		t.Error("data that is asked for and not there is no error")
	}
}
