// Package matlab reads variables from MATLAB files of version 5:
//
//	bytes → elements, inflated where they are packed → Value of each variable
//
// It follows "MAT-File Format", The MathWorks, chapter 1. Structures, cells, text and real numbers
// are read; sparse and complex ones and objects are refused.
package matlab

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf16"
)

// Bounds of what is read: far above what lists of images need.
const (
	maxBytes = 32 << 20 // of all elements, once they are unpacked
	maxDepth = 16       // values inside each other
)

// Value is an array of MATLAB, its elements in the order of the file, column by column.
type Value struct {
	Numbers []float64          // of numbers
	Text    string             // of characters
	Cells   []Value            // of a cell array
	Fields  map[string][]Value // of structures: each field of all of them
}

// Text returns the text of each of list; what is none is "".
func Text(list []Value) []string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = v.Text
	}
	return texts
}

// Number returns the only number of v. The error says that it has none or several.
func (v Value) Number() (float64, error) {
	if len(v.Numbers) != 1 {
		return 0, fmt.Errorf("%d numbers, want 1", len(v.Numbers))
	}
	return v.Numbers[0], nil
}

// Types of data, table 1-1, and classes of arrays, table 1-3.
const (
	typeMatrix, typePacked     = 14, 15
	classCell, classStruct     = 1, 2
	classChar, classSparse     = 4, 5
	classDouble, classUint64   = 6, 15
	flagComplex                = 0x0800
	headerBytes, versionOffset = 128, 124
)

var errCut = errors.New("it ends in the middle of an element")

// Read returns the variables of a file by name.
func Read(file []byte) (map[string]Value, error) {
	if len(file) < headerBytes {
		return nil, errCut
	}
	var order binary.ByteOrder
	switch string(file[versionOffset+2 : headerBytes]) {
	case "IM":
		order = binary.LittleEndian
	case "MI":
		order = binary.BigEndian
	default:
		return nil, errors.New("not a MATLAB file of version 5; save it with -v7 or -v6")
	}
	if version := order.Uint16(file[versionOffset:]); version != 0x0100 {
		return nil, fmt.Errorf("MATLAB file of version %#x, want 0x100; save it with -v7 or -v6", version)
	}
	d := &decoder{order, maxBytes}
	variables := map[string]Value{}
	for rest := file[headerBytes:]; len(rest) > 0; {
		e, after, err := d.element(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		if e.kind == typePacked {
			e, err = d.inflate(e.data)
		} else {
			err = d.take(len(e.data))
		}
		if err != nil {
			return nil, err
		}
		if e.kind != typeMatrix {
			continue
		}
		name, v, err := d.matrix(e.data, 0)
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		variables[name] = v
	}
	return variables, nil
}

type decoder struct {
	order binary.ByteOrder
	left  int // bytes that may still be read
}

// take counts bytes that are read.
func (d *decoder) take(size int) error {
	if d.left -= size; d.left < 0 {
		return fmt.Errorf("larger than %d bytes once it is unpacked", maxBytes)
	}
	return nil
}

// element is a piece of a file: its type and its bytes.
type element struct {
	kind uint32
	data []byte
}

// element returns the first element of text, and what follows its padding.
func (d *decoder) element(text []byte) (e element, rest []byte, err error) {
	if len(text) < 8 {
		return e, nil, errCut
	}
	kind, size := d.order.Uint32(text), d.order.Uint32(text[4:])
	if small := kind >> 16; small != 0 { // up to four bytes lie in the tag itself
		if small > 4 {
			return e, nil, fmt.Errorf("a small element of %d bytes, want at most 4", small)
		}
		return element{kind & 0xffff, text[4 : 4+small]}, text[8:], nil
	}
	if uint64(size) > uint64(len(text)-8) {
		return e, nil, errCut
	}
	end := 8 + int(size)
	if kind != typePacked {
		end = min((end+7)/8*8, len(text))
	}
	return element{kind, text[8 : 8+size]}, text[end:], nil
}

func (d *decoder) inflate(packed []byte) (element, error) {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return element{}, err
	}
	text, err := io.ReadAll(io.LimitReader(z, int64(d.left)+1))
	if err == nil {
		err = d.take(len(text))
	}
	if err != nil {
		return element{}, err
	}
	e, _, err := d.element(text)
	return e, err
}

