package decode

import (
	"testing"
)

// TestInspect: what the files of samples are, by what writes them.
func TestInspect(t *testing.T) {
	files := samples(t)
	want := map[string]Facts{
		"rgb.jpg": {"JPEG", width, height, 1, "colour"}, "grey.jpg": {"JPEG", width, height, 1, "grey"},
		"cmyk.jpg": {"JPEG", width, height, 1, "CMYK"}, "exif6.jpg": {"JPEG", width, height, 6, "colour"},
		"rgba.png": {"PNG", width, height, 1, "colour with alpha"}, "grey16.png": {"PNG", width, height, 1, "grey of 16 bits"},
		"palette.png": {"PNG", width, height, 1, "palette"}, "still.gif": {"GIF", width, height, 1, "palette"},
		"lossy_alpha.webp": {"WebP", width, height, 1, "colour with alpha"}, "rgb.bmp": {"BMP", width, height, 1, "colour"},
		"palette.bmp": {"BMP", width, height, 1, "palette"}, "exif6.tiff": {"TIFF", width, height, 6, "colour"},
		"grey16.tiff": {"TIFF", width, height, 1, "grey of 16 bits"}, "alpha.tiff": {"TIFF", width, height, 1, "colour with alpha"},
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
	if _, err := Inspect([]byte("text")); err == nil {
		t.Error("Inspect of text: no error")
	}
}
