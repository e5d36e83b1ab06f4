package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/half"
)

// element is a type of numbers in a file, little endian.
type element struct {
	name string // as safetensors calls it
	size int64  // bytes
	read func([]byte) float32
}

// elementTypes lists those that are read. Floating-point numbers become float32; half weightTypes lose
// nothing. The others count batches and number positions: File.wholes tells them apart, since
// weights that were made integers need a scale, which no format here has a place for.
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

// weightTypes are the types of weights.
var weightTypes = []string{"F32", "F64", "F16", "BF16"}

// isFloat reports whether numbers of this type may be weights.
func (e element) isFloat() bool { return slices.Contains(weightTypes, e.name) }

// elementOf returns the type of this name.
func elementOf(name string) (element, error) {
	for _, e := range elementTypes {
		if e.name == name {
			return e, nil
		}
	}
	return element{}, fmt.Errorf("numbers of type %s are not read; weights are %s", name, strings.Join(weightTypes, ", "))
}

// all returns the numbers that data holds.
func (e element) all(data []byte) []float32 {
	list := make([]float32, int64(len(data))/e.size)
	for i := range list {
		list[i] = e.read(data[int64(i)*e.size:])
	}
	return list
}
