package heif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// picture is what the boxes of a file say of its primary item (ISO/IEC 23008-12, sections 6 and
// 9.3; ISO/IEC 14496-12, section 8.11; MIAF, ISO/IEC 23000-22, section 7.3.6, for the order of turns).
type picture struct {
	width, height int  // as stored
	crop          bool // shown are cropW × cropH of them
	cropW, cropH  int
	turns         int  // a quarter each, anticlockwise
	mirrored      bool // after the turns
	mirror        byte // 0: top and bottom are exchanged, 1: left and right
	colour        colour
}

// colour says how luma and chroma make RGB (ITU-T H.273, tables 2 to 4). Where a file is silent it
// is that of JPEG, as libheif has it.
type colour struct {
	matrix uint16
	full   bool
}

// shown returns the size after crop and turns.
func (p picture) shown() (w, h int) {
	w, h = p.width, p.height
	if p.crop {
		w, h = p.cropW, p.cropH
	}
	if p.turns%2 == 1 {
		w, h = h, w
	}
	return w, h
}

// eachBox calls visit with the type and the content of each box in data, until it returns an error.
func eachBox(data []byte, visit func(kind string, body []byte) error) error {
	for len(data) > 0 {
		if len(data) < 8 {
			return io.ErrUnexpectedEOF
		}
		size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		switch size {
		case 0: // to the end of the file
			size = uint64(len(data))
		case 1:
			if len(data) < 16 {
				return io.ErrUnexpectedEOF
			}
			size, head = binary.BigEndian.Uint64(data[8:]), 16
		}
		if size < head {
			return errors.New("box shorter than its head")
		}
		if size > uint64(len(data)) {
			return io.ErrUnexpectedEOF
		}
		if err := visit(string(data[4:8]), data[head:size]); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}

// primary reads the boxes of a file.
func primary(data []byte) (picture, error) {
	var meta []byte
	err := eachBox(data, func(kind string, body []byte) error {
		if kind == "meta" && meta == nil {
			meta = body
		}
		return nil
	})
	if err != nil {
		return picture{}, err
	}
	if len(meta) < 4 {
		return picture{}, errors.New("no meta box: a film, not a picture")
	}
	var id uint32
	var properties, associations []byte
	err = eachBox(meta[4:], func(kind string, body []byte) error {
		switch kind {
		case "pitm":
			id, err = itemID(body)
			return err
		case "iprp":
			return eachBox(body, func(kind string, body []byte) error {
				switch kind {
				case "ipco":
					properties = body
				case "ipma":
					associations = body
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return picture{}, err
	}
	own, err := associated(associations, id)
	if err != nil {
		return picture{}, err
	}
	return describe(properties, own)
}

// itemID reads a pitm box.
func itemID(body []byte) (uint32, error) {
	r := reader{rest: body}
	version := r.number(4) >> 24
	size := 2
	if version > 0 {
		size = 4
	}
	id := r.number(size)
	return id, r.err
}

// associated returns the numbers, from 1, of the properties that belong to item id.
func associated(body []byte, id uint32) (map[uint32]bool, error) {
	r := reader{rest: body}
	head := r.number(4)
	idSize, indexSize := 2, 1
	if head>>24 > 0 {
		idSize = 4
	}
	if head&1 != 0 {
		indexSize = 2
	}
	own := map[uint32]bool{}
	for range r.number(4) {
		item := r.number(idSize)
		for range r.number(1) {
			index := r.number(indexSize) &^ (1 << (8*indexSize - 1)) // the top bit says essential
			if item == id {
				own[index] = true
			}
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return own, r.err
}

// describe reads those of the properties that are own.
func describe(properties []byte, own map[uint32]bool) (picture, error) {
	const rgbMatrix, fullRange = 6, true
	p := picture{colour: colour{matrix: rgbMatrix, full: fullRange}}
	n := uint32(0)
	err := eachBox(properties, func(kind string, body []byte) error {
		if n++; !own[n] {
			return nil
		}
		r := reader{rest: body}
		switch kind {
		case "ispe":
			r.number(4)
			p.width, p.height = int(r.number(4)), int(r.number(4))
		case "irot":
			p.turns = int(r.number(1) & 3)
		case "imir":
			p.mirrored, p.mirror = true, byte(r.number(1)&1)
		case "clap":
			w, wd, h, hd := r.number(4), r.number(4), r.number(4), r.number(4)
			if r.err == nil && (wd == 0 || hd == 0) {
				return errors.New("aperture divided by 0")
			}
			if r.err == nil {
				p.crop, p.cropW, p.cropH = true, int(w/wd), int(h/hd)
			}
		case "colr":
			if len(body) >= 4 && string(body[:4]) == "nclx" {
				r.number(4)
				r.number(4) // primaries and transfer
				p.colour = colour{uint16(r.number(2)), r.number(1)&0x80 != 0}
			}
		}
		if r.err != nil {
			return fmt.Errorf("box %q: %w", kind, r.err)
		}
		return nil
	})
	if err == nil && (p.width == 0 || p.height == 0) {
		err = errors.New("the primary picture has no size")
	}
	return p, err
}

// reader reads big-endian numbers until there are no more.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) number(size int) uint32 {
	if len(r.rest) < size {
		r.rest, r.err = nil, io.ErrUnexpectedEOF
		return 0
	}
	var v uint32
	for _, b := range r.rest[:size] {
		v = v<<8 | uint32(b)
	}
	r.rest = r.rest[size:]
	return v
}
