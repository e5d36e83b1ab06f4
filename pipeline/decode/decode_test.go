package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
)

// checkForm fails unless img is what Decode promises.
func checkForm(t *testing.T, img *image.NRGBA) {
	t.Helper()
	if img.Rect.Min != (image.Point{}) || img.Rect.Empty() || img.Stride != 4*img.Rect.Dx() ||
		len(img.Pix) != img.Stride*img.Rect.Dy() {
		t.Fatalf("bounds %v, stride %d, %d bytes", img.Rect, img.Stride, len(img.Pix))
	}
	if !img.Opaque() {
		t.Fatal("picture is not opaque")
	}
}

// near reports whether the channels of a and b differ by at most tolerance.
func near(a, b color.NRGBA, tolerance int) bool {
	d := func(x, y uint8) bool { return max(x, y)-min(x, y) <= uint8(tolerance) }
	return d(a.R, b.R) && d(a.G, b.G) && d(a.B, b.B) && d(a.A, b.A)
}

func grey(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }

func TestDecode(t *testing.T) {
	greys := [4]color.NRGBA{grey(87), white, grey(71), black} // 0.299R + 0.587G + 0.114B
	// From CMYK in testdata/make.py: R = (255-C)(255-K)/255 and so on.
	inks := [4]color.NRGBA{{255, 55, 155, 255}, white, {103, 103, 103, 255}, black}
	// The same bytes, 255-C, 255-M, 255-Y, read as Y, Cb, Cr: JFIF's matrix gives the ink
	// 255 + 1.402(155-128) = 293 → 255, 255 - 0.344(55-128) - 0.714·27 = 261 → 255,
	// 255 + 1.772(55-128) = 126; where M = Y = 0: 255 + 1.402·127 → 255, 255 - 134.4, 255.
	ycck := [4]color.NRGBA{{0, 0, 129, 255}, {0, 134, 0, 255}, {}, black}
	flipped := [4]color.NRGBA{blue, black, red, white}
	turned := [4]color.NRGBA{blue, red, black, white} // 90 degrees clockwise
	tests := []struct {
		name      string
		want      [4]color.NRGBA
		tolerance int
	}{
		{"rgb.jpg", opaque, 4}, {"grey.jpg", greys, 2}, {"progressive.jpg", opaque, 10},
		{"cmyk.jpg", inks, 3}, {"ycck.jpg", ycck, 5},
		{"rgb.png", opaque, 0}, {"rgba.png", blended, 0}, {"rgb16.png", opaque, 0},
		{"rgba16.png", blended, 0}, {"grey.png", greys, 1}, {"grey16.png", greys, 1},
		{"palette.png", opaque, 0}, {"palette_clear.png", blended, 0}, {"interlaced.png", opaque, 0},
		{"still.gif", opaque, 0}, {"animated.gif", opaque, 0},
		{"small_frame.gif", [4]color.NRGBA{white, white, white, black}, 0},
		{"rgb.bmp", opaque, 0}, {"rgba.bmp", blended, 0}, {"palette.bmp", opaque, 0},
		{"rgbx.bmp", opaque, 0}, // the short header has no alpha
		{"top_down.bmp", flipped, 0},
		{"lossy.webp", opaque, 6}, {"lossy_alpha.webp", blended, 6}, {"lossless_alpha.webp", blended, 0},
		{"trailing_garbage.png", opaque, 0}, {"trailing_garbage.jpg", opaque, 4},
		{"surplus.gif", opaque, 0},
		{"lzw.tiff", opaque, 0}, {"deflate.tiff", opaque, 0}, {"packbits.tiff", opaque, 0}, {"plain.tiff", opaque, 0},
		{"alpha.tiff", blended, 0}, {"grey16.tiff", greys, 1}, {"grey.tiff", greys, 1}, {"palette.tiff", opaque, 0},
		{"fax.tiff", [4]color.NRGBA{black, white, black, black}, 0}, {"fax_white_zero.tiff", [4]color.NRGBA{black, white, black, black}, 0}, {"pages.tiff", opaque, 0}, {"exif6.tiff", turned, 0},
		{"exif6.jpg", turned, 4}, {"exif6.png", turned, 0},
		{"exif6.webp", [4]color.NRGBA{blended[2], red, black, white}, 0},
	}
	files := samples(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := bytes.Clone(files[tt.name])
			img, err := Decode(files[tt.name], Limits{})
			if err != nil {
				t.Fatal(err)
			}
			checkForm(t, img)
			if !bytes.Equal(before, files[tt.name]) {
				t.Error("Decode changed its input")
			}
			w, h := img.Rect.Dx(), img.Rect.Dy()
			if strings.HasPrefix(tt.name, "exif6") {
				w, h = h, w
			}
			if w != width || h != height {
				t.Fatalf("size %v", img.Rect)
			}
			for i, want := range tt.want {
				x, y := (2*(i%2)+1)*img.Rect.Dx()/4, (2*(i/2)+1)*img.Rect.Dy()/4
				if got := img.NRGBAAt(x, y); want.A != 0 && !near(got, want, tt.tolerance) {
					t.Errorf("quadrant %d = %v, want %v ± %d", i, got, want, tt.tolerance)
				}
			}
		})
		delete(files, tt.name)
	}
	for name := range files {
		t.Errorf("%s is not tested", name)
	}
}

