// Package half converts numbers of 16 bits, as features and weights are stored in:
//
//	float32 → Of → uint16 → Float32 → float32
package half

import "math"

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

// Of returns the half nearest to x, of two the even one; what rounds beyond 65504 is
// infinite.
func Of(x float32) uint16 {
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

// Float32 returns h, exactly.
func Float32(h uint16) float32 {
	negative, rest := uint32(h&sign)<<16, uint32(h&^sign)
	switch {
	case rest >= infinity:
		return math.Float32frombits(negative | 255<<23 | (rest&^infinity)<<moreFraction)
	case rest < 1<<10: // 0, or without the leading 1
		return math.Float32frombits(negative | math.Float32bits(float32(rest)/(1<<24)))
	}
	return math.Float32frombits(negative | (rest<<moreFraction + moreBias))
}
