package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
)

// Markers of ITU-T T.81, table B.1.
const (
	markerSOF0, markerSOF2  = 0xc0, 0xc2
	markerDHT, markerJPG    = 0xc4, 0xc8
	markerDAC, markerSOF15  = 0xcc, 0xcf
	markerRST0, markerRST7  = 0xd0, 0xd7
	markerEOI, markerSOS    = 0xd9, 0xda
	markerDRI, markerAPP0   = 0xdd, 0xe0
	markerAPP1, markerAPP14 = 0xe1, 0xee
)

const (
	maxComponents    = 4   // CMYK
	maxScans         = 100 // libjpeg writes 10; each costs a pass over all coefficients
	coefficientBytes = 4   // image/jpeg keeps those of progressive files as int32
)

// frame is what the walk over a JPEG finds out.
type frame struct {
	header
	components [maxComponents]struct {
		id, h, v byte
		scanned  bool // a scan brings its first coefficients
	}
	n           int // components
	scans       int
	progressive bool
	// What tells whether a file is plain:
	precision byte // bits of a sample
	inFirst   int  // components of the first scan
	tables    bool // the file has Huffman tables
	interval  int  // units between restart markers before the first scan; 0: none
	odd       bool // something that libjpeg would warn of on standard error, and then pass over
}

// jpegHeader walks the markers of the whole file, for jpeg.DecodeConfig does not
// tell the coding, the sampling or the orientation, and jpeg.Decode paints
// components without a scan as zero.
func jpegHeader(data []byte) (header, error) {
	var f frame
	ended := false
	var scan []byte // from the data of the last scan on
	for rest := data[2:]; !ended; {
		f.odd = f.odd || f.scans == 0 && stray(rest)
		marker, segment, next, err := nextSegment(rest)
		if err != nil && f.n > 0 {
			break // the decoder says where the file ends
		}
		if err != nil {
			return header{}, err
		}
		if marker == markerEOI {
			ended, f.more = true, len(next) >= leastMore
			break
		}
		if err := f.read(marker, segment); err != nil {
			return header{}, err
		}
		if rest = next; marker == markerSOS {
			scan = next
		}
	}
	if f.n == 0 {
		return header{}, errors.New("no frame header")
	}
	if ended {
		for _, c := range f.components[:f.n] {
			if !c.scanned {
				return header{}, fmt.Errorf("component %d has no scan", c.id)
			}
		}
		f.header.plain = f.plain(scan)
	}
	f.orientation = max(f.orientation, 1)
	f.perPixel = f.cost()
	f.header.scans = f.scans
	f.mode = inColour
	switch f.n {
	case 1:
		f.mode = inGrey
	case maxComponents:
		f.mode = "CMYK"
	}
	return f.header, nil
}

// leastMore is how many bytes behind the end of a JPEG are more than padding: another picture (CIPA DC-007, the
// multi-picture format), or the film of a photo that moves.
const leastMore = 1 << 10

// stray reports whether data begin with something else than fill bytes and the marker of a segment.
func stray(data []byte) bool {
	fill := 0
	for fill < len(data) && data[fill] == 0xff {
		fill++
	}
	return fill == 0 || fill == len(data) || data[fill] == 0
}

// nextSegment returns the first marker in data, its segment without the length,
// and what follows. Restart markers and other bytes before it are passed over.
func nextSegment(data []byte) (marker byte, segment, next []byte, err error) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return 0, nil, nil, io.ErrUnexpectedEOF
		}
		marker = data[i+1]
		switch {
		case marker == 0xff: // fill byte
			data = data[i+1:]
			continue
		case marker == 0, marker >= markerRST0 && marker <= markerRST7:
			data = data[i+2:]
			continue
		case marker == markerEOI:
			return marker, nil, data[i+2:], nil
		}
		data = data[i+2:]
		break
	}
	if len(data) < 2 {
		return 0, nil, nil, io.ErrUnexpectedEOF
	}
	n := int(binary.BigEndian.Uint16(data))
	if n < 2 {
		return 0, nil, nil, errors.New("segment shorter than its length")
	}
	if n > len(data) {
		return 0, nil, nil, io.ErrUnexpectedEOF
	}
	return marker, data[2:n], data[n:], nil
}

