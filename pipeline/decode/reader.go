package decode

import (
	"context"
	"image"
	"io/fs"

	"github.com/tfpair/tfpair/internal/regular"
)

// LibJPEG names the decoder that a JPEG stands for where it is stored, whatever its version.
const LibJPEG = "libjpeg-turbo"

// JPEG decodes JPEG files in another way than Go's image/jpeg: faster, and at a part of their size.
// It is called from several goroutines.
type JPEG interface {
	// Name says which decoder it is, with its version. Pictures of one name are equal.
	Name() string
	// Decode returns the picture in data as it is stored, opaque, bounds from (0,0), at 1/ratio of its
	// width and height, each rounded up. ratio is 1, 2, 4 or 8. Where chroma is subsampled it is repeated.
	// The pixels may lie in memory, where that is large enough.
	Decode(data []byte, ratio int, memory []uint8) (*image.NRGBA, error)
}

// Reader decodes pictures that are resized next. The zero value decodes as Decode does.
type Reader struct {
	Limits Limits
	JPEG   JPEG                        // decodes plain JPEG files; nil: Go's decoder
	Reduce func(width, height int) int // how many times smaller a picture may come out: 1, 2, 4 or 8; nil: 1
}

// Open is the function Open for r.
func (r Reader) Open(fsys fs.FS, path string) (*image.NRGBA, error) {
	img, _, err := r.OpenFile(fsys, path)
	return img, err
}

// OpenFile is the function OpenFile for r.
func (r Reader) OpenFile(fsys fs.FS, path string) (*image.NRGBA, []byte, error) {
	data, err := File(fsys, path, r.Limits)
	if err != nil {
		return nil, nil, err
	}
	img, err := r.Until(context.Background(), data)
	if err != nil {
		return nil, data, &ImageError{Path: path, Err: err}
	}
	return img, data, nil
}

// File returns the bytes of the file at path, which may be no picture. The error is an *ImageError.
func File(fsys fs.FS, path string, l Limits) ([]byte, error) { return FileIn(fsys, path, l, nil) }

// FileIn is File whose bytes lie in memory, where that is large enough.
func FileIn(fsys fs.FS, path string, l Limits, memory []byte) ([]byte, error) {
	data, err := read(fsys, path, l.withDefaults().MaxBytes, memory)
	if err != nil {
		return nil, &ImageError{Path: path, Err: regular.Reason(err)}
	}
	return data, nil
}

// Until is the function Until for r: errors, limits and orientation are the same. A picture may be smaller
// than its header says, by Reduce, and where JPEG decoded it, its colours may differ from those of Go's
// decoder by some levels.
func (r Reader) Until(ctx context.Context, data []byte) (*image.NRGBA, error) {
	p, err := r.Examine(data)
	if err != nil {
		return nil, err
	}
	return p.Decode(ctx)
}

// Picture is a file whose header has been read and is within the limits.
type Picture struct {
	Memory []uint8 // where Reader.JPEG may put the pixels; nil: in memory of their own

	reader Reader
	data   []byte
	format format
	header header
}

// Examine reads the header of the picture in data, which must not change as long as the Picture is
// used. What Decode refuses by the header is refused with the same error.
func (r Reader) Examine(data []byte) (p Picture, err error) {
	defer recovered(&err)
	p.reader, p.data = r, data
	p.format, p.header, err = examine(data, r.Limits)
	return p, err
}

// Size returns the width and the height of the file, in pixels, as stored.
func (p Picture) Size() (width, height int) { return p.header.width, p.header.height }

// Cost returns about how many bytes Decode holds at once, the picture included.
func (p Picture) Cost() int64 {
	h := p.header
	if p.reader.JPEG != nil && h.plain != nil {
		ratio := p.reader.ratio(h)
		h.width, h.height, h.perPixel = reduced(h.width, ratio), reduced(h.height, ratio), plainPerPixel
	}
	return h.memory()
}

// Decode is Reader.Until without the header, which has been read.
func (p Picture) Decode(ctx context.Context) (img *image.NRGBA, err error) {
	defer recovered(&err)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if img := p.plain(); img != nil {
		return turn(img, p.header.orientation), nil
	}
	return p.format.pixels(ctx, p.data, p.header)
}

// plainPerPixel is what decoding a plain JPEG holds for each pixel of the result: RGB, and the result.
const plainPerPixel = 3 + 4

func (r Reader) ratio(h header) int {
	if r.Reduce == nil {
		return 1
	}
	return r.Reduce(h.width, h.height)
}

// reduced returns the length of a side at 1/ratio.
func reduced(side, ratio int) int { return (side + ratio - 1) / ratio }

// plain returns what Reader.JPEG makes of a plain JPEG file, nil where Go's decoder has to say what it is.
func (p Picture) plain() *image.NRGBA {
	r, h := p.reader, p.header
	if r.JPEG == nil || h.plain == nil {
		return nil
	}
	ratio := r.ratio(h)
	img, err := r.JPEG.Decode(p.data, ratio, p.Memory)
	if err != nil || img.Rect != image.Rect(0, 0, reduced(h.width, ratio), reduced(h.height, ratio)) || h.plain.short(img, ratio) {
		return nil
	}
	return img
}
