package libtensorflow

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// archive writes a static library of object files, with the index of their symbols that linkers look
// into, as GNU's ar does:
//
//	"!<arch>\n", the index "/": count, offset of the member of each symbol, names; then the members
//
// ar itself is not asked: it ends well where a write fails.
func archive(path string, objects ...string) error {
	var offsets, names, members bytes.Buffer
	var starts []int // of the member of each symbol, in members
	for _, object := range objects {
		text, err := os.ReadFile(object)
		if err != nil {
			return err
		}
		symbols, err := defined(text)
		if err != nil {
			return fmt.Errorf("object %q: %w", object, err)
		}
		for _, name := range symbols {
			names.WriteString(name + "\x00")
			starts = append(starts, members.Len())
		}
		member(&members, filepath.Base(object)+"/", 0o644, text)
	}
	const magic, head = "!<arch>\n", 60 // bytes of the head of a member
	if names.Len()%2 == 1 {
		names.WriteByte(0)
	}
	first := len(magic) + head + 4 + 4*len(starts) + names.Len()      // where members begin in the file
	_ = binary.Write(&offsets, binary.BigEndian, uint32(len(starts))) // to memory: it cannot fail
	for _, start := range starts {
		_ = binary.Write(&offsets, binary.BigEndian, uint32(first+start)) // likewise
	}
	library := bytes.NewBufferString(magic)
	member(library, "/", 0, append(offsets.Bytes(), names.Bytes()...))
	return os.WriteFile(path, append(library.Bytes(), members.Bytes()...), 0o644)
}

// member appends a file to an archive: members begin at even offsets.
func member(to *bytes.Buffer, name string, mode int, text []byte) {
	fmt.Fprintf(to, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, 0, 0, 0, mode, len(text))
	to.Write(text)
	if len(text)%2 == 1 {
		to.WriteByte('\n')
	}
}

// defined returns the symbols that an object file has for others.
func defined(object []byte) (names []string, err error) {
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if errors.Is(err, elf.ErrNoSymbols) {
		return nil, nil
	}
	for _, s := range symbols {
		if elf.ST_BIND(s.Info) != elf.STB_LOCAL && s.Section != elf.SHN_UNDEF {
			names = append(names, s.Name)
		}
	}
	return names, err
}