// TestDecodeGray16 compares every 16-bit grey with v/257 rounded.
func TestDecodeGray16(t *testing.T) {
	m := image.NewGray16(image.Rect(0, 0, 256, 256))
	for v := range 65536 {
		m.SetGray16(v%256, v/256, color.Gray16{Y: uint16(v)})
	}
	img, err := Decode(pngOf(t, m), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for v := range 65536 {
		want := uint8(math.Round(float64(v) / 257)) // 65535/255
		if got := img.NRGBAAt(v%256, v/256); got != grey(want) {
			t.Fatalf("grey %d = %v, want %d", v, got, want)
		}
	}
}

// TestOrientation turns a 3x2 picture by all eight orientations. The table is that
// of EXIF (CIPA DC-008, tag 0x0112): the visual sides of stored row 0 and column 0.
func TestOrientation(t *testing.T) {
	sides := [9][2]string{1: {"top", "left"}, 2: {"top", "right"}, 3: {"bottom", "right"},
		4: {"bottom", "left"}, 5: {"left", "top"}, 6: {"right", "top"}, 7: {"right", "bottom"},
		8: {"left", "bottom"}}
	const w, h = 3, 2
	stored := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		stored.SetNRGBA(i%w, i/w, color.NRGBA{uint8(i), 100, 200, 255})
	}
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			data := insert(pngOf(t, stored), 33, chunk("eXIf", exif(order, o)))
			img, err := Decode(data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			checkForm(t, img)
			for i := range w * h {
				p := image.Pt(-1, -1)
				for axis, at := range [2]int{i / w, i % w} { // row, then column
					last := img.Rect.Max.Sub(image.Pt(1, 1))
					switch sides[o][axis] {
					case "top":
						p.Y = at
					case "bottom":
						p.Y = last.Y - at
					case "left":
						p.X = at
					case "right":
						p.X = last.X - at
					}
				}
				if got := img.NRGBAAt(p.X, p.Y).R; got != uint8(i) {
					t.Errorf("orientation %d: stored pixel %d is not at %v", o, i, p)
				}
			}
		}
	}
}

