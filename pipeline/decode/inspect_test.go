package decode

import (
	"bytes"
	"testing"
)

// TestInspect: what the files of samples are, by what writes them.
func TestInspect(t *testing.T) {
	files := samples(t)
	want := map[string]Facts{
		"rgb.jpg": {"JPEG", width, height, 1, "colour", false}, "grey.jpg": {"JPEG", width, height, 1, "grey", false},
		"cmyk.jpg": {"JPEG", width, height, 1, "CMYK", false}, "exif6.jpg": {"JPEG", width, height, 6, "colour", false},
		"rgba.png": {"PNG", width, height, 1, "colour with alpha", false}, "grey16.png": {"PNG", width, height, 1, "grey of 16 bits", false},
		"animated.gif": {"GIF", width, height, 1, "palette", true},
		"palette.png":  {"PNG", width, height, 1, "palette", false}, "still.gif": {"GIF", width, height, 1, "palette", false},
		"lossy_alpha.webp": {"WebP", width, height, 1, "colour with alpha", false}, "rgb.bmp": {"BMP", width, height, 1, "colour", false},
		"palette.bmp": {"BMP", width, height, 1, "palette", false}, "exif6.tiff": {"TIFF", width, height, 6, "colour", false},
		"grey16.tiff": {"TIFF", width, height, 1, "grey of 16 bits", false}, "alpha.tiff": {"TIFF", width, height, 1, "colour with alpha", false},
	}
	for name, facts := range want {
		if got, err := Inspect(files[name]); got != facts || err != nil {
			t.Errorf("Inspect(%s) = %+v, %v, want %+v", name, got, err, facts)
		}
	}
	for name, data := range files {
		if got, err := Inspect(data); err != nil || got.Mode == "" || got.Format == "" || got.Width*got.Height == 0 {
			t.Errorf("Inspect(%s) = %+v, %v", name, got, err)
		}
	}
	photo := file(t, "progressive.jpg")
	for size, more := range map[int]bool{0: false, 16: false, 4096: true} { // of what is behind the end
		if got, err := Inspect(append(bytes.Clone(photo), make([]byte, size)...)); got.More != more || err != nil {
			t.Errorf("Inspect with %d bytes more = %+v, %v", size, got, err)
		}
	}
	for name, more := range map[string]bool{"animated.png": true, "pages.tiff": true, "plain.tiff": false} {
		if got, err := Inspect(file(t, name)); got.More != more || err != nil {
			t.Errorf("Inspect(%s) = %+v, %v, want more: %t", name, got, err, more)
		}
	}
	if _, err := Inspect([]byte("text")); err == nil {
		t.Error("Inspect of text: no error")
	}
}