// matrix returns the array in the bytes of an element, and its name.
func (d *decoder) matrix(text []byte, depth int) (name string, v Value, err error) {
	if len(text) == 0 { // an empty array, as fields have it
		return "", v, nil
	}
	if depth > maxDepth {
		return "", v, fmt.Errorf("more than %d arrays inside each other", maxDepth)
	}
	var head [3]element // flags, dimensions, name
	for i := range head {
		if head[i], text, err = d.element(text); err != nil {
			return "", v, err
		}
	}
	name = string(head[2].data)
	if len(head[0].data) < 8 {
		return name, v, errCut
	}
	flags := d.order.Uint32(head[0].data)
	count := 1
	for at := 0; at+4 <= len(head[1].data); at += 4 {
		count *= int(d.order.Uint32(head[1].data[at:]))
		if count > len(text)/8+1<<20 || count < 0 {
			return name, v, errCut
		}
	}
	switch class := flags & 0xff; {
	case flags&flagComplex != 0 || class == classSparse:
		return name, v, errors.New("sparse and complex arrays are not read")
	case class == classCell:
		v.Cells, _, err = d.matrices(text, count, depth)
	case class == classStruct:
		v.Fields, err = d.structs(text, count, depth)
	case class == classChar:
		v.Text, err = d.text(text)
	case class >= classDouble && class <= classUint64:
		v.Numbers, err = d.numbers(text)
	default:
		err = fmt.Errorf("arrays of class %d are not read", class)
	}
	return name, v, err
}

// matrices returns so many arrays, and what follows them.
func (d *decoder) matrices(text []byte, count, depth int) (list []Value, rest []byte, err error) {
	for range count {
		var e element
		if e, text, err = d.element(text); err != nil {
			return nil, nil, err
		}
		if e.kind != typeMatrix {
			return nil, nil, fmt.Errorf("an element of type %d, want an array", e.kind)
		}
		_, v, err := d.matrix(e.data, depth+1)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, v)
	}
	return list, text, nil
}

func (d *decoder) structs(text []byte, count, depth int) (map[string][]Value, error) {
	length, text, err := d.element(text)
	if err != nil {
		return nil, err
	}
	table, text, err := d.element(text)
	if err != nil {
		return nil, err
	}
	if len(length.data) < 4 {
		return nil, errCut
	}
	width := int(d.order.Uint32(length.data))
	if width < 1 || width > len(table.data) && len(table.data) > 0 {
		return nil, fmt.Errorf("names of fields are %d bytes long", width)
	}
	var names []string
	fields := map[string][]Value{}
	for at := 0; at+width <= len(table.data); at += width {
		name, _, _ := bytes.Cut(table.data[at:at+width], []byte{0})
		names = append(names, string(name))
		fields[string(name)] = nil
	}
	for range count {
		var one []Value
		if one, text, err = d.matrices(text, len(names), depth); err != nil {
			return nil, err
		}
		for i, name := range names {
			fields[name] = append(fields[name], one[i])
		}
	}
	return fields, nil
}

func (d *decoder) text(text []byte) (string, error) {
	e, _, err := d.element(text)
	if err != nil {
		return "", err
	}
	if e.kind == 4 || e.kind == 17 { // 16 bits for a character
		units := make([]uint16, len(e.data)/2)
		for i := range units {
			units[i] = d.order.Uint16(e.data[2*i:])
		}
		return string(utf16.Decode(units)), nil
	}
	return string(e.data), nil // ASCII or UTF-8
}

// sizes are the bytes of a number of each type, table 1-1.
var sizes = map[uint32]int{1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}

func (d *decoder) numbers(text []byte) ([]float64, error) {
	e, _, err := d.element(text)
	if err != nil {
		return nil, err
	}
	size, ok := sizes[e.kind]
	if !ok {
		return nil, fmt.Errorf("numbers of type %d are not read", e.kind)
	}
	list := make([]float64, len(e.data)/size)
	for i := range list {
		list[i] = d.number(e.kind, e.data[i*size:])
	}
	return list, nil
}

func (d *decoder) number(kind uint32, b []byte) float64 {
	switch kind {
	case 1:
		return float64(int8(b[0]))
	case 2:
		return float64(b[0])
	case 3:
		return float64(int16(d.order.Uint16(b)))
	case 4:
		return float64(d.order.Uint16(b))
	case 5:
		return float64(int32(d.order.Uint32(b)))
	case 6:
		return float64(d.order.Uint32(b))
	case 7:
		return float64(math.Float32frombits(d.order.Uint32(b)))
	case 9:
		return math.Float64frombits(d.order.Uint64(b))
	case 12:
		return float64(int64(d.order.Uint64(b)))
	}
	return float64(d.order.Uint64(b))
}
