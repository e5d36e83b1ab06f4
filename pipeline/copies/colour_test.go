package copies

import (
	"context"
	"image"
	"math"
	"testing"
	"testing/fstest"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// dyed returns a picture whose part has more red, cr, and the same luma.
func dyed(img *image.NRGBA, part image.Rectangle, cr float64) *image.NRGBA {
	out := imaging.Clone(img)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			p := out.Pix[out.PixOffset(x, y):]
			red := cr / 0.713
			green := -red * 0.299 / 0.587
			for c, by := range []float64{red, green, 0} {
				p[c] = uint8(math.Round(min(max(60+float64(p[c])/2+by, 0), 255)))
			}
		}
	}
	return out
}

// TestColours: one drawing in two colours is two products, a grey copy is a copy. The distances are those of
// a plain calculation of Cr; the luma, and with it the hash, is the same in all.
func TestColours(t *testing.T) {
	all, middle := image.Rect(0, 0, 120, 120), image.Rect(30, 30, 90, 90)
	grey := imaging.Grayscale(photo(1))
	red, green := dyed(grey, all, 40), dyed(grey, all, -40)
	inside, outside := dyed(dyed(grey, all, -20), middle, 40), dyed(dyed(grey, all, -20), middle, -40)
	files := fstest.MapFS{}
	d := &dataset.Dataset{Root: files}
	for _, f := range []struct {
		name string
		img  image.Image
	}{{"red", red}, {"green", green}, {"grey", dyed(grey, all, 0)}, {"warmer", dyed(grey, all, 44)}, {"inside", inside}, {"outside", outside}} {
		files[f.name] = &fstest.MapFile{Data: pngOf(t, f.img)}
		d.Images = append(d.Images, dataset.Image{Path: f.name})
	}
	prints, _, err := Read(context.Background(), d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		a, b int
		want Kind // "": not the same
	}{{0, 1, ""}, {0, 2, Reencoded}, {1, 2, Reencoded}, {0, 3, Reencoded}, {4, 5, Edited}} {
		a, b := &prints[tt.a], &prints[tt.b]
		kind, distance, ok := Compare(a, b)
		if mean, most := a.Small.recoloured(&b.Small); ok != (tt.want != "") || ok && kind != tt.want {
			t.Errorf("%s and %s: %q, %d bits, %v, want %q; colours %.1f apart, at most %.1f",
				a.Path, b.Path, kind, distance, ok, tt.want, mean, most)
		}
	}
	if mean, most := prints[0].Small.recoloured(&prints[1].Small); math.Abs(mean-80) > 1 || math.Abs(most-80) > 1 {
		t.Errorf("red and green are %.1f, %.1f apart, want 80", mean, most)
	}
}
