package decode

import (
	"image"
	"math"
)

// Matrix is the shares of red and of blue in luma (ITU-T H.273, table 4).
type Matrix struct{ Red, Blue float64 }

// The matrices that pictures have.
var (
	BT601  = Matrix{0.299, 0.114} // JPEG, WebP, and what says nothing
	BT709  = Matrix{0.2126, 0.0722}
	BT2020 = Matrix{0.2627, 0.0593}
)

// FromYCbCr converts samples of 8 bits by a matrix (ITU-T H.273, section 8.3), in 16-bit fixed point.
// Samples of full range are in 0..255, others in 16..235 and 16..240. Subsampled chroma is repeated. The
// result is opaque and has bounds from (0,0).
func FromYCbCr(m *image.YCbCr, by Matrix, full bool) *image.NRGBA {
	black, luma, chroma := int32(0), 1.0, 1.0
	if !full {
		black, luma, chroma = 16, 255.0/219, 255.0/224
	}
	fixed := func(v float64) int32 { return int32(math.Round(v * (1 << 16))) }
	green := 1 - by.Red - by.Blue
	yy, crR, cbB := fixed(luma), fixed(chroma*2*(1-by.Red)), fixed(chroma*2*(1-by.Blue))
	cbG, crG := fixed(chroma*2*by.Blue*(1-by.Blue)/green), fixed(chroma*2*by.Red*(1-by.Red)/green)
	b := m.Rect
	dst := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		row := dst.Pix[y*dst.Stride:][:4*b.Dx()]
		line := m.Y[m.YOffset(b.Min.X, b.Min.Y+y):]
		for x := range b.Dx() {
			at := m.COffset(b.Min.X+x, b.Min.Y+y)
			l := yy*(int32(line[x])-black) + 1<<15 // a half, for rounding
			cb, cr := int32(m.Cb[at])-128, int32(m.Cr[at])-128
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0] = clamp((l + crR*cr) >> 16)
			p[1] = clamp((l - cbG*cb - crG*cr) >> 16)
			p[2] = clamp((l + cbB*cb) >> 16)
			p[3] = 255
		}
	}
	return dst
}

func clamp(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
