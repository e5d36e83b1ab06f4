package weights

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tfpair/tfpair/internal/half"
)

// element is a type of numbers in a file, little endian.
type element struct {
	name string // as safetensors calls it
	size int64  // bytes
	read func([]byte) float32
}

// elementTypes lists those that weights are stored in. What is no float32 becomes one: integers
// count batches, and half floats lose nothing.
var elementTypes = []element{
	{"F32", 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	{"F64", 8, func(b []byte) float32 {
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}},
	{"F16", 2, func(b []byte) float32 { return half.Float32(binary.LittleEndian.Uint16(b)) }},
	{"BF16", 2, func(b []byte) float32 {
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
	}},
	{"I64", 8, func(b []byte) float32 { return float32(int64(binary.LittleEndian.Uint64(b))) }},
	{"I32", 4, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) }},
	{"I16", 2, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) }},
	{"I8", 1, func(b []byte) float32 { return float32(int8(b[0])) }},
	{"U8", 1, func(b []byte) float32 { return float32(b[0]) }},
	{"BOOL", 1, func(b []byte) float32 { return float32(b[0]) }},
}

// elementOf returns the type of this name.
func elementOf(name string) (element, error) {
	for _, e := range elementTypes {
		if e.name == name {
			return e, nil
		}
	}
	return element{}, fmt.Errorf("numbers of type %s are not read", name)
}

// all returns the numbers that data holds.
func (e element) all(data []byte) []float32 {
	list := make([]float32, int64(len(data))/e.size)
	for i := range list {
		list[i] = e.read(data[int64(i)*e.size:])
	}
	return list
}
