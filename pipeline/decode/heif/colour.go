package heif

import (
	"fmt"
	"image"
	"math"
)

// rgb converts samples of 8 bits by the matrix of c (ITU-T H.273, section 8.3), in 16-bit fixed
// point. Subsampled chroma is repeated, as for JPEG.
func (c colour) rgb(m *image.YCbCr) (*image.NRGBA, error) {
	var kr, kb float64
	switch c.matrix {
	case 1: // BT.709
		kr, kb = 0.2126, 0.0722
	case 2, 5, 6: // unspecified, BT.601
		kr, kb = 0.299, 0.114
	case 9: // BT.2020
		kr, kb = 0.2627, 0.0593
	default:
		return nil, fmt.Errorf("unsupported matrix of colours %d", c.matrix)
	}
	black, luma, chroma := 0.0, 1.0, 1.0
	if !c.full {
		black, luma, chroma = 16, 255.0/219, 255.0/224
	}
	fixed := func(v float64) int32 { return int32(math.Round(v * (1 << 16))) }
	yy, crR, cbB := fixed(luma), fixed(chroma*2*(1-kr)), fixed(chroma*2*(1-kb))
	cbG, crG := fixed(chroma*2*kb*(1-kb)/(1-kr-kb)), fixed(chroma*2*kr*(1-kr)/(1-kr-kb))
	b := m.Rect
	dst := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		row := dst.Pix[y*dst.Stride:][:4*b.Dx()]
		line := m.Y[m.YOffset(b.Min.X, b.Min.Y+y):]
		for x := range b.Dx() {
			at := m.COffset(b.Min.X+x, b.Min.Y+y)
			l := yy*(int32(line[x])-int32(black)) + 1<<15
			cb, cr := int32(m.Cb[at])-128, int32(m.Cr[at])-128
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0] = clamp((l + crR*cr) >> 16)
			p[1] = clamp((l - cbG*cb - crG*cr) >> 16)
			p[2] = clamp((l + cbB*cb) >> 16)
			p[3] = 255
		}
	}
	return dst, nil
}

func clamp(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
