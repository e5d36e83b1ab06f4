// Package resize brings pictures to the size a model takes, for training and for
// serving alike:
//
//	src [H,W,4] uint8 opaque → mode: squash, crop or pad → filter → dst [S,S,3] uint8 RGB
//
// It is the only place that resizes: a model sees in service what it saw in
// training only if both went through the same filter. The result is that of
// github.com/disintegration/imaging, bit by bit: "linear" and "box" are computed here,
// faster (by AVX2, where the processor has it), and imaging does the others. It neither decodes nor normalises.
//
// # Convention
//
// Pixel centres lie at half integers, so output x covers input (x+0.5)·W/S − 0.5.
// A filter is widened by W/S when shrinking, which is antialiasing, and keeps its
// width when enlarging; its weights are normalised, also at the edges. Rows are
// filtered before columns, with 8-bit values between the two, rounded half up and
// clipped to 0..255, and stored samples are taken as they are (no linear light).
// "linear" is therefore the triangle filter of Pillow's BILINEAR and of
// tf.image.resize and torchvision with antialias on, within 1 level in 255; it is
// not the bilinear interpolation of the TensorFlow op ResizeBilinear, which
// aliases when it shrinks. "nearest" takes the input pixel at floor((x+0.5)·W/S).
//
// # Concurrency
//
// A Resizer may be used by many goroutines. "linear" and "box" work on the goroutine
// that calls. imaging starts GOMAXPROCS goroutines for each of its two passes and waits for them.
package resize

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"sync"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/internal/named"
)

// Options choose a Resizer.
type Options struct {
	Size   int    `yaml:"size" json:"size"`     // S, side of the result in pixels, 1..4096
	Mode   string `yaml:"mode" json:"mode"`     // one of Modes; "" is "squash"
	Filter string `yaml:"filter" json:"filter"` // one of Filters; "" is "linear"
}

// maxSize is above what networks take and keeps one picture under 50 MB.
const maxSize = 4096

// String returns o as "64x64 squash linear".
func (o Options) String() string {
	return fmt.Sprintf("%dx%d %s %s", o.Size, o.Size, o.Mode, o.Filter)
}

// Resizer resizes pictures in one way. The zero value is not usable; New makes one.
type Resizer struct {
	options Options
	mode    mode
	filter  imaging.ResampleFilter
	axes    *axes      // of filter
	spare   *sync.Pool // of *work
}

// mode returns src resized to within size x size. The result may be w's.
type mode func(w *work, src *image.NRGBA, size int) *image.NRGBA

// modes is read only.
var modes = named.Table[mode]{Kind: "resize mode", Rows: map[string]named.Row[mode]{
	"squash": plain("stretch to a square, whatever the aspect ratio", mode(squash)),
	"crop":   plain("cut out the central square, then resize", mode(crop)),
	"pad":    plain("keep the aspect ratio, centred on white", mode(pad)),
}}

// filters is read only.
var filters = named.Table[imaging.ResampleFilter]{Kind: "filter",
	Rows: map[string]named.Row[imaging.ResampleFilter]{
		"linear":  plain("triangle, antialiased", imaging.Linear),
		"cubic":   plain("Catmull-Rom, antialiased", imaging.CatmullRom),
		"lanczos": plain("Lanczos with three lobes, antialiased", imaging.Lanczos),
		"box":     plain("mean of the pixels covered", imaging.Box),
		"nearest": plain("nearest pixel, aliases", imaging.NearestNeighbor),
	}}

// plain is a row without options.
func plain[T any](brief string, v T) named.Row[T] {
	return named.Row[T]{Brief: brief, New: func(named.Raw) (T, error) { return v, nil }}
}

// Modes returns the names of the modes, sorted.
func Modes() []string { return modes.Names() }

// Filters returns the names of the filters, sorted.
func Filters() []string { return filters.Names() }

