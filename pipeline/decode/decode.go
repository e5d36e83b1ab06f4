// Package decode turns image files into pixels:
//
//	file bytes → format by content → header → limits → pixels → over white → upright → picture
//
// It reads JPEG, PNG, GIF (the first frame), WebP, BMP and TIFF (the first page), and what Add
// was given: package heif has HEIC and AVIF. The format is found by
// content, never by the name of the file, and nothing is allocated for pixels
// before the header has passed the limits. Files that other decoders repair in
// silence (cut short, wrong checksum, missing scans) are refused.
//
// Every picture comes out the same way: [H,W,4] uint8 in 0..255, alpha 255,
// bounds from (0,0), transparency blended over white, EXIF orientation applied,
// 16-bit samples scaled by 255/65535 and rounded. Colours are those stored in the
// file: ICC profiles and gamma are not applied. Subsampled chroma is repeated, not
// interpolated as libjpeg does by default: on a photo the two differ by 1 level in
// the mean, more at edges of colour. It does not resize, and it does not read
// animated WebP. A Reader may decode JPEG files by another decoder, at a part of their size.
package decode

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"io/fs"
)

// Limits bound what a file may cost. A field that is zero or less has its value in
// DefaultLimits.
type Limits struct {
	MaxBytes  int64 // size of the file in bytes
	MaxSide   int   // width and height in pixels, each
	MaxMemory int64 // bytes that decoding may hold at once, the picture included (an estimate)
}

// DefaultLimits suit photos from any camera and refuse decompression bombs.
var DefaultLimits = Limits{
	MaxBytes:  64 << 20,  // four times the body that a service accepts; cameras stay under it
	MaxSide:   16384,     // OSS-Fuzz's cap for image decoders
	MaxMemory: 512 << 20, // 107 megapixels of 8-bit grey PNG, 28 of progressive JPEG 4:4:4
}

// withDefaults returns l with the defaults filled in.
func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultLimits.MaxBytes
	}
	if l.MaxSide <= 0 {
		l.MaxSide = DefaultLimits.MaxSide
	}
	if l.MaxMemory <= 0 {
		l.MaxMemory = DefaultLimits.MaxMemory
	}
	return l
}

// ImageError says which file could not be decoded, and why.
type ImageError struct {
	Path string // as given to Open
	Err  error
}

func (e *ImageError) Error() string { return fmt.Sprintf("decode %q: %v", e.Path, e.Err) }

// Unwrap returns the reason.
func (e *ImageError) Unwrap() error { return e.Err }

// FormatError says that data are of no format that is read.
type FormatError struct{ Reason string }

func (e *FormatError) Error() string { return e.Reason }

// LimitError says which limit a picture is beyond. It may be a good picture.
type LimitError struct{ Reason string }

func (e *LimitError) Error() string { return e.Reason }

// Open decodes the file at path, of which it reads at most l.MaxBytes+1 bytes. All
// its errors are *ImageError. It is safe for concurrent use where fsys is.
func Open(fsys fs.FS, path string, l Limits) (*image.NRGBA, error) {
	img, _, err := OpenFile(fsys, path, l)
	return img, err
}

// OpenFile is Open that returns the bytes of the file, too, also where they are no picture.
func OpenFile(fsys fs.FS, path string, l Limits) (*image.NRGBA, []byte, error) {
	return Reader{Limits: l}.OpenFile(fsys, path)
}

// read returns the file at path, which may not be longer than limit, in memory where that is large enough.
func read(fsys fs.FS, path string, limit int64, memory []byte) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, tooLong(info.Size(), limit)
	}
	b := bytes.NewBuffer(memory[:0])
	// The size is only a hint: an archive may claim any. A larger file grows the buffer.
	b.Grow(int(min(info.Size(), 1<<20)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func tooLong(got, limit int64) error {
	return &LimitError{fmt.Sprintf("file of %d bytes, limit %d", got, limit)}
}

// Decode returns the picture in data, which it neither keeps nor changes: opaque,
// upright, bounds from (0,0). A panic inside a decoder is returned as an error.
// It is safe for concurrent use; memory is bounded per call, so bound the calls: Cost tells
// what one takes. Data of no known format are a *FormatError, those beyond the limits a *LimitError.
func Decode(data []byte, l Limits) (*image.NRGBA, error) {
	return Until(context.Background(), data, l)
}

// Until is Decode that gives up, with the error of ctx, soon after ctx is done. A GIF, a WebP
// and a TIFF are decoded to the end all the same.
func Until(ctx context.Context, data []byte, l Limits) (*image.NRGBA, error) {
	return Reader{Limits: l}.Until(ctx, data)
}

// Cost returns about how many bytes Decode holds at once for data, the picture included, from the header
// alone. What Decode refuses by the header is refused with the same error.
func Cost(data []byte, l Limits) (bytes int64, err error) {
	p, err := Reader{Limits: l}.Examine(data)
	return p.Cost(), err
}

// pixels decodes data by the decoder of its format, flattens and turns the picture.
func (f format) pixels(ctx context.Context, data []byte, h header) (*image.NRGBA, error) {
	raw, err := f.decode(ctx, data, h)
	if stopped := ctx.Err(); stopped != nil {
		return nil, stopped
	}
	if err != nil {
		return nil, f.explain(err)
	}
	if got := raw.Bounds().Size(); got != image.Pt(h.width, h.height) {
		return nil, fmt.Errorf("damaged %s: header says %dx%d, pixels are %dx%d",
			f.name, h.width, h.height, got.X, got.Y)
	}
	img, err := flatten(raw, true)
	if err != nil {
		return nil, f.explain(err)
	}
	return turn(img, h.orientation), nil
}

// examine returns the format of data and what the header says, once it has passed the limits.
func examine(data []byte, l Limits) (format, header, error) {
	l = l.withDefaults()
	if n := int64(len(data)); n > l.MaxBytes {
		return format{}, header{}, tooLong(n, l.MaxBytes)
	}
	f, err := sniff(data)
	if err != nil {
		return format{}, header{}, err
	}
	h, err := f.header(data)
	if err != nil {
		return format{}, header{}, f.explain(err)
	}
	return f, h, h.check(f.name, l)
}

// readUntil returns a reader of data that fails with the error of ctx once that is done.
func readUntil(ctx context.Context, data []byte) io.Reader {
	return &untilDone{ctx, bytes.NewReader(data)}
}

// untilDone gives out little at a time, so that a decoder notices soon that nobody waits any more.
type untilDone struct {
	ctx context.Context
	of  *bytes.Reader
}

// Read implements io.Reader.
func (r *untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.of.Read(p[:min(len(p), 64<<10)])
}

// Read decodes the picture that r holds, of which it reads at most l.MaxBytes+1 bytes:
// the body of a request, say. It is safe for concurrent use of different readers.
func Read(r io.Reader, l Limits) (*image.NRGBA, error) {
	limit := l.withDefaults().MaxBytes
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &LimitError{fmt.Sprintf("more than %d bytes", limit)}
	}
	return Decode(data, l)
}

// recovered turns a panic into *err. Decoders have panicked on hostile files before
// (GO-2024-2937, GO-2026-5031, GO-2026-5061), and one file must not end a program.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("decoder panic: %v", r)
	}
}
