package sheet

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// filled returns an image of one colour.
func filled(w, h int, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	return img
}

// at returns the colour of a pixel as NRGBA.
func at(img image.Image, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

var (
	red   = color.NRGBA{255, 0, 0, 255}
	white = color.NRGBA{255, 255, 255, 255}
)

// TestDrawLayout: two places of 96 pixels, margins of 12, a gap of 10, one line of text.
func TestDrawLayout(t *testing.T) {
	img := Draw([][]Cell{{{Image: filled(32, 32, red), Frame: Right, Caption: "a"},
		{Image: filled(32, 16, red)}}})
	if got, want := img.Bounds(), image.Rect(0, 0, 12+96+10+96+12, 12+96+5+14+12); got != want {
		t.Fatalf("Bounds() = %v, want %v", got, want)
	}
	for _, c := range []struct {
		x, y int
		want color.NRGBA
		what string
	}{
		{11, 8, white, "outside the frame"}, {9, 9, Right, "frame"}, {12, 12, red, "first picture"},
		{107, 107, red, "its last pixel"}, {110, 110, Right, "end of its frame"}, {111, 60, white, "gap"},
		{118, 12, white, "above the flat picture"}, {117, 60, color.NRGBA{200, 200, 200, 255}, "hairline"},
		{118, 36, red, "flat picture"}, {213, 83, red, "its last pixel"},
	} {
		if got := at(img, c.x, c.y); got != c.want {
			t.Errorf("%s: pixel %d,%d = %v, want %v", c.what, c.x, c.y, got, c.want)
		}
	}
	dark := 0
	for y := 113; y < 127; y++ {
		for x := 12; x < 19; x++ {
			if at(img, x, y) != white {
				dark++
			}
		}
	}
	if dark == 0 {
		t.Error("no caption under the first picture")
	}
}

// TestDrawSizes: whole factors up, one size down, and places without pictures.
func TestDrawSizes(t *testing.T) {
	for _, c := range []struct {
		w, h   int
		cw, ch int
	}{
		{1, 1, 96, 96}, {28, 28, 112, 112}, {64, 32, 128, 64}, {105, 105, 105, 105},
		{192, 100, 192, 100}, {400, 200, 192, 96}, {1, 5000, 1, 192},
	} {
		if got := fit(filled(c.w, c.h, red)).Bounds().Size(); got != image.Pt(c.cw, c.ch) {
			t.Errorf("fit(%d×%d) = %v, want %d×%d", c.w, c.h, got, c.cw, c.ch)
		}
	}
	for _, rows := range [][][]Cell{nil, {{}}, {{}, {{}}}, {{{Image: image.NewNRGBA(image.Rectangle{})}}}} {
		if b := Draw(rows).Bounds(); b.Empty() {
			t.Errorf("Draw(%v) has no pixels", rows)
		}
	}
	heads := Draw([][]Cell{{{Caption: "one\ntwo"}, {}, {}}})
	if got, want := heads.Bounds().Dy(), 12+5+2*14+12; got != want {
		t.Errorf("a row of captions is %d pixels high, want %d", got, want)
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"", 5, ""}, {"abcde", 5, "abcde"}, {"abcdefgh", 6, "ab..gh"}, {"abcdefgh", 7, "ab..fgh"},
		{"ärger und öl", 7, "är.. öl"},
	} {
		if got := shorten(c.text, c.n); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sheet.png")
	if err := Unused(path); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, Draw(nil)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(text)); err != nil {
		t.Error(err)
	}
	var exists *ExistsError
	if err := Unused(path); !errors.As(err, &exists) || exists.Path != path {
		t.Errorf("Unused = %v, want *ExistsError of %q", err, path)
	}
	if err := Write(filepath.Join(dir, "none", "sheet.png"), Draw(nil)); err == nil {
		t.Error("Write into a folder that is not there succeeds")
	}
	if err := Write(path, image.NewNRGBA(image.Rectangle{})); err == nil {
		t.Error("Write of an image without pixels succeeds")
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(text, again) {
		t.Errorf("a failed Write changed the file, %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("beside the sheet there is %v, %v", files, err)
	}
}
