package decode

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// format is one kind of file. Each decoder is called through this table, never
// through image.Decode, whose registry any import can add to.
type format struct {
	name   string
	magic  string // '?' stands for any byte
	header func(data []byte) (header, error)
	decode func(ctx context.Context, data []byte, h header) (image.Image, error) // may stop once ctx is done
	is     func(data []byte) bool                                                // where no magic tells
}

// header is what is known of a picture before memory is taken for its pixels.
type header struct {
	width, height int
	perPixel      float64    // bytes per pixel held at once by the decoder and flatten
	orientation   int        // EXIF, 1..8, of the first block; 0 before one is found
	scans         int        // passes over all pixels; 0 is one
	mode          string     // of Facts
	more          bool       // of Facts
	plain         *plainScan // of a JPEG file that Reader.JPEG may decode; nil: none
}

// maxScanned is how many pixels all scans of a picture may go over together: twenty
// scans of the largest progressive picture that DefaultLimits allow, which take about a second.
const maxScanned = 1 << 30

// formats is read only. Add has more.
var formats = []format{
	{name: "JPEG", magic: "\xff\xd8\xff", header: jpegHeader, decode: decodeJPEG},
	{name: "PNG", magic: "\x89PNG\r\n\x1a\n", header: pngHeader, decode: decodePNG},
	{name: "GIF", magic: "GIF8?a", header: gifHeader, decode: decodeGIF},
	{name: "WebP", magic: "RIFF????WEBP", header: webpHeader, decode: decodeWebP},
	{name: "BMP", magic: "BM", header: bmpHeader, decode: decodeBMP},
	{name: "TIFF", magic: "II*\x00", header: tiffHeader, decode: decodeTIFF},
	{name: "TIFF", magic: "MM\x00*", header: tiffHeader, decode: decodeTIFF},
}

// prefix is how much of a file the header readers of other packages may look at.
const prefix = 1 << 20

// sniff finds the format of data by its first bytes.
func sniff(data []byte) (format, error) {
	if len(data) == 0 {
		return format{}, &FormatError{"file is empty"}
	}
	for _, f := range known() {
		if f.matches(data) {
			return f, nil
		}
	}
	names := Formats()
	last := len(names) - 1
	return format{}, &FormatError{fmt.Sprintf("not a %s or %s image (begins with %q)", strings.Join(names[:last], ", "), names[last],
		data[:min(len(data), 12)])}
}

func (f format) matches(data []byte) bool {
	if f.is != nil {
		return f.is(data)
	}
	if len(data) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if c := f.magic[i]; c != '?' && c != data[i] {
			return false
		}
	}
	return true
}

// explain says whether err means that the file ends too soon, uses what the
// decoder lacks, or is broken in another way.
func (f format) explain(err error) error {
	var unsupportedJPEG jpeg.UnsupportedError
	var unsupportedPNG png.UnsupportedError
	var unsupportedTIFF tiff.UnsupportedError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("truncated %s: %w", f.name, io.ErrUnexpectedEOF)
	case errors.As(err, &unsupportedJPEG), errors.As(err, &unsupportedPNG), errors.As(err, &unsupportedTIFF),
		errors.Is(err, bmp.ErrUnsupported), errors.Is(err, errUnsupported):
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return fmt.Errorf("damaged %s: %w", f.name, err)
}

var errUnsupported = errors.New("unsupported")

// check refuses what has no pixels or costs more than l allows.
func (h header) check(name string, l Limits) error {
	if h.width <= 0 || h.height <= 0 {
		return fmt.Errorf("damaged %s: header says %dx%d pixels", name, h.width, h.height)
	}
	refuse := func(text string, args ...any) error {
		return &LimitError{fmt.Sprintf("%s of %dx%d pixels ", name, h.width, h.height) + fmt.Sprintf(text, args...)}
	}
	if h.width > l.MaxSide || h.height > l.MaxSide {
		return &LimitError{fmt.Sprintf("%s of %dx%d pixels, limit %d a side", name, h.width, h.height, l.MaxSide)}
	}
	if most := maxScanned / (int64(h.width) * int64(h.height)); int64(h.scans) > max(most, 1) {
		return refuse("in %d scans, limit %d at this size", h.scans, max(most, 1))
	}
	if need := h.memory(); need > l.MaxMemory {
		return refuse("needs about %d MiB to decode, limit %d MiB", need>>20, l.MaxMemory>>20)
	}
	return nil
}

