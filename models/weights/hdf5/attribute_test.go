package hdf5

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// Where the parts of objectFile lie.
const (
	objectAt = 8
	moreAt   = 256
	heapAt   = 512
)

// objectFile returns a file with an object header of version 1, whose attributes are "fixed"
// in the header itself, then "heap" and "list" in a block that continues it, as messages of
// this version. The string of "heap" is object 2 of a heap.
func objectFile(version byte) []byte {
	le := binary.LittleEndian
	message := func(kind uint16, data []byte) []byte {
		m := le.AppendUint16(le.AppendUint16(nil, kind), uint16(len(data)))
		return append(append(m, 0, 0, 0, 0), data...)
	}
	attribute := func(name string, kind, space, content []byte) []byte {
		m, pad := []byte{version, 0}, 1
		parts := [][]byte{append([]byte(name), 0), kind, space}
		for _, p := range parts {
			m = le.AppendUint16(m, uint16(len(p)))
		}
		switch version {
		case 1:
			pad = 8
		case 3:
			m = append(m, 1) // UTF-8
		}
		for _, p := range parts {
			m = append(append(m, p...), make([]byte, (pad-len(p)%pad)%pad)...)
		}
		return message(attributeMessage, append(m, content...))
	}
	text, variable := []byte{0x13, 0, 0, 0, 6, 0, 0, 0}, []byte{0x19, 1, 0, 0, 16, 0, 0, 0}
	scalar, three := []byte{1, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}
	reference := le.AppendUint32(le.AppendUint64(le.AppendUint32(nil, 4), heapAt), 2)
	first := append(attribute("fixed", text, scalar, []byte("four\x00\x00")),
		message(continuationMessage, le.AppendUint64(le.AppendUint64(nil, moreAt), 200))...)
	more := append(attribute("heap", variable, scalar, reference), attribute("list", text, three, make([]byte, 18))...)

	file := make([]byte, heapAt+64)
	file[objectAt] = 1
	le.PutUint32(file[objectAt+8:], uint32(len(first)))
	copy(file[objectAt+16:], first)
	copy(file[moreAt:], more)
	heap := append([]byte(heapSignature), 64, 0, 0, 0, 0, 0, 0, 0)
	for i, s := range []string{"one\x00\x00\x00\x00\x00", "conv\x00\x00\x00\x00"} {
		heap = append(heap, byte(i+1), 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0)
		heap = append(heap, s...)
	}
	copy(file[heapAt:], heap)
	return file
}

// TestTextAttribute: strings of fixed length and in a heap are found, in each version of the
// message; what is no one string is none.
func TestTextAttribute(t *testing.T) {
	for version := byte(1); version <= 3; version++ {
		file := bytes.NewReader(objectFile(version))
		for name, want := range map[string]string{"fixed": "four", "heap": "conv", "list": "", "other": ""} {
			got, err := textAttribute(file, objectAt, name)
			if err != nil || got != want {
				t.Errorf("version %d: %q is %q, %v, want %q", version, name, got, err, want)
			}
		}
	}
}

// TestTextAttributeDamaged: whatever a byte is changed to, and wherever the file ends, there is
// an answer.
func TestTextAttributeDamaged(t *testing.T) {
	for version := byte(1); version <= 3; version++ {
		file := objectFile(version)
		for at := range file {
			for _, value := range []byte{0, 1, 0x7f, 0xff} {
				damaged := bytes.Clone(file)
				damaged[at] = value
				_, _ = textAttribute(bytes.NewReader(damaged), objectAt, "heap")
			}
			_, _ = textAttribute(bytes.NewReader(file[:at]), objectAt, "heap")
		}
	}
	for want, edit := range map[string]func([]byte) []byte{
		"cut off or point nowhere": func(f []byte) []byte { return f[:objectAt+20] },
		"no heap begins at 512":    func(f []byte) []byte { clear(f[heapAt:]); return f },
		"has no object 2":          func(f []byte) []byte { clear(f[heapAt+40:]); return f },
		"limit 16777216":           func(f []byte) []byte { f[heapAt+11] = 2; return f },
		"an object of 16777220":    func(f []byte) []byte { f[heapAt+heapHeader+11] = 1; return f },
		"the heap is cut off":      func(f []byte) []byte { return f[:heapAt+heapHeader+2] },
	} {
		_, err := textAttribute(bytes.NewReader(edit(objectFile(1))), objectAt, "heap")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("textAttribute = %v, want %q in it", err, want)
		}
	}
	loop := objectFile(1) // the block behind it goes on with itself
	binary.LittleEndian.PutUint16(loop[moreAt:], continuationMessage)
	binary.LittleEndian.PutUint64(loop[moreAt+8:], moreAt)
	binary.LittleEndian.PutUint64(loop[moreAt+16:], 64)
	if _, err := textAttribute(bytes.NewReader(loop), objectAt, "none"); err == nil {
		t.Error("a header that goes on for ever is no error")
	}
}
