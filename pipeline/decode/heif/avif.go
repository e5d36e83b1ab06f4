package heif

import (
	_ "embed"
	"encoding/binary"
	"image"
)

//go:embed avif.wasm.gz
var avifModule []byte

var avif = &sandbox{packed: avifModule}

// avifPixels decodes the primary picture as it is stored: neither cropped nor turned, alpha
// multiplied in.
func avifPixels(data []byte, p picture) (image.Image, error) {
	bounds := image.Rect(0, 0, p.width, p.height)
	bytesEach := func(numbers []uint32) int { // of a pixel
		if bits := numbers[2]; bits > 8 {
			return 8
		}
		return 4
	}
	return avif.decode(data, p.width, p.height, codec{
		numbers: 4, // width, height, bits, pictures; then the time of a picture, in 8 bytes
		arguments: func(headOnly, out, pixels uint64) []uint64 {
			const onlyFirst = 0
			return []uint64{headOnly, onlyFirst, out, out + 4, out + 8, out + 12, out + 16, pixels}
		},
		size: func(numbers []uint32) (int, error) { return bytesEach(numbers) * p.width * p.height, nil },
		picture: func(raw []byte, numbers []uint32) (image.Image, error) {
			if bytesEach(numbers) == 4 {
				return &image.RGBA{Pix: raw, Stride: 4 * p.width, Rect: bounds}, nil
			}
			for k := 0; k < len(raw); k += 2 { // Go's pictures are big-endian
				binary.BigEndian.PutUint16(raw[k:], binary.LittleEndian.Uint16(raw[k:]))
			}
			return &image.RGBA64{Pix: raw, Stride: 8 * p.width, Rect: bounds}, nil
		},
	})
}