// read takes in one segment.
func (f *frame) read(marker byte, segment []byte) error {
	switch {
	case marker == markerAPP1 && f.orientation == 0 && bytes.HasPrefix(segment, []byte(exifPrefix)):
		f.orientation = orientation(segment) // of the first block, whatever others say
	case marker == markerSOS:
		return f.readScan(segment)
	case marker == markerAPP0 && len(segment) > 5 && bytes.HasPrefix(segment, []byte("JFIF\x00")):
		f.odd = f.odd || segment[5] != 1 // the only revision that there is
	case marker == markerAPP14 && len(segment) > 11 && bytes.HasPrefix(segment, []byte("Adobe")):
		f.odd = f.odd || segment[11] > 1 && f.n != maxComponents // colours that are neither RGB nor YCbCr
	case marker == markerDHT:
		f.tables = true
	case marker == markerDRI && len(segment) == 2 && f.scans == 0:
		f.interval = int(binary.BigEndian.Uint16(segment))
	case marker == markerJPG, marker == markerDAC:
	case marker >= markerSOF0 && marker <= markerSOF2:
		f.progressive = marker == markerSOF2
		return f.readFrame(segment)
	case marker > markerSOF2 && marker <= markerSOF15:
		return fmt.Errorf("%w coding (marker 0xff%02x: lossless, hierarchical or arithmetic)",
			errUnsupported, marker)
	}
	return nil
}

// readFrame reads a frame header (T.81, section B.2.2).
func (f *frame) readFrame(b []byte) error {
	if f.n != 0 {
		return errors.New("two frame headers")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return errors.New("frame header has the wrong length")
	}
	n := int(b[5])
	if n == 0 || n > maxComponents {
		return fmt.Errorf("%w number of components %d", errUnsupported, n)
	}
	f.precision = b[0]
	f.height, f.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	for i := range n {
		c := &f.components[i]
		c.id, c.h, c.v = b[6+3*i], b[7+3*i]>>4, b[7+3*i]&15
		if c.h == 0 || c.v == 0 {
			return errors.New("sampling factor 0")
		}
	}
	f.n = n
	return nil
}

// readScan reads a scan header (T.81, section B.2.3). The first coefficients of a
// component come in a scan whose spectral selection starts at 0.
func (f *frame) readScan(b []byte) error {
	if len(b) < 4 || len(b) != 4+2*int(b[0]) {
		return errors.New("scan header has the wrong length")
	}
	if f.scans++; f.scans > maxScans {
		return fmt.Errorf("more than %d scans", maxScans)
	}
	n := int(b[0])
	if f.scans == 1 {
		f.inFirst = n
		f.odd = f.odd || !bytes.Equal(b[1+2*n:], []byte{0, 63, 0}) && !f.progressive // all coefficients at once
	}
	for i := range n {
		for j := range f.components[:f.n] {
			if f.components[j].id == b[1+2*i] && b[1+2*n] == 0 {
				f.components[j].scanned = true
			}
		}
	}
	return nil
}

// cost returns the bytes per pixel held at once: samples, coefficients if the file
// is progressive, the CMYK copy, and the result.
func (f *frame) cost() float64 {
	var samples, hMax, vMax float64
	for _, c := range f.components[:f.n] {
		hMax, vMax = max(hMax, float64(c.h)), max(vMax, float64(c.v))
		samples += float64(c.h) * float64(c.v)
	}
	samples /= hMax * vMax
	if f.n == 1 {
		samples = 1 // factors of a single component mean nothing (T.81, section A.2.2)
	}
	if f.progressive {
		samples *= 1 + coefficientBytes
	}
	if f.n == maxComponents {
		samples += 4
	}
	return samples + 4
}

func decodeJPEG(ctx context.Context, data []byte, _ header) (image.Image, error) {
	return jpeg.Decode(readUntil(ctx, data))
}
