package sheet

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	blue  = color.NRGBA{0, 114, 178, 255}
)

// TestDrawLayout: two places of 96 pixels, margins of 12, a gap of 10, one line of text, and
// after another gap a line that says what the frame means.
func TestDrawLayout(t *testing.T) {
	img := Draw([][]Cell{{{Image: filled(32, 32, red), Frame: Right, Caption: "a"},
		{Image: filled(32, 16, red)}}})
	if got, want := img.Bounds(), image.Rect(0, 0, 12+96+10+96+12, 12+96+5+16+10+16+12); got != want {
		t.Fatalf("Bounds() = %v, want %v", got, want)
	}
	for _, c := range []struct {
		x, y int
		want color.NRGBA
		what string
	}{
		{11, 8, white, "outside the frame"}, {9, 9, blue, "frame"}, {12, 12, red, "first picture"},
		{107, 107, red, "its last pixel"}, {110, 110, blue, "end of its frame"}, {111, 60, white, "gap"},
		{118, 12, white, "above the flat picture"}, {117, 60, color.NRGBA{200, 200, 200, 255}, "hairline"},
		{118, 36, red, "flat picture"}, {213, 83, red, "its last pixel"},
		{12, 139, blue, "frame of the key"}, {20, 147, white, "inside it"},
	} {
		if got := at(img, c.x, c.y); got != c.want {
			t.Errorf("%s: pixel %d,%d = %v, want %v", c.what, c.x, c.y, got, c.want)
		}
	}
	dark := 0
	for y := 113; y < 129; y++ {
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
	if got, want := heads.Bounds().Dy(), 12+5+2*16+12; got != want {
		t.Errorf("a row of captions is %d pixels high, want %d", got, want)
	}
}

// TestCut: what is too wide loses the front of a path, and the end of other texts; what is
// left fits and is as long as can be.
func TestCut(t *testing.T) {
	for _, c := range []struct{ text, begins, ends string }{
		{"photos/2024/summer/house/000.png", "…", "/000.png"},
		{"größe/ärger/öl.png", "…", "öl.png"},
		{"run on pictures, test: same where", "run on", "…"},
	} {
		room := width(c.text) * 2 / 3
		got := cut(c.text, room)
		if !strings.HasPrefix(got, c.begins) || !strings.HasSuffix(got, c.ends) || width(got) > room ||
			width(got) < room-2*letters {
			t.Errorf("cut(%q, %d) = %q, %d wide", c.text, room, got, width(got))
		}
		if got := cut(c.text, width(c.text)); got != c.text {
			t.Errorf("cut(%q) where there is room = %q", c.text, got)
		}
		if got := cut(c.text, 0); got != "…" {
			t.Errorf("cut(%q, 0) = %q, want only dots", c.text, got)
		}
	}
	if got := cut("", 0); got != "" {
		t.Errorf("cut of nothing = %q", got)
	}
}

// TestFrames: each frame that is told from another by its colour is told by its line, too, and
// the key has those that are on the sheet.
func TestFrames(t *testing.T) {
	lines := map[Frame]int{} // pixels of a side that are drawn
	for _, f := range []Frame{Right, Wrong, Refused} {
		canvas := filled(120, 120, white)
		f.draw(canvas, image.Rect(10, 10, 110, 110))
		for x := range 120 {
			if at(canvas, x, 8) != white {
				lines[f]++
			}
		}
		if at(canvas, 10, 10) != white || at(canvas, 6, 60) != white {
			t.Errorf("frame %d is drawn inside or outside its line", f)
		}
	}
	// 106 pixels: whole; dashes of 9 and gaps of 4, that is 8 of each and 2; dashes and gaps of 3.
	if want := map[Frame]int{Right: 106, Wrong: 74, Refused: 54}; !maps.Equal(lines, want) {
		t.Errorf("pixels of each frame's upper side: %v, want %v", lines, want)
	}
	img := filled(1, 1, red)
	rows := [][]Cell{{{Image: img, Frame: Refused}, {Image: img}}, {{Image: img, Frame: Right}, {Frame: Wrong}}}
	if got := legend(rows); !slices.Equal(got, key{Right, Refused}) {
		t.Errorf("legend = %v, want %v", got, key{Right, Refused})
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sheet.png")
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
