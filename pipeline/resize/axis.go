package resize

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/disintegration/imaging"
)

// Weights and sums are numbers of fixed point. 255 is the most that leaves a sum of weights 1 within 32 bits.
const (
	fraction = 24 // bits behind the point
	one      = 1 << fraction
	half     = one / 2
	below    = one - 1 // mask of what is behind the point
)

// tap says how an output pixel is made of input pixels along one axis.
type tap struct {
	first   int       // input pixel of the first weight
	weights []uint32  // of neighbours, >= 0, together about one
	precise []float64 // 255 · the same, as imaging has them
	off     uint32    // more than the error of a sum; 0: weights and sums are without any
}

// axis has the taps of all output pixels along one axis, and the same once more as the kernels read them.
type axis struct {
	taps    []tap
	most    int      // weights that a tap has at most
	reach   int      // weights of each output pixel below, some of them 0: even. 0: the input is shorter
	first   []int32  // [output pixel] first byte of its input
	weights []uint32 // [output pixel][reach]
	off     []uint32 // [output pixel]
}

// newAxis returns that of from pixels brought to as many as to, as imaging has it, and nil where an output pixel has no weight or
// a negative one.
func newAxis(to, from int, filter imaging.ResampleFilter) *axis {
	if filter.Support <= 0 {
		return nil
	}
	a := &axis{taps: taps(to, from, filter)}
	if a.taps == nil {
		return nil
	}
	for _, t := range a.taps {
		a.most = max(a.most, len(t.weights))
	}
	reach := (a.most + 1) / 2 * 2
	if reach > from {
		return a
	}
	a.reach, a.first, a.weights, a.off = reach, make([]int32, to), make([]uint32, to*reach), make([]uint32, to)
	for i, t := range a.taps {
		first := min(t.first, from-reach) // so that all of the weights have a pixel
		a.first[i], a.off[i] = int32(4*first), t.off
		copy(a.weights[i*reach+t.first-first:], t.weights)
	}
	return a
}

// taps returns those of an axis, as imaging has them, and nil where an output pixel has none or a negative weight.
func taps(to, from int, filter imaging.ResampleFilter) []tap {
	ratio := float64(from) / float64(to)
	scale := max(1, ratio)
	reach := math.Ceil(scale * filter.Support)
	all := make([]tap, to)
	room := to * min(from, int(2*reach)+1) // of all taps, in one piece
	weights, precise := make([]uint32, room), make([]float64, 0, room)
	for i := range all {
		centre := (float64(i)+0.5)*ratio - 0.5
		begin, end := max(0, int(math.Ceil(centre-reach))), min(from-1, int(math.Floor(centre+reach)))
		t, sum := &all[i], 0.0
		t.precise = precise[len(precise):]
		for u := begin; u <= end; u++ {
			w := filter.Kernel((float64(u) - centre) / scale)
			if w < 0 {
				return nil
			}
			if w == 0 {
				continue
			}
			if len(t.precise) == 0 {
				t.first = u
			}
			t.precise, sum = append(t.precise, w), sum+w
		}
		if sum == 0 {
			return nil
		}
		n := len(t.precise)
		precise, t.precise = precise[:len(precise)+n], t.precise[:n:n]
		t.weights, weights = weights[:n:n], weights[n:]
		t.fix(sum)
	}
	return all
}

// fix makes the weights of t, whose precise ones have the given sum.
func (t *tap) fix(sum float64) {
	off, total := 0.0, uint32(0)
	for i, w := range t.precise {
		w /= sum
		t.precise[i] = 255 * w
		t.weights[i] = uint32(math.Round(w * one))
		off += math.Abs(float64(t.weights[i]) - w*one)
		total += t.weights[i]
	}
	if off > 0 || total != one {
		t.off = 2 + uint32(min(255*off, half))
	}
}

// close reports whether a sum, to which half was added, is so close to where rounding changes that an error may decide.
// Without an error it is not: imaging rounds the very middle up, as fixed point does.
func (t *tap) close(sum uint32) bool { return (sum+t.off)&below < 2*t.off }

// pixel sets dst to the RGBA pixel that t makes of those that src begins with, step bytes apart.
func (t *tap) pixel(dst, src []uint8, step int) {
	rb, g := uint64(half|half<<32), uint32(half) // red, and blue 32 bits above it
	for i, w := range t.weights {
		p := binary.LittleEndian.Uint32(src[i*step:])
		rb += uint64(w) * (uint64(p&0xff) | uint64(p&0xff0000)<<16)
		g += w * (p >> 8 & 0xff)
	}
	r, b := uint32(rb), uint32(rb>>32)
	if t.close(r) || t.close(g) || t.close(b) {
		r, g, b = t.precisely(src, step)
	} else {
		r, g, b = r>>fraction, g>>fraction, b>>fraction
	}
	binary.LittleEndian.PutUint32(dst, r|g<<8|b<<16|255<<24)
}

// precisely returns the channels of pixel by the sums that imaging makes, in the same order, rounded as it does.
func (t *tap) precisely(src []uint8, step int) (r, g, b uint32) {
	var red, green, blue, alpha float64
	for i, w := range t.precise {
		p := src[i*step:][:3]
		red += float64(p[0]) * w
		green += float64(p[1]) * w
		blue += float64(p[2]) * w
		alpha += w
	}
	inverse := 1 / alpha
	return uint32(red*inverse + 0.5), uint32(green*inverse + 0.5), uint32(blue*inverse + 0.5)
}

// mostAxes bounds how many axes are kept: photos of a camera or a shop come in a few sizes.
const mostAxes = 64

// axes keeps those of a filter. It is safe for concurrent use.
type axes struct {
	filter imaging.ResampleFilter
	mu     sync.Mutex
	of     map[[2]int]*axis // by output and input pixels
}

func (a *axes) get(to, from int) *axis {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := [2]int{to, from}
	kept, ok := a.of[key]
	if !ok {
		if len(a.of) >= mostAxes {
			clear(a.of)
		}
		kept = newAxis(to, from, a.filter)
		a.of[key] = kept
	}
	return kept
}
