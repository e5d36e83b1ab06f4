package sheet

import (
	"image"
	"image/color"
	"testing"
)

// block returns a picture of one colour.
func block(w, h int, c color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(5, 7, 5+w, 7+h)) // bounds need not begin at 0
	for y := range h {
		for x := range w {
			img.Set(5+x, 7+y, c)
		}
	}
	return img
}

// TestPair: where each picture lies, for sizes that are enlarged by a whole factor, made
// larger, and made smaller.
func TestPair(t *testing.T) {
	red := color.NRGBA{255, 0, 0, 255}
	for _, c := range []struct {
		w, h int
		want image.Rectangle // in the left half, which is 94 pixels wide and high
	}{
		{28, 28, image.Rect(5, 5, 89, 89)}, // 3 times
		{1, 1, image.Rect(0, 0, 94, 94)},
		{64, 64, image.Rect(0, 0, 94, 94)},
		{400, 200, image.Rect(0, 23, 94, 70)},
		{1000, 1, image.Rect(0, 46, 94, 47)},
	} {
		img := Pair(block(c.w, c.h, red), nil)
		if img.Bounds() != image.Rect(0, 0, 192, 94) {
			t.Fatalf("Pair is %v, want 192 × 94", img.Bounds())
		}
		var got image.Rectangle
		for y := range 94 {
			for x := range 192 {
				if r, g, _, _ := img.At(x, y).RGBA(); r > g {
					got = got.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		if got != c.want {
			t.Errorf("%d×%d lies at %v, want %v", c.w, c.h, got, c.want)
		}
	}
	right := Pair(nil, block(94, 94, red))
	if r, g, _, _ := right.At(98, 0).RGBA(); r <= g {
		t.Errorf("the right picture does not begin after the left half and the gap")
	}
}

// TestWide: a wide caption runs on, another is cut.
func TestWide(t *testing.T) {
	dark := func(wide bool) (n int) {
		img := Draw([][]Cell{{{Caption: "a caption that is longer than one place is wide", Wide: wide}},
			{{Caption: "1"}, {Caption: "2"}, {Caption: "3"}, {Caption: "4"}}})
		for x := margin + minSide + gap; x < img.Bounds().Dx(); x++ {
			for y := range margin + above + line {
				if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
					n++
				}
			}
		}
		return n
	}
	if dark(false) != 0 || dark(true) == 0 {
		t.Errorf("%d and %d dark pixels beside the first place, want 0 and some", dark(false), dark(true))
	}
}
