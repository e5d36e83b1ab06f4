package decode

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"testing"

	"golang.org/x/image/bmp"
)

// The test picture: four quadrants of 16x12 pixels, top left, top right, bottom
// left, bottom right. testdata/make.py draws the same.
var (
	red, white = color.NRGBA{220, 30, 30, 255}, color.NRGBA{255, 255, 255, 255}
	blue       = color.NRGBA{40, 60, 210, 255}
	black      = color.NRGBA{0, 0, 0, 255}
	opaque     = [4]color.NRGBA{red, white, blue, black}
	// The white quadrant is fully transparent, the blue one half.
	seeThrough = [4]color.NRGBA{red, {255, 255, 255, 0}, {40, 60, 210, 128}, black}
	// blended is seeThrough over white: (40·128 + 255·127)/255 = 147.08 and so on.
	blended = [4]color.NRGBA{red, white, {147, 157, 232, 255}, black}
)

const width, height = 32, 24

// paint draws the quadrants on dst.
func paint[T draw.Image](dst T, quadrants [4]color.NRGBA) T {
	b := dst.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			dst.Set(b.Min.X+x, b.Min.Y+y, quadrants[y/(b.Dy()/2)*2+x/(b.Dx()/2)])
		}
	}
	return dst
}

var bounds = image.Rect(0, 0, width, height)

func colours(quadrants [4]color.NRGBA) color.Palette {
	var p color.Palette
	for _, c := range quadrants {
		p = append(p, c)
	}
	return p
}

// encode returns what write writes.
func encode(t testing.TB, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

func jpegOf(t testing.TB, m image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error {
		return jpeg.Encode(b, m, &jpeg.Options{Quality: 95})
	})
}

func bmpOf(t testing.TB, m image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) })
}

// gifOf returns an animation whose logical screen is screen.
func gifOf(t testing.TB, screen image.Rectangle, frames ...*image.Paletted) []byte {
	return encode(t, func(b *bytes.Buffer) error {
		g := gif.GIF{Image: frames, Delay: make([]int, len(frames))}
		g.Config = image.Config{ColorModel: frames[0].Palette,
			Width: screen.Dx(), Height: screen.Dy()}
		return gif.EncodeAll(b, &g)
	})
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// chunk returns a PNG chunk.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// ihdr returns a PNG header chunk.
func ihdr(w, h int, depth, colour, interlace byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(w))
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return chunk("IHDR", append(b, depth, colour, 0, 0, interlace))
}

func idat(t testing.TB, raw []byte) []byte {
	return chunk("IDAT", encode(t, func(b *bytes.Buffer) error {
		w := zlib.NewWriter(b)
		_, _ = w.Write(raw) // to a buffer
		return w.Close()
	}))
}

func rawPNG(chunks ...[]byte) []byte {
	return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join(chunks, nil)...)
}

// interlacedPNG writes 8-bit RGB in the seven passes of Adam7 (PNG, section 8.2).
func interlacedPNG(t testing.TB, m *image.NRGBA) []byte {
	passes := []struct{ x, y, dx, dy int }{
		{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
	}
	var raw []byte
	for _, p := range passes {
		for y := p.y; y < m.Rect.Dy(); y += p.dy {
			raw = append(raw, 0) // filter: none
			for x := p.x; x < m.Rect.Dx(); x += p.dx {
				c := m.NRGBAAt(x, y)
				raw = append(raw, c.R, c.G, c.B)
			}
		}
	}
	return rawPNG(ihdr(m.Rect.Dx(), m.Rect.Dy(), 8, 2, 1), idat(t, raw), chunk("IEND", nil))
}

// exif returns a TIFF structure whose only field is the orientation.
func exif(order binary.AppendByteOrder, o int) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8) // offset of the first directory
	b = order.AppendUint16(b, 1) // one field
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3) // SHORT
	b = order.AppendUint32(b, 1) // count
	b = order.AppendUint16(b, uint16(o))
	return append(b, 0, 0, 0, 0, 0, 0) // padding of the value, no next directory
}

// segment returns a JPEG segment.
func segment(marker byte, data []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2))
	return append(b, data...)
}

