package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
)

func TestDecodeLimits(t *testing.T) {
	f := samples(t)
	tests := []struct {
		file   string
		limits Limits
		want   string // "" if accepted
	}{
		{"rgb.png", Limits{MaxBytes: int64(len(f["rgb.png"]))}, ""},
		{"rgb.png", Limits{MaxBytes: 10}, fmt.Sprintf("file of %d bytes, limit 10", len(f["rgb.png"]))},
		{"rgb.png", Limits{MaxSide: 32}, ""},
		{"rgb.png", Limits{MaxSide: 31}, "PNG of 32x24 pixels, limit 31 a side"},
		{"rgb.png", Limits{MaxMemory: 4 * width * height}, ""}, // RGBA, used in place
		{"rgb.png", Limits{MaxMemory: 4*width*height - 1}, "needs about 0 MiB"},
		{"exif6.png", Limits{MaxMemory: 8 * width * height}, ""}, // and the turned copy
		{"exif6.png", Limits{MaxMemory: 8*width*height - 1}, "needs about 0 MiB"},
		{"grey16.png", Limits{MaxMemory: 12*width*height - 1}, "needs about 0 MiB"},
		// 4:2:0: 1.5 samples of 1 byte and 4 of coefficient, and the result.
		{"progressive.jpg", Limits{MaxMemory: 23 * width * height / 2}, ""},
		{"progressive.jpg", Limits{MaxMemory: 23*width*height/2 - 1}, "needs about 0 MiB"},
		{"cmyk.jpg", Limits{MaxMemory: 12 * width * height}, ""}, // 4 samples, CMYK, result
		{"cmyk.jpg", Limits{MaxMemory: 12*width*height - 1}, "needs about 0 MiB"},
	}
	for _, tt := range tests {
		_, err := Decode(f[tt.file], tt.limits)
		if tt.want == "" && err != nil {
			t.Errorf("Decode(%s, %+v): %v", tt.file, tt.limits, err)
		}
		if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("Decode(%s, %+v): %v, want %q", tt.file, tt.limits, err, tt.want)
		}
	}
}

// TestEstimate compares what the header promises with what decoding allocates.
func TestEstimate(t *testing.T) {
	big := image.Rect(0, 0, 512, 512)
	files := map[string][]byte{
		"rgb.png":     pngOf(t, paint(image.NewNRGBA(big), opaque)),
		"rgba.png":    pngOf(t, paint(image.NewNRGBA(big), seeThrough)),
		"grey.png":    pngOf(t, paint(image.NewGray(big), opaque)),
		"grey16.png":  pngOf(t, paint(image.NewGray16(big), opaque)),
		"rgb16.png":   pngOf(t, paint(image.NewRGBA64(big), opaque)),
		"palette.png": pngOf(t, paint(image.NewPaletted(big, colours(opaque)), opaque)),
		"adam7.png":   interlacedPNG(t, paint(image.NewNRGBA(big), opaque)),
		"rgb.jpg":     jpegOf(t, paint(image.NewNRGBA(big), opaque)),
		"grey.jpg":    jpegOf(t, paint(image.NewGray(big), opaque)),
		"still.gif":   gifOf(t, big, paint(image.NewPaletted(big, colours(opaque)), opaque)),
		"rgb.bmp":     bmpOf(t, paint(image.NewNRGBA(big), opaque)),
		"palette.bmp": bmpOf(t, paint(image.NewPaletted(big, colours(opaque)), opaque)),
	}
	for name, compression := range map[string]tiff.CompressionType{"plain.tiff": tiff.Uncompressed, "deflate.tiff": tiff.Deflate} {
		files[name] = encode(t, func(b *bytes.Buffer) error {
			return tiff.Encode(b, paint(image.NewNRGBA(big), opaque), &tiff.Options{Compression: compression})
		})
	}
	for name, data := range files {
		f, err := sniff(data)
		if err != nil {
			t.Fatal(err)
		}
		h, err := f.header(data)
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(t, data)
		if promised := h.perPixel * 512 * 512; got > promised+fixed || got < promised/2 && f.name != "TIFF" { // which may unpack to more than it should
			t.Errorf("%s: allocated %.1f bytes per pixel, estimate %.1f",
				name, got/(512*512), h.perPixel)
		}
	}
}

// fixed is what decoding takes in bytes for tables and buffers, whatever the size of the picture.
const fixed = 256 << 10

// allocated returns how many bytes decoding allocates. The race detector keeps the compiler from
// growing a slice in place, so that under it each growth counts twice: such tests skip.
func allocated(t *testing.T, data []byte) float64 {
	t.Helper()
	if underRace {
		t.Skip("the race detector allocates as well")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Decode(data, Limits{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// TestErrors: what is no picture and what is too large a one can be told apart, by Cost too.
func TestErrors(t *testing.T) {
	f := samples(t)
	cost, err := Cost(f["rgb.png"], Limits{})
	if want := int64(4 * width * height); err != nil || cost != want { // as in TestDecodeLimits
		t.Errorf("Cost(rgb.png) = %d, %v; want %d", cost, err, want)
	}
	for _, l := range []Limits{{MaxSide: 31}, {MaxBytes: 10}, {MaxMemory: 10}} {
		_, err := Decode(f["rgb.png"], l)
		_, costErr := Cost(f["rgb.png"], l)
		var limit *LimitError
		if !errors.As(err, &limit) || costErr == nil || costErr.Error() != err.Error() {
			t.Errorf("Decode(rgb.png, %+v) = %v, Cost = %v; want the same *LimitError", l, err, costErr)
		}
	}
	var format *FormatError
	if _, err := Decode([]byte("hello"), Limits{}); !errors.As(err, &format) {
		t.Errorf("Decode(hello) = %v, want a *FormatError", err)
	}
}

// countdown is a context that is done once it has been asked so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestUntil: decoding ends where nobody waits for it, at the start and half way.
func TestUntil(t *testing.T) {
	big := jpegOf(t, paint(image.NewNRGBA(image.Rect(0, 0, 1024, 1024)), opaque))
	for _, left := range []int{0, 1, 3} { // image/jpeg reads 4 KB at a time: the file has many
		if _, err := Until(&countdown{t.Context(), left}, big, Limits{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Until, done after %d looks = %v, want %v", left, err, context.Canceled)
		}
	}
	if _, err := Until(t.Context(), big, Limits{}); err != nil {
		t.Errorf("Until = %v", err)
	}
}
