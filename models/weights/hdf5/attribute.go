package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Attributes are read here and not by HDF5 1.10, which crashes or never ends on a few bytes of
// them that were altered. HDF5 File Format Specification, version 3.0, sections IV.A.1.a,
// IV.A.2.b, d, m and q, and III.E.

// Kinds of messages in an object header, and classes of data types.
const (
	attributeMessage    = 0x0c
	continuationMessage = 0x10
	textClass           = 3
	variableClass       = 9 // a sequence or, by the next byte, a string in a heap
)

// Limits of an object header.
const (
	maxBlocks = 64      // that continue it
	maxBlock  = 1 << 20 // bytes of each; Keras' have hundreds
)

var errAttributes = errors.New("the file is damaged: its attributes are cut off or point nowhere")

// textAttribute returns an attribute that is one string, of the object whose header begins at
// an address: "" where there is none of this name, one of another type, or a header of version 2,
// which Keras does not write.
func textAttribute(r io.ReaderAt, header int64, name string) (string, error) {
	head, err := bytesAt(r, header, 16)
	if err != nil || head[0] != 1 {
		return "", err
	}
	type block struct{ at, size uint64 }
	blocks := []block{{uint64(header) + 16, uint64(binary.LittleEndian.Uint32(head[8:]))}}
	for i := 0; i < len(blocks); i++ {
		if i > maxBlocks || blocks[i].size > maxBlock {
			return "", errAttributes
		}
		data, err := bytesAt(r, int64(blocks[i].at), int64(blocks[i].size))
		if err != nil {
			return "", err
		}
		for len(data) >= 8 {
			kind, size := binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:]))
			if data = data[8:]; size > len(data) {
				return "", errAttributes
			}
			switch {
			case kind == continuationMessage && size >= 16:
				blocks = append(blocks, block{binary.LittleEndian.Uint64(data),
					binary.LittleEndian.Uint64(data[8:])})
			case kind == attributeMessage:
				if a, ok := parseAttribute(data[:size]); ok && a.name == name {
					return a.text(r)
				}
			}
			data = data[size:]
		}
	}
	return "", nil
}

// attribute is the message of one.
type attribute struct {
	name              string
	kind, space, data []byte // type, shape and content
}

// parseAttribute takes a message apart. Not ok are those that share their type with others.
func parseAttribute(m []byte) (a attribute, ok bool) {
	if len(m) < 8 {
		return a, false
	}
	version, shared, pad := m[0], m[1], 1
	rest := m[8:]
	switch {
	case version == 1:
		shared, pad = 0, 8
	case version == 3 && len(rest) > 0:
		rest = rest[1:] // the encoding of the name
	case version != 2:
		return a, false
	}
	var parts [3][]byte
	for i := range parts {
		size := int(binary.LittleEndian.Uint16(m[2+2*i:]))
		padded := (size + pad - 1) / pad * pad
		if padded > len(rest) {
			return a, false
		}
		parts[i], rest = rest[:size], rest[padded:]
	}
	return attribute{untilZero(parts[0]), parts[1], parts[2], rest}, shared == 0
}

// text returns the content of a, "" where it is not one string.
func (a attribute) text(r io.ReaderAt) (string, error) {
	if len(a.kind) < 8 || len(a.space) < 2 || a.space[1] != 0 { // the number of dimensions
		return "", nil
	}
	switch class := a.kind[0] & 15; {
	case class == textClass:
		size := binary.LittleEndian.Uint32(a.kind[4:])
		if uint64(size) > uint64(len(a.data)) {
			return "", errAttributes
		}
		return untilZero(a.data[:size]), nil
	case class == variableClass && a.kind[1]&15 == 1:
		if len(a.data) < 16 {
			return "", errAttributes
		}
		length, at := binary.LittleEndian.Uint32(a.data), binary.LittleEndian.Uint64(a.data[4:])
		text, err := heapObject(r, int64(at), binary.LittleEndian.Uint32(a.data[12:]))
		if err != nil || uint64(length) > uint64(len(text)) {
			return "", errors.Join(errAttributes, err)
		}
		return untilZero(text[:length]), nil
	}
	return "", nil
}

// bytesAt returns n bytes of a file, n limited by the caller.
func bytesAt(r io.ReaderAt, at, n int64) ([]byte, error) {
	data := make([]byte, n)
	if at < 0 {
		return nil, errAttributes
	}
	if got, err := r.ReadAt(data, at); got < len(data) {
		return nil, fmt.Errorf("%w (%w)", errAttributes, err)
	}
	return data, nil
}

// untilZero returns a string of fixed length without the zeros that fill it.
func untilZero(text []byte) string {
	text, _, _ = bytes.Cut(text, []byte{0})
	return string(text)
}
