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

// heicPixels decodes the primary picture: cropped, turned, without its alpha. want is the size that
// the boxes promise.
func heicPixels(data []byte, p picture) (image.Image, error) {
	return heic.with(func(i instance) (image.Image, error) {
		in, err := i.put(data)
		if err != nil {
			return nil, err
		}
		const numbers = 5 // width, height, colour space, chroma, whether alpha is multiplied in
		out, err := i.allocate(4 * numbers)
		if err != nil {
			return nil, err
		}
		decode := func(headOnly, pixels uint64) error {
			ok, err := i.call("decode", in, uint64(len(data)), headOnly, out, out+4, out+8, out+12, out+16, pixels)
			if err == nil && ok == 0 {
				err = errRefused
			}
			return err
		}
		if err := decode(1, 0); err != nil {
			return nil, err
		}
		v, err := i.numbers(out, numbers)
		if err != nil {
			return nil, err
		}
		w, h := p.shown()
		if int(v[0]) != w || int(v[1]) != h {
			return nil, fmt.Errorf("boxes say %dx%d pixels, the picture has %dx%d", w, h, v[0], v[1])
		}
		planes, err := layout(w, h, v[2], v[3])
		if err != nil {
			return nil, err
		}
		pixels, err := i.allocate(planes.size)
		if err != nil {
			return nil, err
		}
		if err := decode(0, pixels); err != nil {
			return nil, err
		}
		raw, err := i.get(pixels, planes.size)
		if err != nil {
			return nil, err
		}
		return planes.image(raw, p.colour)
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