// memory returns about how many bytes decoding holds at once.
func (h header) memory() int64 {
	perPixel := h.perPixel
	if h.orientation > 1 {
		perPixel += 4 // the turned copy
	}
	return int64(float64(int64(h.width)*int64(h.height)) * perPixel)
}

// pngHeader reads IHDR, which must be the first chunk, and finds eXIf (PNG, third
// edition, sections 11.2.1 and 11.3.4.5).
func pngHeader(data []byte) (header, error) {
	const signature, ihdr = 8, 13
	if len(data) < signature+8+ihdr {
		return header{}, io.ErrUnexpectedEOF
	}
	if string(data[12:16]) != "IHDR" {
		return header{}, errors.New("first chunk is not IHDR")
	}
	b := data[signature+8:]
	depth, colour, interlaced := b[8], b[9], b[12] != 0
	h := header{
		width:  int(binary.BigEndian.Uint32(b)),
		height: int(binary.BigEndian.Uint32(b[4:])),
	}
	h.mode = map[byte]string{0: inGrey, 3: inPalette, 4: inGrey + withAlpha, 6: inColour + withAlpha}[colour]
	if h.mode = cmp.Or(h.mode, inColour); depth == 16 {
		h.mode += of16Bits
	}
	decoder, result := 4.0, 0.0 // RGBA or NRGBA, which becomes the result in place
	switch {
	case depth == 16:
		decoder, result = 8, 4 // 4 samples of 2 bytes
	case colour == 0 || colour == 3:
		decoder, result = 1, 4 // grey or palette
	}
	if interlaced {
		decoder *= 2 // the seven passes are images of their own
	}
	h.perPixel = decoder + result
	for rest := data[signature:]; ; {
		const around = 12 // length, type and checksum
		if len(rest) < around {
			return header{}, io.ErrUnexpectedEOF
		}
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-around) {
			return header{}, io.ErrUnexpectedEOF
		}
		switch string(rest[4:8]) {
		case "eXIf":
			if h.orientation == 0 {
				h.orientation = orientation(rest[8 : 8+n])
			}
		case "acTL": // an animation (section 11.3.6.1)
			h.more = h.more || n >= 4 && binary.BigEndian.Uint32(rest[8:]) > 1
		case "IEND":
			h.orientation = max(h.orientation, 1)
			return h, nil
		}
		rest = rest[around+n:]
	}
}

func decodePNG(ctx context.Context, data []byte, _ header) (image.Image, error) {
	return png.Decode(readUntil(ctx, data))
}

func bmpHeader(data []byte) (header, error) {
	c, err := bmp.DecodeConfig(bytes.NewReader(data[:min(len(data), prefix)]))
	h := header{width: c.Width, height: c.Height, perPixel: 4, orientation: 1, mode: inColour}
	if _, ok := c.ColorModel.(color.Palette); ok {
		h.perPixel, h.mode = 1+4, inPalette
	}
	return h, err
}

// decodeBMP returns the picture opaque where its fourth byte is padding: always, unless the
// header has masks, and where all of it is zero, since nobody means a picture that is not there.
func decodeBMP(ctx context.Context, data []byte, _ header) (image.Image, error) {
	img, err := bmp.Decode(readUntil(ctx, data))
	if err != nil {
		return nil, err
	}
	const compressionAt, bitFields = 30, 3 // BI_BITFIELDS
	rgba, ok := img.(*image.NRGBA)
	if !ok || binary.LittleEndian.Uint32(data[compressionAt:]) == bitFields && hasAlpha(rgba) {
		return img, nil
	}
	for i := 3; i < len(rgba.Pix); i += 4 {
		rgba.Pix[i] = 255
	}
	return rgba, nil
}

// hasAlpha reports whether a pixel of img is not fully transparent.
func hasAlpha(img *image.NRGBA) bool {
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] != 0 {
			return true
		}
	}
	return false
}
