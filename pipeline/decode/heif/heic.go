package heif

import (
	_ "embed"
	"fmt"
	"image"
)

//go:embed heic.wasm.gz
var heicModule []byte

var heic = &sandbox{packed: heicModule}

// What libheif calls the colours and the sampling of a picture (libheif/heif.h).
const (
	heifYCbCr, heifRGB, heifGrey = 0, 1, 2
	heif420, heif422, heif444    = 1, 2, 3
)

// heicPixels decodes the primary picture: cropped, turned, without its alpha.
func heicPixels(data []byte, p picture) (image.Image, error) {
	w, h := p.shown()
	return heic.decode(data, w, h, codec{
		numbers: 5, // width, height, colour space, chroma, whether alpha is multiplied in
		arguments: func(headOnly, out, pixels uint64) []uint64 {
			return []uint64{headOnly, out, out + 4, out + 8, out + 12, out + 16, pixels}
		},
		size: func(numbers []uint32) (int, error) {
			planes, err := layout(w, h, numbers[2], numbers[3])
			return planes.size, err
		},
		picture: func(raw []byte, numbers []uint32) (image.Image, error) {
			planes, err := layout(w, h, numbers[2], numbers[3])
			if err != nil {
				return nil, err
			}
			return planes.image(raw, p.colour)
		},
	})
}

// heicPlanes is how libheif lays out a decoded picture: rows are of 64 samples at least and padded
// to 16 bytes (ImagePlane::alloc of its pixelimage.cc).
type heicPlanes struct {
	width, height   int
	space           uint32
	stride, cStride int
	cHeight, size   int
	ratio           image.YCbCrSubsampleRatio
}

func layout(w, h int, space, chroma uint32) (heicPlanes, error) {
	row := func(samples, bytesEach int) int { return (max((samples+1)&^1, 64)*bytesEach + 15) &^ 15 }
	l := heicPlanes{width: w, height: h, space: space, stride: row(w, 1)}
	switch space {
	case heifGrey:
		l.size = l.stride * h
		return l, nil
	case heifRGB:
		l.stride = row(w, 4)
		l.size = l.stride * h
		return l, nil
	case heifYCbCr:
	default:
		return l, fmt.Errorf("unsupported colour space %d", space)
	}
	cw, ch := w, h
	switch chroma {
	case heif420:
		cw, ch, l.ratio = (w+1)/2, (h+1)/2, image.YCbCrSubsampleRatio420
	case heif422:
		cw, l.ratio = (w+1)/2, image.YCbCrSubsampleRatio422
	case heif444:
		l.ratio = image.YCbCrSubsampleRatio444
	default:
		return l, fmt.Errorf("unsupported chroma %d", chroma)
	}
	l.cStride, l.cHeight = row(cw, 1), ch
	l.size = l.stride*h + 2*l.cStride*ch
	return l, nil
}

func (l heicPlanes) image(raw []byte, c colour) (image.Image, error) {
	bounds := image.Rect(0, 0, l.width, l.height)
	switch l.space {
	case heifGrey:
		return &image.Gray{Pix: raw, Stride: l.stride, Rect: bounds}, nil
	case heifRGB:
		return &image.NRGBA{Pix: raw, Stride: l.stride, Rect: bounds}, nil
	}
	luma, chroma := l.stride*l.height, l.cStride*l.cHeight
	return c.rgb(&image.YCbCr{Y: raw[:luma], Cb: raw[luma : luma+chroma], Cr: raw[luma+chroma:],
		YStride: l.stride, CStride: l.cStride, SubsampleRatio: l.ratio, Rect: bounds})
}