// insert returns data with more put in at position at.
func insert(data []byte, at int, more []byte) []byte {
	return append(append(append([]byte{}, data[:at]...), more...), data[at:]...)
}

// patch returns data with the bytes from position at on replaced.
func patch(data []byte, at int, with ...byte) []byte {
	data = bytes.Clone(data)
	copy(data[at:], with)
	return data
}

// withEXIF puts an orientation into a JPEG, PNG or lossless WebP file of
// width x height pixels.
func withEXIF(t testing.TB, data []byte, o int) []byte {
	switch tiff := exif(binary.LittleEndian, o); {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return insert(data, 2, segment(0xe1, append([]byte("Exif\x00\x00"), tiff...)))
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return insert(data, 8+12+13, chunk("eXIf", exif(binary.BigEndian, o)))
	default:
		return extendedWebP(data, width, height, tiff)
	}
}

// extendedWebP wraps the single image chunk of a WebP file (RFC 9649, section 2.7).
func extendedWebP(data []byte, w, h int, exif []byte) []byte {
	image := data[12:]
	const exifFlag, alphaFlag = 1 << 3, 1 << 4
	vp8x := []byte{exifFlag | alphaFlag, 0, 0, 0, byte(w - 1), 0, 0, byte(h - 1), 0, 0}
	if bytes.HasPrefix(image, []byte("VP8X")) {
		image = image[18:]
	}
	body := []byte("WEBP")
	body = append(body, riffChunk("VP8X", vp8x)...)
	body = append(body, image...)
	body = append(body, riffChunk("EXIF", exif)...)
	return riffChunk("RIFF", body)
}

func riffChunk(id string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	return append(append(b, data...), make([]byte, len(data)&1)...)
}

// sofAt returns the position of the frame header's precision byte in a JPEG.
func sofAt(t testing.TB, data []byte) int {
	t.Helper()
	for rest := data[2:]; ; {
		marker, segment, next, err := nextSegment(rest)
		if err != nil {
			t.Fatal(err)
		}
		if marker == markerSOF0 || marker == markerSOF2 {
			return len(data) - len(next) - len(segment)
		}
		rest = next
	}
}

// samples are small valid files: the seeds of the fuzz target.
func samples(t testing.TB) map[string][]byte {
	rgb := paint(image.NewNRGBA(bounds), opaque)
	gif4 := paint(image.NewPaletted(bounds, colours(opaque)), opaque)
	clear := paint(image.NewPaletted(bounds, colours(seeThrough)), seeThrough)
	web := paint(image.NewPaletted(bounds, palette.WebSafe), opaque)
	small := paint(image.NewPaletted(image.Rect(16, 12, 32, 24), colours(opaque)),
		[4]color.NRGBA{black, black, black, black})
	m := map[string][]byte{
		"rgb.jpg":              jpegOf(t, rgb),
		"grey.jpg":             jpegOf(t, paint(image.NewGray(bounds), opaque)),
		"rgb.png":              pngOf(t, rgb),
		"rgba.png":             pngOf(t, paint(image.NewNRGBA(bounds), seeThrough)),
		"rgb16.png":            pngOf(t, paint(image.NewRGBA64(bounds), opaque)),
		"rgba16.png":           pngOf(t, paint(image.NewNRGBA64(bounds), seeThrough)),
		"grey.png":             pngOf(t, paint(image.NewGray(bounds), opaque)),
		"grey16.png":           pngOf(t, paint(image.NewGray16(bounds), opaque)),
		"palette.png":          pngOf(t, gif4),
		"palette_clear.png":    pngOf(t, clear),
		"interlaced.png":       interlacedPNG(t, rgb),
		"still.gif":            gifOf(t, bounds, gif4),
		"animated.gif":         gifOf(t, bounds, gif4, web),
		"small_frame.gif":      gifOf(t, bounds, small, gif4),
		"rgb.bmp":              bmpOf(t, rgb),
		"rgbx.bmp":             bmpOf(t, paint(image.NewNRGBA(bounds), seeThrough)),
		"rgba.bmp":             alphaBMP(bmpOf(t, paint(image.NewNRGBA(bounds), seeThrough))),
		"palette.bmp":          bmpOf(t, gif4),
		"top_down.bmp":         topDownBMP(bmpOf(t, rgb)),
		"progressive.jpg":      file(t, "progressive.jpg"),
		"cmyk.jpg":             file(t, "cmyk.jpg"),
		"ycck.jpg":             patch(file(t, "cmyk.jpg"), adobeTransform, 2),
		"lossy.webp":           file(t, "lossy.webp"),
		"lossy_alpha.webp":     file(t, "lossy_alpha.webp"),
		"lossless_alpha.webp":  file(t, "lossless_alpha.webp"),
		"trailing_garbage.png": append(pngOf(t, rgb), "garbage"...),
		"trailing_garbage.jpg": append(jpegOf(t, rgb), "\xff\xd8\xffgarbage"...),
	}
	for _, name := range []string{"lzw", "deflate", "packbits", "plain", "alpha", "grey16", "grey", "palette", "fax", "fax_white_zero", "pages", "exif6"} {
		m[name+".tiff"] = file(t, name+".tiff")
	}
	m["surplus.gif"] = surplusGIFOf(m["still.gif"])
	m["exif6.jpg"] = withEXIF(t, m["rgb.jpg"], 6)
	m["exif6.png"] = withEXIF(t, m["rgb.png"], 6)
	m["exif6.webp"] = withEXIF(t, m["lossless_alpha.webp"], 6)
	return m
}

