// Package heif reads HEIC, which phones write, and AVIF, which shops serve:
//
//	if err := decode.Add(heif.HEIC(), heif.AVIF()); err != nil { … }
//
// A program that does not call that carries none of it. The decoders are libheif with libde265, and
// libavif with libaom, compiled to WebAssembly: they see their own memory, at most 512 MiB, and
// neither files nor the network nor a library of the system, so pixels do not depend on the
// machine. Two pictures at most are decoded at once, each within a minute.
//
// The primary picture of a file is read, 8 to 12 bits a sample: cropped and turned as its boxes say
// (EXIF's orientation means nothing in these files), colours by the file's own matrix and range.
// Alpha of AVIF is blended over white; alpha of HEIC is not read. The licences of the decoders are
// in the folder licences beside this file; those of libheif and libde265 are the GNU LGPL 3, and
// licences/README.md says where their sources are and how to put in a decoder of one's own.
package heif

import (
	"bytes"
	"errors"
	"fmt"
	"image"

	"github.com/tfpair/tfpair/pipeline/decode"
)

// Bytes per pixel that decoding holds at once, measured with photos of 12 megapixels: the frames
// inside of the sandbox, the copy of them, and the picture.
const (
	heicCost = 30
	avifCost = 42
)

// sequences are the brands of files with a film beside the picture (ISO/IEC 23008-12, annex B; AV1
// Image File Format, section 6.2). It is read only.
var sequences = []string{"msf1", "hevc", "hevx", "avis"}

// HEIC returns the decoder of HEVC pictures. It is safe for concurrent use.
func HEIC() decode.Decoder {
	return decode.Decoder{
		Name:    "HEIC",
		Matches: func(data []byte) bool { return hasBrand(data, "heic", "heix", "heim", "heis") },
		Header: func(data []byte) (decode.Header, error) {
			p, err := primary(data)
			if err != nil {
				return decode.Header{}, err
			}
			if p.crop && (p.cropW > p.width || p.cropH > p.height) {
				return decode.Header{}, fmt.Errorf("crop of %dx%d from %dx%d pixels", p.cropW, p.cropH, p.width, p.height)
			}
			w, h := p.shown()
			stored := float64(p.width) * float64(p.height) / max(float64(w)*float64(h), 1)
			return decode.Header{Width: w, Height: h, PerPixel: heicCost * stored, More: hasBrand(data, sequences...)}, nil
		},
		Decode: func(data []byte) (image.Image, error) {
			p, err := primary(data)
			if err != nil {
				return nil, err
			}
			return heicPixels(data, p)
		},
	}
}

// AVIF returns the decoder of AV1 pictures. It is safe for concurrent use.
func AVIF() decode.Decoder {
	return decode.Decoder{
		Name:    "AVIF",
		Matches: func(data []byte) bool { return hasBrand(data, "avif") },
		Header: func(data []byte) (decode.Header, error) {
			p, err := primary(data)
			if err == nil && p.crop {
				err = errors.New("unsupported crop by a clean aperture")
			}
			return decode.Header{Width: p.width, Height: p.height, PerPixel: avifCost, Orientation: p.orientation(),
				More: hasBrand(data, sequences...)}, err
		},
		Decode: func(data []byte) (image.Image, error) {
			p, err := primary(data)
			if err != nil {
				return nil, err
			}
			return avifPixels(data, p)
		},
	}
}

// orientation returns what turns and mirror are as an EXIF orientation, 1..8.
func (p picture) orientation() int {
	const upside, sideways = 1, 2 // which mirror; 0 is none
	table := [4][3]int{{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}}
	mirror := 0
	if p.mirrored {
		mirror = upside
		if p.mirror == 1 {
			mirror = sideways
		}
	}
	return table[p.turns][mirror]
}

// hasBrand reports whether a file says that it is of one of the brands (ISO/IEC 14496-12, section 4.3).
func hasBrand(data []byte, brands ...string) bool {
	const head, most = 8, 64 // brands that are looked at
	if len(data) < head+8 || string(data[4:8]) != "ftyp" {
		return false
	}
	size := int(uint32(data[0])<<24 | uint32(data[1])<<16 | uint32(data[2])<<8 | uint32(data[3]))
	if size < head || size > len(data) {
		return false
	}
	body := data[head:size]
	for n := 0; len(body) >= 4 && n < most; n++ {
		if n != 1 { // the second four bytes are a version
			for _, b := range brands {
				if bytes.Equal(body[:4], []byte(b)) {
					return true
				}
			}
		}
		body = body[4:]
	}
	return false
}
