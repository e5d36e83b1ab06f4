package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/webp"
)

// webpHeader reads the size and finds animation and EXIF (RFC 9649, section 2.7).
func webpHeader(data []byte) (header, error) {
	const exifFlag = 1 << 3 // of VP8X: a chunk that it does not announce is not of this picture
	var h header
	announced := false
	for rest := data[12:]; len(rest) >= 8; {
		id, n := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if id == "ANIM" || id == "ANMF" {
			return header{}, fmt.Errorf("%w animation", errUnsupported)
		}
		if n > int64(len(rest)) {
			break // the decoder says what is wrong
		}
		if id == "VP8X" && n > 0 {
			announced = rest[0]&exifFlag != 0
		}
		if id == "EXIF" && announced && h.orientation == 0 {
			h.orientation = orientation(rest[:n])
		}
		rest = rest[min(n+n&1, int64(len(rest))):]
	}
	c, err := webp.DecodeConfig(bytes.NewReader(data[:min(len(data), prefix)]))
	h.width, h.height, h.mode = c.Width, c.Height, inColour
	if c.ColorModel == color.NYCbCrAModel {
		h.mode += withAlpha
	}
	h.orientation = max(h.orientation, 1)
	// Lossy: 1.5 for the samples, 1 and 4 for alpha, 4 for the result. Lossless: 4,
	// and 4 while a transform makes a copy.
	h.perPixel = 1.5 + 1 + 4 + 4
	return h, err
}

// decodeWebP returns the picture with the samples of lossy files read as what they
// are: golang.org/x/image/webp declares them full range, so that white would come
// out as 235.
func decodeWebP(_ context.Context, data []byte, _ header) (image.Image, error) {
	img, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch m := img.(type) {
	case *image.YCbCr:
		return limitedRange(m), nil
	case *image.NYCbCrA:
		flat := limitedRange(&m.YCbCr)
		w, height := m.Rect.Dx(), m.Rect.Dy()
		for y := range height {
			alpha := m.A[y*m.AStride:][:w]
			for x, a := range alpha {
				flat.Pix[y*flat.Stride+4*x+3] = a
			}
		}
		return flat, nil
	}
	return img, nil
}

// limitedRange converts BT.601 samples of limited range, Y in 16..235 and Cb, Cr in
// 16..240, as VP8 stores them (RFC 6386, section 9.2).
func limitedRange(m *image.YCbCr) *image.NRGBA { return FromYCbCr(m, BT601, false) }
