package metric

import (
	"math"
)

// levelBits is how many leading bits of a distance tell levels apart: sign, exponent and 11
// bits of the fraction, so that two distances of a level differ by at most 0.05 %.
const levelBits = 20

// Histogram counts pairs by distance, any number of them in 28 MiB. The zero Histogram is
// empty. Distances are kept to 0.05 %, counts are exact.
type Histogram struct {
	positives, negatives []int64   // [levels]
	from, to             []float32 // [levels] smallest and largest distance of each
	at                   []int32   // [levels] index into the curve, once there is one
	pairs                int
}

// Add counts pairs by distance [M] float32, of which same [M] marks the positive ones. The
// error is a *DistanceError.
func (h *Histogram) Add(distance []float32, same []bool) error {
	if h.positives == nil {
		h.positives, h.negatives = make([]int64, 1<<levelBits), make([]int64, 1<<levelBits)
		h.from, h.to = make([]float32, 1<<levelBits), make([]float32, 1<<levelBits)
	}
	for i, d := range distance {
		if d != d || math.IsInf(float64(d), 0) {
			return &DistanceError{Pair: h.pairs + i, Value: d}
		}
		level := levelOf(d)
		if h.positives[level]+h.negatives[level] == 0 {
			h.from[level], h.to[level] = d, d
		}
		h.from[level], h.to[level] = min(h.from[level], d), max(h.to[level], d)
		if same[i] {
			h.positives[level]++
		} else {
			h.negatives[level]++
		}
	}
	h.pairs += len(distance)
	return nil
}

// levelOf numbers distances, larger ones higher: the bits of a float32 grow with it, those
// of a negative one against it.
func levelOf(d float32) uint32 {
	b := math.Float32bits(d + 0) // -0 is 0
	if b>>31 == 1 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return b >> (32 - levelBits)
}

// Curve returns what was counted. The error is a *DegenerateError.
func (h *Histogram) Curve() (*Curve, error) {
	c := &Curve{}
	h.at = make([]int32, len(h.positives))
	var positives, negatives int64
	for level := range h.positives {
		if h.positives[level]+h.negatives[level] == 0 {
			continue
		}
		h.at[level] = int32(len(c.Distance))
		positives, negatives = positives+h.positives[level], negatives+h.negatives[level]
		c.Distance, c.nearest = append(c.Distance, h.to[level]), append(c.nearest, h.from[level])
		c.Positives = append(c.Positives, float64(positives))
		c.Negatives = append(c.Negatives, float64(negatives))
	}
	if positives == 0 || negatives == 0 {
		return nil, &DegenerateError{Positives: int(positives), Negatives: int(negatives)}
	}
	return c, nil
}
