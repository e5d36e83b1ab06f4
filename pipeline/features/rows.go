package features

import (
	"encoding/binary"
	"math"

	"github.com/tfpair/tfpair/internal/half"
)

// top is the exponent of the largest number of a row, so that numbers down to 2⁻²⁹ of it
// keep all their bits.
const top = 15

// appendHalves adds row as its exponent, then halves of which the largest is in [2¹⁴,2¹⁵).
func appendHalves(data []byte, row []float32) []byte {
	largest := 0.0
	for _, x := range row {
		largest = max(largest, math.Abs(float64(x)))
	}
	_, exponent := math.Frexp(largest)
	data = binary.LittleEndian.AppendUint16(data, uint16(int16(exponent)))
	scale := math.Ldexp(1, top-exponent)
	for _, x := range row {
		data = binary.LittleEndian.AppendUint16(data, half.Of(float32(float64(x)*scale)))
	}
	return data
}

// readHalves reads what appendHalves added.
func readHalves(row []float32, data []byte) {
	exponent := int(int16(binary.LittleEndian.Uint16(data)))
	scale := float32(math.Ldexp(1, exponent-top)) // 0 where all would be below the smallest float32
	for i := range row {
		row[i] = half.Float32(binary.LittleEndian.Uint16(data[2+2*i:])) * scale
	}
}
