package look

import (
	"math"
	"slices"
)

// traits returns what looks of one class are grouped by: colours at 3×3 places; the colours that are there, each
// channel sorted; and the tints that are there, ratios of channels, which the brightness of the light does not
// change. Each of the three has the same spread over the looks, so that none outweighs the others.
func traits(looks []Look) [][]float64 {
	points := make([][]float64, len(looks))
	for _, of := range []func(*Look) []float64{(*Look).coarse, (*Look).colours, (*Look).tints} {
		part := make([][]float64, len(looks))
		for i := range looks {
			part[i] = of(&looks[i])
		}
		standardise(part)
		for i := range points {
			points[i] = append(points[i], part[i]...)
		}
	}
	return points
}

// colours returns the values of each channel in order.
func (l *Look) colours() []float64 {
	values := make([]float64, 0, len(l))
	for c := range 3 {
		values = append(values, l.sorted(func(p int) float64 { return float64(l[3*p+c]) })...)
	}
	return values
}

// tints returns the logarithms of red and of blue over green, each in order.
func (l *Look) tints() []float64 {
	const dark = 16 // added to each, so that noise in the dark has no tint
	values := make([]float64, 0, 2*side*side)
	for _, c := range []int{0, 2} {
		values = append(values, l.sorted(func(p int) float64 { return math.Log((float64(l[3*p+c]) + dark) / (float64(l[3*p+1]) + dark)) })...)
	}
	return values
}

// sorted returns the values at all places in order.
func (l *Look) sorted(value func(place int) float64) []float64 {
	values := make([]float64, side*side)
	for p := range values {
		values[p] = value(p)
	}
	slices.Sort(values)
	return values
}

// standardise moves points to a mean of 0 and scales them to a mean square length of 1. Equal points become 0.
func standardise(points [][]float64) {
	if len(points) == 0 {
		return
	}
	energy, n := 0.0, float64(len(points))
	for j := range points[0] {
		mean := 0.0
		for _, p := range points {
			mean += p[j] / n
		}
		for _, p := range points {
			p[j] -= mean
			energy += p[j] * p[j] / n
		}
	}
	const none = 1e-12
	if energy < none {
		return
	}
	length := math.Sqrt(energy)
	for _, p := range points {
		for j := range p {
			p[j] /= length
		}
	}
}
