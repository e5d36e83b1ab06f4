package decode

import (
	"bytes"
	"compress/lzw"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
)

// gifHeader reads the size of the logical screen, the canvas that frames lie on.
func gifHeader(data []byte) (header, error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data[:min(len(data), prefix)]))
	// Two bytes for the indices (the second when interlaced) and the canvas.
	return header{width: c.Width, height: c.Height, perPixel: 2 + 4 + 4, orientation: 1, mode: inPalette, more: moreFrames(data)}, err
}

// moreFrames reports whether a second frame follows the first.
func moreFrames(data []byte) bool {
	at, err := firstFrame(data)
	if err != nil || len(data) < at+descriptorSize {
		return false
	}
	at += descriptorSize + colourTable(data[at+descriptorSize-1])
	if at, err = behindBlocks(data, at+1); err != nil { // behind the size of codes
		return false
	}
	_, err = nextFrame(data, at)
	return err == nil
}

// descriptorSize is the bytes of an image descriptor (GIF 89a, section 20).
const descriptorSize = 10

// surplusGIF is what image/gif says of a frame whose data go on after its last pixel. Browsers
// show such a picture: all of it is there.
const surplusGIF = "gif: too much image data"

// decodeGIF returns the first frame, laid on a white canvas where it is smaller
// than the logical screen.
func decodeGIF(_ context.Context, data []byte, h header) (image.Image, error) {
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil && err.Error() == surplusGIF {
		if data, err = withoutSurplus(data); err == nil {
			frame, err = gif.Decode(bytes.NewReader(data))
		}
	}
	if err != nil {
		return nil, err
	}
	canvas := image.Rect(0, 0, h.width, h.height)
	if frame.Bounds() == canvas {
		return frame, nil
	}
	if frame.Bounds().Empty() {
		return nil, errors.New("first frame has no pixels")
	}
	flat, err := flatten(frame, true)
	if err != nil {
		return nil, err
	}
	img := image.NewNRGBA(canvas)
	draw.Draw(img, canvas, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(img, frame.Bounds(), flat, image.Point{}, draw.Src)
	return img, nil
}

// withoutSurplus returns the file up to its first frame, whose indices are compressed anew and end
// at the last pixel (GIF 89a, sections 15 to 22 and appendix F).
func withoutSurplus(data []byte) ([]byte, error) {
	descriptor, err := firstFrame(data)
	if err != nil {
		return nil, err
	}
	const literal = 2 // of the smallest code
	at := descriptor + descriptorSize
	if len(data) <= at {
		return nil, io.ErrUnexpectedEOF
	}
	at += colourTable(data[at-1])
	if len(data) <= at || data[at] < literal || data[at] > 8 {
		return nil, errors.New("frame has no size of codes")
	}
	w, h := binary.LittleEndian.Uint16(data[descriptor+5:]), binary.LittleEndian.Uint16(data[descriptor+7:])
	indices := make([]byte, int(w)*int(h))
	r := lzw.NewReader(&subBlocks{rest: data[at+1:]}, lzw.LSB, int(data[at]))
	if _, err := io.ReadFull(r, indices); err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	lw := lzw.NewWriter(&packed, lzw.LSB, int(data[at]))
	if _, err := lw.Write(indices); err != nil {
		return nil, err
	}
	if err := lw.Close(); err != nil {
		return nil, err
	}
	whole := bytes.Clone(data[:at+1])
	for packed.Len() > 0 {
		block := packed.Next(255)
		whole = append(append(whole, byte(len(block))), block...)
	}
	return append(whole, 0, ';'), nil
}

// firstFrame returns where the first image descriptor of a GIF file begins.
func firstFrame(data []byte) (int, error) {
	const screen = 13 // signature and logical screen descriptor
	if len(data) < screen {
		return 0, io.ErrUnexpectedEOF
	}
	return nextFrame(data, screen+colourTable(data[10]))
}

// nextFrame returns where the first image descriptor at a place or behind it begins.
func nextFrame(data []byte, at int) (_ int, err error) {
	for at < len(data) {
		switch data[at] {
		case ',':
			return at, nil
		case '!': // an extension: its label, then blocks
			if at, err = behindBlocks(data, at+2); err != nil {
				return 0, err
			}
		default:
			return 0, errors.New("unknown block")
		}
	}
	return 0, io.ErrUnexpectedEOF
}

// behindBlocks returns where a chain of blocks that begins at a place ends.
func behindBlocks(data []byte, at int) (int, error) {
	b := subBlocks{rest: data[min(at, len(data)):]}
	_, err := io.Copy(io.Discard, &b)
	return len(data) - len(b.rest), err
}

// colourTable returns the size in bytes of the table that fields announce.
func colourTable(fields byte) int {
	if fields&0x80 == 0 {
		return 0
	}
	return 3 << (1 + fields&7)
}

// subBlocks reads what a chain of blocks holds, each with its size before it, up to the empty one.
type subBlocks struct {
	block, rest []byte
	ended       bool
}

// Read implements io.Reader.
func (b *subBlocks) Read(p []byte) (int, error) {
	for len(b.block) == 0 {
		if b.ended {
			return 0, io.EOF
		}
		if len(b.rest) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		n := int(b.rest[0])
		if n >= len(b.rest) {
			return 0, io.ErrUnexpectedEOF
		}
		b.block, b.rest, b.ended = b.rest[1:1+n], b.rest[1+n:], n == 0
	}
	n := copy(p, b.block)
	b.block = b.block[n:]
	return n, nil
}
