package decode

import (
	"encoding/binary"
	"errors"
)

// Types of the values of a field that are whole numbers (TIFF 6.0, section 2).
const byteType, shortType, longType = 1, 3, 4

// ifd is a directory of TIFF, which EXIF has, too. Its methods are about its first field.
type ifd struct {
	order  binary.ByteOrder
	fields []byte // those that are left, whole ones
	cut    bool   // fields are missing
	after  uint32 // where the next directory begins; 0: there is none
}

const fieldSize = 12

// firstDirectory finds the first directory in data. The error says that there is none.
func firstDirectory(data []byte) (d ifd, err error) {
	if len(data) < 8 {
		return d, errNoDirectory
	}
	switch string(data[:4]) {
	case "II*\x00":
		d.order = binary.LittleEndian
	case "MM\x00*":
		d.order = binary.BigEndian
	default:
		return d, errNoDirectory
	}
	return d.at(data, d.order.Uint32(data[4:]))
}

// at returns the directory that begins at a place of data.
func (d ifd) at(data []byte, place uint32) (ifd, error) {
	if int64(place)+2 > int64(len(data)) {
		return d, errNoDirectory
	}
	n := fieldSize * int(d.order.Uint16(data[place:]))
	d.fields = data[place+2:]
	d.cut, d.after = n > len(d.fields), 0
	if len(d.fields) >= n+4 {
		d.after = d.order.Uint32(d.fields[n:])
	}
	d.fields = d.fields[:min(n, len(d.fields)/fieldSize*fieldSize)]
	return d, nil
}

var errNoDirectory = errors.New("no directory")

func (d *ifd) next() { d.fields = d.fields[fieldSize:] }

func (d *ifd) tag() uint16 { return d.order.Uint16(d.fields) }

// size returns the bytes of a value, 0 where it is no whole number.
func (d *ifd) size() uint32 {
	switch d.order.Uint16(d.fields[2:]) {
	case byteType:
		return 1
	case shortType:
		return 2
	case longType:
		return 4
	}
	return 0
}

func (d *ifd) count() uint32 { return d.order.Uint32(d.fields[4:]) }

// value returns the last four bytes: the values, or where they are.
func (d *ifd) value() []byte { return d.fields[8:fieldSize] }

// number returns the whole number at the beginning of value, 0 where it is none.
func (d *ifd) number(value []byte) uint32 {
	switch d.size() {
	case 1:
		return uint32(value[0])
	case 2:
		return uint32(d.order.Uint16(value))
	case 4:
		return d.order.Uint32(value)
	}
	return 0
}
