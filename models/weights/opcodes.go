package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// argument is what follows an opcode of a pickle.
type argument uint8

const (
	nothing argument = iota + 1
	fixed1           // so many bytes
	fixed2
	fixed4
	fixed8
	counted1 // a length in one byte, then so many bytes
	counted4 // in four
	frame    // a length in eight bytes; what it holds are opcodes
	global   // two lines: module and name
)

// opcodes lists those that torch.save writes for a dictionary of tensors, protocols 2 to 5.
var opcodes = map[byte]argument{
	0x80: fixed1,                                                                           // PROTO
	0x95: frame,                                                                            // FRAME
	'.':  nothing,                                                                          // STOP
	'(':  nothing, 't': nothing, ')': nothing, 0x85: nothing, 0x86: nothing, 0x87: nothing, // tuples
	'}': nothing, 's': nothing, 'u': nothing, // dictionaries
	']': nothing, 'a': nothing, 'e': nothing, // lists
	'q': fixed1, 'r': fixed4, 'h': fixed1, 'j': fixed4, 0x94: nothing, // memo
	'N': nothing, 0x88: nothing, 0x89: nothing, // None, True, False
	'K': fixed1, 'M': fixed2, 'J': fixed4, 'G': fixed8, 0x8a: counted1, // numbers
	'X': counted4, 0x8c: counted1, // strings
	'c': global, 0x93: nothing, 'i': global, // what stands for classes and functions
	'R': nothing, 'b': nothing, 'Q': nothing, // call, state, storage
}

// pickleLength returns how many bytes the pickle at the beginning of data takes. It refuses,
// before anything is made of it, opcodes that torch.save does not write, globals that
// no dictionary of tensors needs, and lengths beyond the end.
func pickleLength(data []byte) (int, error) {
	at := 0
	for at < len(data) {
		code := data[at]
		kind, ok := opcodes[code]
		if !ok {
			return 0, fmt.Errorf("the pickle has opcode %#02x, which no dictionary of tensors has", code)
		}
		at++
		n, err := argumentLength(kind, data[at:])
		if err != nil {
			return 0, err
		}
		if code == 0x8a && n == 1 {
			return 0, fmt.Errorf("the pickle has an integer without digits")
		}
		if at += n; code == '.' {
			return at, nil
		}
	}
	return 0, fmt.Errorf("the pickle ends early")
}

// argumentLength returns how many bytes of data belong to an argument of this kind.
func argumentLength(kind argument, data []byte) (int, error) {
	n := int64(0)
	switch kind {
	case fixed1, fixed2, fixed4, fixed8:
		n = 1 << (kind - fixed1)
	case counted1:
		if n = 1; len(data) >= 1 {
			n += int64(data[0])
		}
	case counted4:
		if n = 4; len(data) >= 4 {
			n += int64(binary.LittleEndian.Uint32(data))
		}
	case frame:
		if n = 8; len(data) >= 8 {
			if binary.LittleEndian.Uint64(data) > uint64(len(data)-8) {
				return 0, fmt.Errorf("the pickle ends early")
			}
		}
	case global:
		module, rest, ok := bytes.Cut(data, []byte("\n"))
		name, _, ok2 := bytes.Cut(rest, []byte("\n"))
		if !ok || !ok2 {
			return 0, fmt.Errorf("the pickle ends early")
		}
		if _, err := findClass(string(module), string(name)); err != nil {
			return 0, err
		}
		n = int64(len(module) + len(name) + 2)
	}
	if n > int64(len(data)) {
		return 0, fmt.Errorf("the pickle ends early")
	}
	return int(n), nil
}
