package features

import (
	"encoding/binary"
	"math"
)

// Numbers of IEEE 754-2008 binary16: a sign bit, 5 bits of exponent, 10 of fraction.
const (
	infinity = 0x7c00 // all bits of the exponent, which a NaN has as well
	sign     = 0x8000
	quiet    = 0x0200 // of a NaN's fraction
)

// Differences of the two formats: 13 more bits of fraction, exponents biased by 127 and 15.
const (
	moreFraction = 13
	moreBias     = (127 - 15) << 23
	smallest     = (127 - 14) << 23 // 2⁻¹⁴, the smallest normal half, as a float32
	beyond       = (127 + 16) << 23 // 2¹⁶, above the largest
)

// half returns the half nearest to x, of two the even one; what rounds beyond 65504 is
// infinite.
func half(x float32) uint16 {
	bits := math.Float32bits(x)
	negative := uint16(bits>>16) & sign
	bits &^= 1 << 31
	switch {
	case bits > 255<<23:
		return negative | infinity | quiet
	case bits >= beyond:
		return negative | infinity
	case bits < smallest:
		// In units of the smallest half, 2⁻²⁴: exact in float64, and rounded there.
		units := math.RoundToEven(float64(math.Float32frombits(bits)) * (1 << 24))
		return negative | uint16(units)
	}
	odd := bits >> moreFraction & 1
	bits += 1<<(moreFraction-1) - 1 + odd // a carry moves on into the exponent, up to infinity
	return negative | uint16((bits-moreBias)>>moreFraction)
}

// single returns h, exactly.
func single(h uint16) float32 {
	negative, rest := uint32(h&sign)<<16, uint32(h&^sign)
	switch {
	case rest >= infinity:
		return math.Float32frombits(negative | 255<<23 | (rest&^infinity)<<moreFraction)
	case rest < 1<<10: // 0, or without the leading 1
		return math.Float32frombits(negative | math.Float32bits(float32(rest)/(1<<24)))
	}
	return math.Float32frombits(negative | (rest<<moreFraction + moreBias))
}

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
		data = binary.LittleEndian.AppendUint16(data, half(float32(float64(x)*scale)))
	}
	return data
}

// readHalves reads what appendHalves added.
func readHalves(row []float32, data []byte) {
	exponent := int(int16(binary.LittleEndian.Uint16(data)))
	scale := float32(math.Ldexp(1, exponent-top)) // 0 where all would be below the smallest float32
	for i := range row {
		row[i] = single(binary.LittleEndian.Uint16(data[2+2*i:])) * scale
	}
}
