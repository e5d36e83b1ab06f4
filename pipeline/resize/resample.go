package resize

import (
	"image"

	"github.com/disintegration/imaging"
)

// atATime is how many pixels a kernel makes at once of rows.
const atATime = 4

// work is what resizing a picture needs beside the picture. It is used again for the next one.
type work struct {
	axes   *axes
	plain  bool        // without the kernels
	rows   []uint8     // of the input, at the width of the result
	result image.NRGBA // valid until the next picture
}

// resample is imaging.Resize of an opaque picture: the same result to the last bit, in a fraction of the time. Sums
// are made in fixed point. Where a sum lies so near to the middle between two levels that imaging's rounding errors
// decide, it is made once more as imaging makes it. The result is w's, until the next call.
func (w *work) resample(src *image.NRGBA, width, height int) *image.NRGBA {
	across, down := w.axes.get(width, src.Rect.Dx()), w.axes.get(height, src.Rect.Dy())
	if across == nil || down == nil {
		return imaging.Resize(src, width, height, w.axes.filter)
	}
	// The rows that an output row needs lie one below the other. Where there is no room for the next one, they move to the top.
	const atOnce = 16 // bytes that a kernel may write behind a row
	stride, capacity := 4*width+atOnce, 4*down.most
	w.rows, w.result.Pix = sized(w.rows, stride*capacity), sized(w.result.Pix, 4*width*height+atOnce)
	w.result.Stride, w.result.Rect = 4*width, image.Rect(0, 0, width, height)
	top, next := 0, 0 // input row at the top, and that which is filtered next
	for y := range down.taps {
		t := &down.taps[y]
		if t.first > next {
			top, next = t.first, t.first
		}
		if t.first+len(t.weights)-top > capacity {
			copy(w.rows, w.rows[(t.first-top)*stride:(next-top)*stride])
			top = t.first
		}
		for ; next < t.first+len(t.weights); next++ {
			w.across(w.rows[(next-top)*stride:], src.Pix[next*src.Stride:][:4*src.Rect.Dx()], across)
		}
		w.down(w.result.Pix[y*w.result.Stride:], w.rows[(t.first-top)*stride:], stride, width, t)
	}
	return &w.result
}

// sized returns n bytes, those of b where it has as many.
func sized(b []uint8, n int) []uint8 {
	if cap(b) < n {
		return make([]uint8, n)
	}
	return b[:n]
}

// across filters a row of RGBA.
func (w *work) across(dst, src []uint8, a *axis) {
	for x := 0; x < len(a.taps); x++ {
		if a.reach > 0 && !w.plain {
			if x += acrossFast(dst[4*x:], src, a, x); x == len(a.taps) {
				return
			}
		}
		t := &a.taps[x]
		t.pixel(dst[4*x:], src[4*t.first:], 4)
	}
}

// down makes a row of as many pixels as width of the rows that src begins with, stride bytes apart.
func (w *work) down(dst, src []uint8, stride, width int, t *tap) {
	for x := 0; x < width; {
		if !w.plain {
			if x += downFast(dst[4*x:], src[4*x:], stride, width-x, t); x >= width {
				return
			}
		}
		for end := min(x+atATime, width); x < end; x++ {
			t.pixel(dst[4*x:], src[4*x:], stride)
		}
	}
}
