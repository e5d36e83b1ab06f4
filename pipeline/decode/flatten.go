package decode

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
)

// Flatten returns img, as any decoder made it, in the form that Decode gives:
// opaque, blended over white, 8 bits, bounds from (0,0). It copies; the result
// shares no memory with img. An image that is empty, larger than DefaultLimits
// allow, or malformed (a palette index without a colour, too few pixels) is an
// error. YCbCr is taken as full range, as in JPEG: a lossy WebP decoded by
// golang.org/x/image/webp is not, so give its bytes to Decode instead.
func Flatten(img image.Image) (flat *image.NRGBA, err error) {
	defer recovered(&err)
	if img == nil {
		return nil, errors.New("no image")
	}
	b := img.Bounds()
	h := header{width: b.Dx(), height: b.Dy(), perPixel: 4}
	if err := h.check("image", DefaultLimits); err != nil {
		return nil, err
	}
	return flatten(img, false)
}

// flatten does the work of Flatten. Where own is set it may use the pixels of img
// for the result.
func flatten(img image.Image, own bool) (*image.NRGBA, error) {
	b := img.Bounds()
	var dst *image.NRGBA
	switch m := img.(type) {
	case *image.NRGBA:
		dst = reuse(m.Pix, m.Stride, b, own)
		eachRow(dst, m.Pix, m.Stride, 4*b.Dx(), nrgbaRow)
	case *image.RGBA:
		dst = reuse(m.Pix, m.Stride, b, own)
		eachRow(dst, m.Pix, m.Stride, 4*b.Dx(), rgbaRow)
	case *image.Gray:
		dst = newFlat(b)
		eachRow(dst, m.Pix, m.Stride, b.Dx(), grayRow)
	case *image.Gray16:
		dst = newFlat(b)
		eachRow(dst, m.Pix, m.Stride, 2*b.Dx(), gray16Row)
	case *image.RGBA64:
		dst = newFlat(b)
		eachRow(dst, m.Pix, m.Stride, 8*b.Dx(), rgba64Row)
	case *image.NRGBA64:
		dst = newFlat(b)
		eachRow(dst, m.Pix, m.Stride, 8*b.Dx(), nrgba64Row)
	case *image.Paletted:
		return flattenPaletted(m)
	case *image.YCbCr, *image.CMYK:
		dst = newFlat(b)
		// image/draw has fast paths from these to RGBA, which equals NRGBA when opaque.
		rgba := &image.RGBA{Pix: dst.Pix, Stride: dst.Stride, Rect: dst.Rect}
		draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	default:
		return flattenAny(img), nil
	}
	return dst, nil
}

func newFlat(b image.Rectangle) *image.NRGBA {
	return image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
}

// reuse returns an image over pix where that is allowed and needs no copy, else a
// new one of the size of b.
func reuse(pix []uint8, stride int, b image.Rectangle, own bool) *image.NRGBA {
	if own && b.Min == (image.Point{}) && stride == 4*b.Dx() {
		return &image.NRGBA{Pix: pix, Stride: stride, Rect: b}
	}
	return newFlat(b)
}

// eachRow calls row for every row of dst and the width bytes of pix behind it.
func eachRow(dst *image.NRGBA, pix []uint8, stride, width int, row func(dst, src []uint8)) {
	for y := range dst.Rect.Dy() {
		row(dst.Pix[y*dst.Stride:][:4*dst.Rect.Dx()], pix[y*stride:][:width])
	}
}

// overWhite blends a straight sample c with alpha a over white, rounded.
func overWhite(c, a uint8) uint8 {
	return uint8((uint32(c)*uint32(a) + 255*(255-uint32(a)) + 127) / 255)
}

// to8 scales 0..65535 to 0..255, rounded, as png_set_scale_16 of libpng does.
func to8(v uint32) uint8 { return uint8((v*255 + 32895) >> 16) }

