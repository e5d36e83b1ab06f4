package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/tiff"
)

// Tags of TIFF 6.0 (sections 8 and 14 to 19) and of what other formats put into its frame.
const (
	tagSubfile, tagWidth, tagLength    = 254, 256, 257
	tagBits, tagCompression, tagColour = 258, 259, 262
	tagSamples, tagRows                = 277, 278
	tagPlanes, tagTileWidth            = 284, 322
	tagTileLength, tagDNG              = 323, 50706
)

// tiffHeader reads the first directory of a TIFF file, of which the others are other pages. The
// raw files of cameras are TIFF files, too, whose first picture is a small one or a mosaic of
// colours: they are refused, and what they hold is never taken for the photo.
func tiffHeader(data []byte) (header, error) {
	d, err := firstDirectory(data)
	if err != nil {
		return header{}, io.ErrUnexpectedEOF
	}
	tags, err := fieldsOf(d, data)
	if err != nil {
		return header{}, err
	}
	if tags[tagDNG] != 0 || tags[tagSubfile]&1 != 0 || bytes.HasPrefix(data[8:], []byte("CR\x02")) {
		return header{}, fmt.Errorf("%w raw file of a camera: give the JPEG or TIFF made from it", errUnsupported)
	}
	if tags[tagPlanes] == 2 && tags[tagSamples] > 1 {
		return header{}, fmt.Errorf("%w separate planes of colour", errUnsupported)
	}
	h := header{width: int(tags[tagWidth]), height: int(tags[tagLength]), orientation: orientation(data), more: morePages(d, data)}
	samples := max(float64(tags[tagSamples]), 1)
	decoder, result := 4.0, 0.0 // RGBA or NRGBA, which becomes the result in place
	switch {
	case tags[tagBits] == 16 && samples > 1:
		decoder, result = 8, 4
	case tags[tagBits] == 16:
		decoder, result = 2, 4
	case samples == 1:
		decoder, result = 1, 4
	}
	// A strip or a tile is held unpacked: the decoder takes at most 8 bytes a pixel of it.
	unpacked := 8.0
	if tags[tagCompression] > 1 {
		unpacked *= 3 // it grows to that by doubling
	}
	rows := float64(min(h.height, int(tags[tagRows])))
	if rows == 0 {
		rows = float64(h.height)
	}
	area := float64(h.width) * rows
	if w, l := tags[tagTileWidth], tags[tagTileLength]; w != 0 {
		area = float64(w) * float64(l)
	}
	whole := float64(h.width) * float64(h.height)
	switch h.mode = inColour; {
	case tags[tagColour] == 3:
		h.mode = inPalette
	case samples == 1:
		h.mode = inGrey
	case samples > 3:
		h.mode += withAlpha
	}
	if tags[tagBits] == 16 {
		h.mode += of16Bits
	}
	h.perPixel = decoder + result + unpacked*area/max(whole, 1)
	return h, nil
}

// morePages reports whether another picture follows that is not a small one of the first.
func morePages(d ifd, data []byte) bool {
	const small = 1 // bit of NewSubfileType
	if d.after == 0 {
		return false
	}
	next, err := d.at(data, d.after)
	if err != nil {
		return false
	}
	tags, err := fieldsOf(next, data)
	return err == nil && tags[tagSubfile]&small == 0
}

// fieldsOf returns the first value of each numeric field in a directory of data.
func fieldsOf(d ifd, data []byte) (map[uint16]uint32, error) {
	if d.cut {
		return nil, io.ErrUnexpectedEOF
	}
	tags := map[uint16]uint32{}
	for ; len(d.fields) > 0; d.next() {
		size, value := d.size(), d.value()
		if size == 0 || d.count() == 0 {
			continue
		}
		if d.count() > 4/size { // the field holds where the values are
			from := int64(d.order.Uint32(value))
			if from+int64(size) > int64(len(data)) {
				return nil, io.ErrUnexpectedEOF
			}
			value = data[from:]
		}
		tags[d.tag()] = d.number(value)
	}
	if tags[tagColour] == 0 && tags[tagBits] == 0 && tags[tagWidth] == 0 {
		return nil, errors.New("first directory is not of a picture")
	}
	return tags, nil
}

// decodeTIFF turns what was sent as a fax and says that black is zero: a white run is a run of
// zeros (TIFF 6.0, section 11), and the decoder takes it for white whatever zero means.
func decodeTIFF(_ context.Context, data []byte, _ header) (image.Image, error) {
	img, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	d, err := firstDirectory(data)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	tags, err := fieldsOf(d, data)
	if err != nil {
		return nil, err
	}
	const group3, group4, blackIsZero = 3, 4, 1
	fax := tags[tagCompression] == group3 || tags[tagCompression] == group4
	if grey, ok := img.(*image.Gray); ok && fax && tags[tagColour] == blackIsZero {
		for i, v := range grey.Pix {
			grey.Pix[i] = 255 - v
		}
	}
	return img, nil
}
