package resize

import (
	"encoding/binary"
	"image"
	"math"

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

// line is a row of pixels, spread out so that a product with a weight leaves each channel its place.
type line struct {
	rb []uint64 // red, and blue 32 bits above it
	g  []uint32
}

func newLine(n int) line { return line{make([]uint64, n), make([]uint32, n)} }

// spread sets l to a row of RGBA.
func (l line) spread(row []uint8) {
	g := l.g[:len(l.rb)]
	for x := range l.rb {
		if len(row) < 4 {
			return
		}
		p := binary.LittleEndian.Uint32(row)
		l.rb[x], g[x] = uint64(p&0xff)|uint64(p&0xff0000)<<16, p>>8&0xff
		row = row[4:]
	}
}

// add adds weight · of to l.
func (l line) add(of line, weight uint32) {
	n := len(l.rb)
	rb, g, w := of.rb[:n], of.g[:n], uint64(weight)
	for x := range l.rb {
		l.rb[x] += w * rb[x]
	}
	sums := l.g[:n]
	for x := range sums {
		sums[x] += weight * g[x]
	}
}

// resample is imaging.Resize of an opaque picture: the same result to the last bit, in a fraction of the time. Sums
// are made in fixed point, of two channels at once. Where a sum lies so near to the middle between two levels that
// imaging's rounding errors decide, it is made once more as imaging makes it.
func resample(src *image.NRGBA, w, h int, filter imaging.ResampleFilter) *image.NRGBA {
	across, down := tapsOf(src, w, h, filter)
	if across == nil || down == nil {
		return imaging.Resize(src, w, h, filter)
	}
	most := 0
	for i := range down {
		most = max(most, len(down[i].weights))
	}
	rows := make([]line, most) // [input row modulo most] at the width of the result
	for i := range rows {
		rows[i] = newLine(w)
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	input, sum, next := newLine(src.Rect.Dx()), newLine(w), 0
	for y := range down {
		t := &down[y]
		for next = max(next, t.first); next < t.first+len(t.weights); next++ {
			input.spread(src.Pix[next*src.Stride:][:4*src.Rect.Dx()])
			shrink(rows[next%most], input, across)
		}
		clear(sum.rb)
		clear(sum.g)
		for i, weight := range t.weights {
			sum.add(rows[(t.first+i)%most], weight)
		}
		t.write(dst.Pix[y*dst.Stride:][:4*w], sum, rows)
	}
	return dst
}

// tapsOf returns the taps of both axes, nil for those that imaging has to do.
func tapsOf(src *image.NRGBA, w, h int, filter imaging.ResampleFilter) (across, down []tap) {
	if filter.Support <= 0 {
		return nil, nil
	}
	if across = taps(w, src.Rect.Dx(), filter); across == nil {
		return nil, nil
	}
	return across, taps(h, src.Rect.Dy(), filter)
}

// shrink filters a row.
func shrink(dst, src line, across []tap) {
	for x := range across {
		t := &across[x]
		n := len(t.weights)
		rbs, gs := src.rb[t.first:][:n], src.g[t.first:][:n]
		rb, g := uint64(half|half<<32), uint32(half)
		for i, w := range t.weights {
			rb += uint64(w) * rbs[i]
			g += w * gs[i]
		}
		if t.close(uint32(rb)) || t.close(g) || t.close(uint32(rb>>32)) {
			var again sums
			for i, w := range t.precise {
				again.add(rbs[i], gs[i], w)
			}
			r, green, b := again.levels()
			rb, g = uint64(r)|uint64(b)<<32, green
		} else {
			rb, g = rb>>fraction&(255|255<<32), g>>fraction
		}
		dst.rb[x], dst.g[x] = rb, g
	}
}

// write rounds the sums of a column's taps to a row of RGBA. rows are what they are the sums of.
func (t *tap) write(dst []uint8, sum line, rows []line) {
	for x := range sum.rb {
		r, g, b := uint32(sum.rb[x])+half, sum.g[x]+half, uint32(sum.rb[x]>>32)+half
		if t.close(r) || t.close(g) || t.close(b) {
			var again sums
			for i, w := range t.precise {
				of := rows[(t.first+i)%len(rows)]
				again.add(of.rb[x], of.g[x], w)
			}
			r, g, b = again.levels()
		} else {
			r, g, b = r>>fraction, g>>fraction, b>>fraction
		}
		binary.LittleEndian.PutUint32(dst[4*x:], r|g<<8|b<<16|255<<24)
	}
}

// sums are those that imaging makes, in the same order.
type sums struct{ r, g, b, alpha float64 }

// add adds a pixel of a line. weight is 255 times its own.
func (s *sums) add(rb uint64, g uint32, weight float64) {
	s.r += float64(uint32(rb)) * weight
	s.g += float64(g) * weight
	s.b += float64(rb>>32) * weight
	s.alpha += weight
}

// levels returns the channels, rounded as imaging rounds them.
func (s *sums) levels() (r, g, b uint32) {
	inverse := 1 / s.alpha
	return uint32(s.r*inverse + 0.5), uint32(s.g*inverse + 0.5), uint32(s.b*inverse + 0.5)
}
