package heif

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"image"
)

//go:embed avif.wasm.gz
var avifModule []byte

var avif = &sandbox{packed: avifModule}

// avifPixels decodes the primary picture as it is stored: neither cropped nor turned, alpha
// multiplied in.
func avifPixels(data []byte, p picture) (image.Image, error) {
	return avif.with(func(i instance) (image.Image, error) {
		in, err := i.put(data)
		if err != nil {
			return nil, err
		}
		const numbers = 4 // width, height, bits, pictures
		out, err := i.allocate(4*numbers + 8)
		if err != nil {
			return nil, err
		}
		delay := out + 4*numbers
		decode := func(headOnly, pixels uint64) error {
			ok, err := i.call("decode", in, uint64(len(data)), headOnly, 0, out, out+4, out+8, out+12, delay, pixels)
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
		if int(v[0]) != p.width || int(v[1]) != p.height {
			return nil, fmt.Errorf("boxes say %dx%d pixels, the picture has %dx%d", p.width, p.height, v[0], v[1])
		}
		bytesEach := 4
		if v[2] > 8 {
			bytesEach = 8
		}
		size := bytesEach * p.width * p.height
		pixels, err := i.allocate(size)
		if err != nil {
			return nil, err
		}
		if err := decode(0, pixels); err != nil {
			return nil, err
		}
		raw, err := i.get(pixels, size)
		if err != nil {
			return nil, err
		}
		bounds := image.Rect(0, 0, p.width, p.height)
		if bytesEach == 4 {
			return &image.RGBA{Pix: raw, Stride: 4 * p.width, Rect: bounds}, nil
		}
		for k := 0; k < len(raw); k += 2 { // Go's pictures are big-endian
			binary.BigEndian.PutUint16(raw[k:], binary.LittleEndian.Uint16(raw[k:]))
		}
		return &image.RGBA64{Pix: raw, Stride: 8 * p.width, Rect: bounds}, nil
	})
}