// adobeTransform is where testdata/cmyk.jpg says whether it is CMYK (0) or YCCK (2).
const adobeTransform = 17

// topDownBMP negates the height, which turns the picture upside down.
func topDownBMP(data []byte) []byte {
	h := int32(binary.LittleEndian.Uint32(data[22:]))
	return patch(data, 22, binary.LittleEndian.AppendUint32(nil, uint32(-h))...)
}

// Of a BMP file: the sizes of its header and of its BITMAPINFOHEADER.
const bmpHead, bmpInfo = 14, 40

// alphaBMP makes the header of a 32-bit file a BITMAPV4HEADER, which has alpha.
func alphaBMP(data []byte) []byte {
	const v4 = 108
	masks := make([]byte, v4-bmpInfo)
	for i, mask := range []uint32{0xff0000, 0xff00, 0xff, 0xff000000} { // red, green, blue, alpha
		binary.LittleEndian.PutUint32(masks[4*i:], mask)
	}
	data = insert(data, bmpHead+bmpInfo, masks)
	const bitFields = 3
	return patch(patch(patch(data, 10, bmpHead+v4), 14, v4), 30, bitFields)
}

// fewColoursBMP leaves two of 256 colours in the palette.
func fewColoursBMP(data []byte) []byte {
	const colours, of = 2, 256
	pixels := data[bmpHead+bmpInfo+4*of:]
	data = append(data[:bmpHead+bmpInfo+4*colours:bmpHead+bmpInfo+4*colours], pixels...)
	return patch(patch(data, 10, bmpHead+bmpInfo+4*colours, 0), 46, colours, 0)
}

// surplusGIFOf adds a pixel to the first frame of a file: one code of 0 before the end, as some
// writers do.
func surplusGIFOf(data []byte) []byte {
	at, err := firstFrame(data)
	if err != nil {
		panic(err)
	}
	at += 10 + colourTable(data[at+9])
	literal := int(data[at])
	indices, err := io.ReadAll(lzw.NewReader(&subBlocks{rest: data[at+1:]}, lzw.LSB, literal))
	if err != nil {
		panic(err)
	}
	var packed bytes.Buffer
	w := lzw.NewWriter(&packed, lzw.LSB, literal)
	_, _ = w.Write(append(indices, 0, 0, 0)) // to a buffer
	_ = w.Close()
	out := bytes.Clone(data[:at+1])
	for packed.Len() > 0 {
		block := packed.Next(200)
		out = append(append(out, byte(len(block))), block...)
	}
	return append(out, 0, ';')
}