// TestSamePicture: files that say the same in another way.
func TestSamePicture(t *testing.T) {
	long := patch(exif(binary.LittleEndian, 6), 12, 4) // LONG instead of SHORT
	bigLong := patch(exif(binary.BigEndian, 6), 13, 4) // whose value is then in the last two bytes
	bigLong = patch(bigLong, 18, 0, 0, 0, 6)
	plain := pngOf(t, paint(image.NewNRGBA(bounds), opaque))
	upright, turned := exif(binary.LittleEndian, 1), exif(binary.LittleEndian, 6)
	jpg, web := jpegOf(t, paint(image.NewNRGBA(bounds), opaque)), file(t, "lossless_alpha.webp")
	xmp := segment(markerAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta/>"))
	clear := alphaBMP(bmpOf(t, paint(image.NewNRGBA(bounds), seeThrough)))
	for i := len(clear) - 4*width*height; i < len(clear); i += 4 {
		clear[i+3] = 0
	}
	tests := []struct {
		name      string
		data      []byte
		same      []byte
		different bool
	}{
		{name: "V5 header, the fourth byte is padding", data: file(t, "arrow_v5.bmp"), same: file(t, "arrow.png")},
		{name: "masks, all transparent", data: clear, same: bmpOf(t, paint(image.NewNRGBA(bounds), seeThrough))},
		{name: "the first of two blocks", data: file(t, "first1_second6.jpg"), same: file(t, "upright.jpg")},
		{name: "XMP first", data: insert(withEXIF(t, jpg, 6), 2, xmp), same: withEXIF(t, jpg, 6)},
		{name: "the first of two chunks", data: insert(plain, 33, append(chunk("eXIf", upright), chunk("eXIf", turned)...)), same: plain},
		{name: "the first of two WebP chunks", same: web,
			data: riffChunk("RIFF", append(extendedWebP(web, width, height, upright)[8:], riffChunk("EXIF", turned)...))},
		{name: "an EXIF chunk whose flag is off", data: patch(withEXIF(t, web, 6), 20, 0x10), same: patch(extendedWebP(web, width, height, upright), 20, 0x10)},
		{name: "orientation as LONG", data: file(t, "long6.jpg"), same: file(t, "short6.jpg")},
		{name: "the same in a PNG", data: insert(plain, 33, chunk("eXIf", long)), same: withEXIF(t, plain, 6)},
		{name: "the same in big endian", data: insert(plain, 33, chunk("eXIf", bigLong)), same: withEXIF(t, plain, 6)},
		{name: "turned is another picture", data: withEXIF(t, plain, 6), same: plain, different: true},
	}
	for _, tt := range tests {
		got, err := Decode(tt.data, Limits{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		want, err := Decode(tt.same, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if same := got.Rect == want.Rect && bytes.Equal(got.Pix, want.Pix); same == tt.different {
			t.Errorf("%s: same = %v, %v and %v", tt.name, same, got.Rect, want.Rect)
		}
	}
}

func TestOrientationBroken(t *testing.T) {
	good := exif(binary.LittleEndian, 6)
	for i := range good {
		if got := orientation(good[:i]); got != 1 && i < 20 {
			t.Errorf("cut at %d: orientation %d, want 1", i, got)
		}
	}
	for _, data := range [][]byte{exif(binary.LittleEndian, 0), exif(binary.LittleEndian, 9),
		patch(good, 4, 255, 255, 255, 255), patch(good, 0, 'X'), patch(good, 12, 2)} {
		if got := orientation(data); got != 1 {
			t.Errorf("orientation(%q) = %d, want 1", data, got)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	f := samples(t)
	end := chunk("IEND", nil)
	jpg, progressive := f["rgb.jpg"], f["progressive.jpg"]
	sof, sofP := sofAt(t, jpg), sofAt(t, progressive)
	crc := bytes.LastIndex(f["rgb.png"], []byte("IEND")) - 5
	scan := segment(markerSOS, []byte{1, 1, 0, 0, 63, 0})
	eoi := len(progressive) - 2
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "file is empty"},
		{"text", []byte("this is text"),
			`not a JPEG, PNG, GIF, WebP, BMP or TIFF image (begins with "this is text")`},
		{"tiff header only", []byte("II*\x00\x08\x00\x00\x00"), "truncated TIFF"},
		{"tiff jpeg", file(t, "jpeg.tiff"), "TIFF: tiff: unsupported feature"},
		{"tiff cmyk", file(t, "cmyk.tiff"), "TIFF: tiff: unsupported feature: color model"},
		{"tiff small first", withTag(t, f["plain.tiff"], tagWidth, tagSubfile, 1), "TIFF: unsupported raw file of a camera"},
		{"tiff dng", withTag(t, f["plain.tiff"], tagRows, tagDNG, 1), "TIFF: unsupported raw file of a camera"},
		{"tiff planes", withTag(t, f["plain.tiff"], tagPlanes, tagPlanes, 2), "TIFF: unsupported separate planes of colour"},
		{"tiff side", withTag(t, f["plain.tiff"], tagWidth, tagWidth, 50000), "TIFF of 50000x24 pixels, limit 16384 a side"},
		{"tiff area", withTag(t, withTag(t, f["deflate.tiff"], tagWidth, tagWidth, 12000), tagLength, tagLength, 12000),
			"limit 512 MiB"},
		{"cut tiff", f["deflate.tiff"][:120], "TIFF"},
		{"cut jpeg", jpg[:len(jpg)*6/10], "truncated JPEG: unexpected EOF"},
		{"cut jpeg header", jpg[:sof], "truncated JPEG: unexpected EOF"},
		{"cut progressive", progressive[:len(progressive)*6/10], "truncated JPEG: unexpected EOF"},
		{"cut png", f["rgb.png"][:len(f["rgb.png"])*6/10], "truncated PNG: unexpected EOF"},
		{"cut gif", f["still.gif"][:len(f["still.gif"])*6/10], "GIF"},
		{"cut bmp", f["rgb.bmp"][:len(f["rgb.bmp"])*6/10], "truncated BMP: unexpected EOF"},
		{"cut lossy webp", f["lossy.webp"][:77], "WebP"},
		{"cut lossless webp", f["lossless_alpha.webp"][:47], "WebP"},
		{"png checksum", patch(f["rgb.png"], crc, f["rgb.png"][crc]^1),
			"damaged PNG: png: invalid format: invalid checksum"},
		{"png side", rawPNG(ihdr(50000, 50000, 8, 2, 0), end),
			"PNG of 50000x50000 pixels, limit 16384 a side"},
		{"png area", rawPNG(ihdr(16000, 16000, 8, 6, 0), end),
			"PNG of 16000x16000 pixels needs about 976 MiB to decode, limit 512 MiB"},
		{"png 16 bit", rawPNG(ihdr(8000, 8000, 16, 2, 0), end), "limit 512 MiB"},
		{"png no width", rawPNG(ihdr(0, 5, 8, 2, 0), end), "damaged PNG: header says 0x5 pixels"},
		{"png no ihdr", rawPNG(end, end, end), "first chunk is not IHDR"},
		{"png empty data", rawPNG(ihdr(9, 9, 8, 2, 0), idat(t, nil), end), "PNG"},
		// 20.7 KB of such a file made the decoder take 915 MB.
		{"progressive area", patch(progressive, sofP+1, 8000>>8, 8000&255, 8000>>8, 8000&255),
			"JPEG of 8000x8000 pixels needs about 701 MiB to decode, limit 512 MiB"},
		{"jpeg no height", patch(jpg, sof+1, 0, 0), "damaged JPEG: header says 32x0 pixels"},
		{"jpeg no frame", []byte("\xff\xd8\xff\xd9"), "damaged JPEG: no frame header"},
		{"jpeg arithmetic", patch(jpg, sof-3, 0xc9), "JPEG: unsupported coding"},
		{"jpeg 12 bit", patch(jpg, sof, 12), "JPEG: unsupported JPEG feature: precision"},
		{"jpeg sampling 0", patch(jpg, sof+7, 0), "sampling factor 0"},
		{"jpeg two frames", insert(jpg, sof-4, jpg[sof-4:sof+15]), "two frame headers"},
		{"jpeg missing scan", patch(jpg, bytes.LastIndex(jpg, []byte{0xff, markerSOS}), 0xff, 0xfe),
			"has no scan"},
		// 236 KB of such a file took 4.5 s.
		{"jpeg pixels of all scans", insert(patch(progressive, sofP+1, 7600>>8, 7600&255, 7600>>8, 7600&255), eoi,
			bytes.Repeat(scan, 90)), "JPEG of 7600x7600 pixels in 100 scans, limit 18 at this size"},
		{"jpeg scans", insert(progressive, eoi, bytes.Repeat(scan, maxScans)), "more than 100 scans"},
		{"cmyk not adobe", patch(f["cmyk.jpg"], 6, 'B'),
			"JPEG: unsupported JPEG feature: unknown color model"},
		{"gif no screen", patch(f["still.gif"], 6, 0, 0), "GIF: header says 0x24 pixels"},
		{"gif frame outside", patch(f["still.gif"], 6, 1, 0), "GIF"},
		{"bmp 0x0", patch(f["rgb.bmp"], 18, 0, 0, 0, 0, 0, 0, 0, 0), "BMP: header says 0x0"},
		{"bmp rle", patch(f["palette.bmp"], 30, 1), "BMP: bmp: unsupported"},
		{"bmp palette index", fewColoursBMP(f["palette.bmp"]),
			"damaged BMP: bmp: invalid palette index"},
		{"webp animated", file(t, "animated.webp"), "WebP: unsupported animation"},
		{"webp header only", []byte("RIFF\x04\x00\x00\x00WEBP"), "WebP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			img, err := Decode(tt.data, Limits{})
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatalf("accepted as %v", img.Rect)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q in it", err, tt.want)
			}
			// The pictures have 768 pixels; the bombs would take 50 MB and more.
			if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
				t.Errorf("refused after allocating %d bytes", n)
			}
		})
	}
}

// TestDecodePrefixes cuts files at every byte. What ends a JPEG or PNG is its last
// marker or chunk, so every cut is refused.
func TestDecodePrefixes(t *testing.T) {
	for name, data := range samples(t) {
		strict := strings.HasSuffix(name, "g") && !strings.HasPrefix(name, "trailing")
		for i := range data {
			_, err := Decode(data[:i], Limits{})
			if err == nil && strict {
				t.Errorf("%s cut at %d of %d: accepted", name, i, len(data))
			}
			if err != nil && strings.Contains(err.Error(), "panic") {
				t.Errorf("%s cut at %d: %v", name, i, err)
			}
		}
	}
}

func TestOpen(t *testing.T) {
	f := samples(t)
	jpg := f["rgb.jpg"]
	fsys := fstest.MapFS{
		"a.jpg":     {Data: jpg[:len(jpg)*6/10]},
		"b.gif":     {Data: f["rgb.png"]}, // the name does not matter
		"dir/c.png": {Data: f["rgba.png"]},
		"big.jpg":   {Data: make([]byte, 101)},
	}
	for _, name := range []string{"b.gif", "dir/c.png"} {
		img, err := Open(fsys, name, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		checkForm(t, img)
	}
	tests := []struct {
		path, want string
		is         error
	}{
		{"a.jpg", `decode "a.jpg": truncated JPEG: unexpected EOF`, io.ErrUnexpectedEOF},
		{"none.png", `decode "none.png": file does not exist`, fs.ErrNotExist},
		{"dir", `decode "dir": `, nil},
	}
	for _, tt := range tests {
		_, err := Open(fsys, tt.path, Limits{})
		var imageError *ImageError
		if !errors.As(err, &imageError) || imageError.Path != tt.path {
			t.Fatalf("Open(%q): %v, want an *ImageError", tt.path, err)
		}
		if !strings.HasPrefix(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("Open(%q): %q, want %q", tt.path, err, tt.want)
		}
	}
	_, err := Open(fsys, "big.jpg", Limits{MaxBytes: 100})
	if want := `decode "big.jpg": file of 101 bytes, limit 100`; err == nil || err.Error() != want {
		t.Errorf("Open: %v, want %s", err, want)
	}
}

// liar is a file that claims to be short and is endless.
type liar struct {
	fs.File
	read int64
}

func (l *liar) Read(p []byte) (int, error) { l.read += int64(len(p)); return len(p), nil }

type liarFS struct {
	fstest.MapFS
	last *liar
}

func (l *liarFS) Open(name string) (fs.File, error) {
	f, err := l.MapFS.Open(name)
	l.last = &liar{File: f}
	return l.last, err
}

func TestOpenReadsNoMoreThanTheLimit(t *testing.T) {
	fsys := &liarFS{MapFS: fstest.MapFS{"a": {Data: []byte("a")}}}
	_, err := Open(fsys, "a", Limits{MaxBytes: 1000})
	if err == nil || fsys.last.read != 1001 {
		t.Errorf("read %d bytes (%v), want 1001 and an error", fsys.last.read, err)
	}
}

func TestRead(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	img, err := Read(bytes.NewReader(file.Bytes()), Limits{})
	if err != nil || img.Rect != image.Rect(0, 0, 3, 2) {
		t.Errorf("Read = %v, %v; want a picture of 3×2", img, err)
	}
	if _, err := Read(bytes.NewReader(file.Bytes()), Limits{MaxBytes: 20}); err == nil || err.Error() != "more than 20 bytes" {
		t.Errorf("Read with a limit of 20 bytes = %v, want an error that says so", err)
	}
	broken := errors.New("broken")
	if _, err := Read(iotest.ErrReader(broken), Limits{}); !errors.Is(err, broken) {
		t.Errorf("Read of a broken reader = %v, want %v", err, broken)
	}
}