// nrgbaRow may be given the same memory twice, as may rgbaRow.
func nrgbaRow(dst, src []uint8) {
	for i := 0; i+4 <= len(src); i += 4 {
		s, d := src[i:i+4:i+4], dst[i:i+4:i+4]
		if a := s[3]; a != 255 {
			d[0], d[1], d[2] = overWhite(s[0], a), overWhite(s[1], a), overWhite(s[2], a)
		} else {
			d[0], d[1], d[2] = s[0], s[1], s[2]
		}
		d[3] = 255
	}
}

// rgbaRow adds the white that shows through to samples that are premultiplied.
func rgbaRow(dst, src []uint8) {
	for i := 0; i+4 <= len(src); i += 4 {
		s, d := src[i:i+4:i+4], dst[i:i+4:i+4]
		white := 255 - s[3]
		// Samples above alpha are invalid; without the guard they would wrap to black.
		d[0], d[1], d[2] = min(s[0], s[3])+white, min(s[1], s[3])+white, min(s[2], s[3])+white
		d[3] = 255
	}
}

func grayRow(dst, src []uint8) {
	for i, v := range src {
		d := dst[4*i : 4*i+4 : 4*i+4]
		d[0], d[1], d[2], d[3] = v, v, v, 255
	}
}

func gray16Row(dst, src []uint8) {
	for i, j := 0, 0; j+2 <= len(src); i, j = i+4, j+2 {
		v := to8(uint32(src[j])<<8 | uint32(src[j+1]))
		d := dst[i : i+4 : i+4]
		d[0], d[1], d[2], d[3] = v, v, v, 255
	}
}

func rgba64Row(dst, src []uint8) {
	for i, j := 0, 0; j+8 <= len(src); i, j = i+4, j+8 {
		s := src[j : j+8 : j+8]
		a := uint32(s[6])<<8 | uint32(s[7])
		for k := range 3 {
			c := uint32(s[2*k])<<8 | uint32(s[2*k+1])
			dst[i+k] = to8(min(c, a) + 65535 - a)
		}
		dst[i+3] = 255
	}
}

func nrgba64Row(dst, src []uint8) {
	for i, j := 0, 0; j+8 <= len(src); i, j = i+4, j+8 {
		s := src[j : j+8 : j+8]
		a := uint64(s[6])<<8 | uint64(s[7])
		for k := range 3 {
			c := uint64(s[2*k])<<8 | uint64(s[2*k+1])
			dst[i+k] = to8(uint32((c*a + 65535*(65535-a) + 32767) / 65535))
		}
		dst[i+3] = 255
	}
}

// flattenPaletted blends the palette once. An index without a colour is an error:
// elsewhere it is a panic, in imaging even one in a goroutine of its own, which no
// recover can reach (CVE-2023-36308).
func flattenPaletted(m *image.Paletted) (*image.NRGBA, error) {
	var table [256][4]uint8
	n := min(len(m.Palette), len(table))
	for i, c := range m.Palette[:n] {
		c := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [4]uint8{overWhite(c.R, c.A), overWhite(c.G, c.A), overWhite(c.B, c.A), 255}
	}
	w := m.Rect.Dx()
	dst := newFlat(m.Rect)
	for y := range m.Rect.Dy() {
		row := dst.Pix[y*dst.Stride:][:4*w]
		for x, index := range m.Pix[y*m.Stride:][:w] {
			if int(index) >= n {
				return nil, fmt.Errorf("palette index %d at (%d,%d), palette has %d colours",
					index, x, y, n)
			}
			copy(row[4*x:4*x+4], table[index][:])
		}
	}
	return dst, nil
}

// flattenAny reads pixel by pixel what has no faster way.
func flattenAny(img image.Image) *image.NRGBA {
	b := img.Bounds()
	dst := newFlat(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, a := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			d := dst.Pix[y*dst.Stride+4*x:][:4]
			white := 65535 - a
			d[0], d[1], d[2] = to8(min(r, a)+white), to8(min(g, a)+white), to8(min(bl, a)+white)
			d[3] = 255
		}
	}
	return dst
}
