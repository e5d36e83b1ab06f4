package sample

import (
	"bytes"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeterministic(t *testing.T) {
	o := Options{Seed: 3, Train: 2, Test: 1}
	a, err := Files(o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Files(o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error("equal options draw different pictures")
	}
	if len(a) != 3*len(figures) {
		t.Errorf("%d pictures, want 3 of each of %d figures", len(a), len(figures))
	}
	o.Seed = 4
	c, err := Files(o)
	if err != nil || bytes.Equal(a["train/arrow/000.png"], c["train/arrow/000.png"]) {
		t.Errorf("another seed draws the same picture, %v", err)
	}
}

// TestPixelsFail: the AUC of ranking pairs by the distance of their pixels is near
// 0.5, so that what a network learns here it did not get for nothing.
func TestPixelsFail(t *testing.T) {
	files, err := Files(Options{Seed: 1, Train: 12, Test: 1})
	if err != nil {
		t.Fatal(err)
	}
	type picture struct {
		class  string
		pixels []uint8
	}
	var pictures []picture
	for _, path := range slices.Sorted(maps.Keys(files)) {
		img, err := png.Decode(bytes.NewReader(files[path]))
		if err != nil {
			t.Fatal(err)
		}
		p := picture{class: strings.Split(path, "/")[1]}
		for i := range 64 * 64 {
			r, g, b, _ := img.At(i%64, i/64).RGBA()
			p.pixels = append(p.pixels, uint8(r>>8), uint8(g>>8), uint8(b>>8))
		}
		pictures = append(pictures, p)
	}
	var same, different []int
	for i, a := range pictures {
		for _, b := range pictures[:i] {
			distance := 0
			for k := range a.pixels {
				d := int(a.pixels[k]) - int(b.pixels[k])
				distance += d * d
			}
			if a.class == b.class {
				same = append(same, distance)
			} else {
				different = append(different, distance)
			}
		}
	}
	slices.Sort(different)
	closer := 0.0
	for _, d := range same {
		at, _ := slices.BinarySearch(different, d)
		closer += float64(len(different) - at)
	}
	auc := closer / float64(len(same)) / float64(len(different))
	t.Logf("AUC of pixel distance: %.3f", auc)
	if auc > 0.65 {
		t.Errorf("AUC of pixel distance = %.3f, want at most 0.65", auc)
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "pictures")
	o := Options{Train: 1, Test: 1, Classes: 2}
	if err := Write(dir, o); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"train/arrow/000.png", "test/bars/000.png"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := Write(dir, o); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("Write over a folder = %v, want it refused", err)
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the pictures there is %v, %v", left, err)
	}
	if err := Write(filepath.Join(t.TempDir(), "x"), Options{Classes: 1}); err == nil {
		t.Error("one class was drawn, want an error")
	}
}
