package index

import (
	"math"

	"github.com/tfpair/tfpair/internal/int8dot"
)

// codes are rows in whole numbers, a byte each, a quarter of what is read of float32: for row b',
//
//	b' = step·B + r,  B in −127…127,  ‖r‖ = loose
//	a'·b' <= s·step·(A·B) + (‖a'‖ + ‖e‖)·loose + ‖e‖·‖b'‖   for a' = s·A + e
//
// by the inequality of Cauchy and Schwarz. So A·B, which is exact, rules out rows, and none wrongly. The
// zero value holds nothing.
type codes struct {
	width int       // of a row, padded
	data  []int8    // [N,width]
	step  []float32 // [N] NaN: the row is always looked at
	loose []float32 // [N] rounded up
}

// The largest numbers of rows and queries: the sums of up to maxCoded products fit into 32 bits.
const (
	mostCode  = 127
	mostQuery = 2047
	maxCoded  = math.MaxInt32 / (mostQuery * (mostCode + 1))
)

// upwards is what makes a float32 of a bound at least the bound: the rounding of a conversion and of the
// few operations that it goes through.
const upwards = 1 + 1e-6

// add appends row, multiplied by scale.
func (c *codes) add(row []float32, scale float64) {
	if c.width == 0 {
		c.width = int8dot.Padded(len(row))
	}
	largest := 0.0
	for _, x := range row {
		largest = max(largest, math.Abs(float64(x)))
	}
	from := len(c.data)
	c.data = append(c.data, make([]int8, c.width)...)
	step := largest * scale / mostCode
	if !(step > 1e-30 && step < 1e30) { // zeros, and what float32 loses digits of
		step = math.NaN()
		if largest == 0 && scale-scale == 0 {
			step = 0
		}
	}
	rounded := float64(float32(step))
	left := 0.0
	if rounded > 0 {
		by := scale / rounded
		for i, x := range row {
			exact := float64(x) * by
			whole := math.Round(exact)
			whole = min(max(whole, -mostCode), mostCode)
			c.data[from+i] = int8(whole)
			left += (exact - whole) * (exact - whole)
		}
	}
	c.step = append(c.step, float32(step))
	c.loose = append(c.loose, float32(math.Sqrt(left)*rounded*upwards))
}

// coded is a query in whole numbers.
type coded struct {
	data  []int16 // [width]
	scale float32 // s
	wide  float32 // ‖a'‖ + ‖e‖, rounded up
	error float32 // ‖e‖·‖b'‖ of the longest row, rounded up
}

// code returns a query of a length, as it is compared with rows of at most a length. It is the zero value
// where whole numbers cannot hold it.
func (c *codes) code(a []float32, length, longest float64) coded {
	largest := 0.0
	for _, x := range a {
		largest = max(largest, math.Abs(float64(x)))
	}
	scale := float64(float32(largest / mostQuery))
	if !(scale > 1e-30 && scale < 1e30 && longest < 1e30) {
		return coded{}
	}
	q := coded{data: make([]int16, c.width), scale: float32(scale)}
	left := 0.0
	for i, x := range a {
		whole := min(max(math.Round(float64(x)/scale), -mostQuery), mostQuery)
		q.data[i] = int16(whole)
		left += (float64(x) - whole*scale) * (float64(x) - whole*scale)
	}
	e := math.Sqrt(left)
	q.wide, q.error = float32((length+e)*upwards), float32(e*longest*upwards)
	return q
}