// New returns the Resizer of o. An unknown name is a *named.UnknownError.
func New(o Options) (Resizer, error) {
	if o.Mode == "" {
		o.Mode = "squash"
	}
	if o.Filter == "" {
		o.Filter = "linear"
	}
	if o.Size < 1 || o.Size > maxSize {
		return Resizer{}, fmt.Errorf("resize to size %d, want 1 to %d", o.Size, maxSize)
	}
	m, err := modes.New(&named.Choice{Name: o.Mode})
	if err != nil {
		return Resizer{}, err
	}
	f, err := filters.New(&named.Choice{Name: o.Filter})
	if err != nil {
		return Resizer{}, err
	}
	kept := &axes{filter: f, of: map[[2]int]*axis{}}
	spare := &sync.Pool{New: func() any { return &work{axes: kept, plain: !fast} }}
	return Resizer{options: o, mode: m, filter: f, axes: kept, spare: spare}, nil
}

// Options returns what r was made of, with the defaults filled in.
func (r Resizer) Options() Options { return r.options }

// Bytes returns the length of the dst that Into wants: S·S·3.
func (r Resizer) Bytes() int { return r.options.Size * r.options.Size * 3 }

// leastReduced is what must be left of the shorter side of a picture that is decoded smaller than it is.
const leastReduced = 64

// Reduction returns how many times smaller than width x height a decoder may make a picture, 1, 2, 4 or 8: at
// least twice the pixels of the result are left in each direction, which the filter then brings to the
// result. "nearest" takes single pixels, and those of the full picture.
func (r Resizer) Reduction(width, height int) int {
	if r.filter.Support <= 0 {
		return 1
	}
	shorter := min(width, height)
	for _, n := range []int{8, 4, 2} {
		side := shorter
		if r.options.Mode == "pad" { // the longer side becomes the size of the result
			side = max(width, height)
		}
		if side/n >= 2*r.options.Size && shorter/n >= leastReduced {
			return n
		}
	}
	return 1
}

// Into writes src to dst [S,S,3] uint8 RGB, row by row, all of it. A src of S x S
// is copied as it is. src must be opaque and have pixels, as pipeline/decode gives
// them; it is not changed and not kept. It panics if dst has another length or src
// has no pixels.
func (r Resizer) Into(dst []uint8, src *image.NRGBA) {
	if len(dst) != r.Bytes() {
		panic(fmt.Sprintf("resize: dst holds %d bytes, want %d", len(dst), r.Bytes()))
	}
	if src.Rect.Empty() {
		panic("resize: src has no pixels")
	}
	size := r.options.Size
	if src.Rect.Dx() != size || src.Rect.Dy() != size {
		w := r.spare.Get().(*work)
		defer r.spare.Put(w)
		src = r.mode(w, src, size)
	}
	for y := range size {
		row := src.Pix[y*src.Stride:][:4*size]
		out := dst[3*size*y:][:3*size]
		for ; len(row) > 4 && len(out) >= 4; row, out = row[4:], out[3:] { // four bytes at once: the next pixel overwrites the last
			binary.LittleEndian.PutUint32(out, binary.LittleEndian.Uint32(row))
		}
		copy(out, row[:3])
	}
}

func squash(w *work, src *image.NRGBA, size int) *image.NRGBA {
	return w.resample(src, size, size)
}

// crop leaves the odd pixel, where there is one, at the right or at the bottom.
func crop(w *work, src *image.NRGBA, size int) *image.NRGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	side := min(width, height)
	corner := src.Rect.Min.Add(image.Pt((width-side)/2, (height-side)/2))
	square := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	return w.resample(src.SubImage(square).(*image.NRGBA), size, size)
}

// pad brings the longer side to size. White is what pipeline/decode puts under
// transparency. The odd pixel of the margin is at the right or at the bottom.
func pad(w *work, src *image.NRGBA, size int) *image.NRGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	longer := max(width, height)
	// A side of 0 means "keep the aspect ratio" to imaging, so 1x5000 must not reach it.
	inner := image.Pt(max(1, (width*size+longer/2)/longer), max(1, (height*size+longer/2)/longer))
	resized := w.resample(src, inner.X, inner.Y)
	if inner.X == size && inner.Y == size {
		return resized
	}
	canvas := imaging.New(size, size, color.White)
	at := image.Pt((size-inner.X)/2, (size-inner.Y)/2)
	for y := range inner.Y {
		copy(canvas.Pix[(at.Y+y)*canvas.Stride+4*at.X:], resized.Pix[y*resized.Stride:][:4*inner.X])
	}
	return canvas
}
