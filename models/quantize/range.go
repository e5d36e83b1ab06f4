package quantize

import (
	"fmt"
	"math"
	"slices"
)

// Method says how the largest number that is kept is chosen.
type Method string

// The methods.
const (
	MinMax     Method = "minmax"     // the largest that was observed
	Percentile Method = "percentile" // that which one number of 10,000 exceeds
	MSE        Method = "mse"        // that of the least mean squared error
)

// Methods are all of them.
var Methods = []Method{MinMax, Percentile, MSE}

// bins of a histogram: 8 for each of the 255 steps of an activation.
const bins = 2040

// Channels is what is known of the channels of a tensor [N,H,W,C].
type Channels struct {
	Height, Width int
	Min, Max      []float32 // [C]
	Mean          []float64 // [C]
}

// Observed is what was seen of a tensor: first its channels, then a histogram of all numbers.
type Observed struct {
	channels Channels  // Mean is a sum
	pixels   int       // that were seen, N·H·W
	share    []float32 // see Range
	counts   []float64 // of (x + shift)/share, from 0 to top
}

// Widen takes in numbers of a tensor of this shape, [N,H,W,C].
func (o *Observed) Widen(x []float32, shape []int64) {
	n, c := int(shape[3]), &o.channels
	if c.Min == nil {
		c.Height, c.Width = int(shape[1]), int(shape[2])
		c.Min, c.Max, c.Mean = slices.Clone(x[:n]), slices.Clone(x[:n]), make([]float64, n)
	}
	for i := 0; i+n <= len(x); i += n {
		for k, v := range x[i : i+n] {
			c.Min[k], c.Max[k] = min(c.Min[k], v), max(c.Max[k], v)
			c.Mean[k] += float64(v)
		}
	}
	o.pixels += len(x) / n
}

// Channels returns what is known of the channels.
func (o *Observed) Channels() Channels {
	c := o.channels
	c.Mean = slices.Clone(c.Mean)
	for i := range c.Mean {
		c.Mean[i] /= float64(o.pixels)
	}
	return c
}

// shift returns what is added to each channel so that none is negative, nil where none is.
func (o *Observed) shift() []float32 {
	if slices.Min(o.channels.Min) >= 0 {
		return nil
	}
	shift := make([]float32, len(o.channels.Min))
	for c, v := range o.channels.Min {
		shift[c] = max(0, -v)
	}
	return shift
}

// top returns the largest number of any channel, shifted.
func (o *Observed) top() float32 {
	shift, top := o.shift(), float32(0)
	for c, v := range o.channels.Max {
		if shift != nil {
			v += shift[c]
		}
		top = max(top, v)
	}
	return top
}

// Count takes in the same numbers once more, when all channels are known.
func (o *Observed) Count(x []float32) {
	if o.counts == nil {
		o.counts = make([]float64, bins)
	}
	shift, top := o.shift(), o.top()
	if top == 0 {
		return
	}
	n := len(o.channels.Min)
	scale := slices.Repeat([]float32{bins / top}, n)
	for c, share := range o.share {
		scale[c] /= share
	}
	for i, v := range x {
		if shift != nil {
			v += shift[i%n]
		}
		o.counts[min(int(v*scale[i%n]), bins-1)]++
	}
}

// Range is how a tensor is written as uint8: round((x + Shift)·255/(Max·Share)), at most 255.
type Range struct {
	Shift []float32 // [C], none is negative; nil: 0
	Share []float32 // [C], above 0, at most 1: what a channel has of the range; nil: all of it
	Max   float32   // > 0
}

// shareOf returns what channel c has of the range.
func shareOf(share []float32, c int) float32 {
	if share == nil {
		return 1
	}
	return share[c]
}

// Choose returns the range by a method.
func (o *Observed) Choose(m Method) (Range, error) {
	r := Range{Shift: o.shift(), Share: o.share, Max: o.top()}
	switch m {
	case MinMax:
	case Percentile:
		r.Max *= o.percentile()
	case MSE:
		r.Max *= o.leastError()
	default:
		return r, fmt.Errorf("unknown method %q (known: %q)", m, Methods)
	}
	if !(r.Max > 0) {
		r.Max = 1 // all numbers are zero
	}
	return r, nil
}

// percentile returns the share of top below which all but 10⁻⁴ of the numbers are.
func (o *Observed) percentile() float32 {
	var all float64
	for _, n := range o.counts {
		all += n
	}
	above := 0.0
	for i := bins - 1; i > 0; i-- {
		if above += o.counts[i]; above > all*1e-4 {
			return float32(i+1) / bins
		}
	}
	return 1
}

// leastError returns the share of top for which the sum of squared errors of rounding and clipping is least.
func (o *Observed) leastError() float32 {
	best, least := bins, math.Inf(1)
	for end := bins; end >= bins/4; end -= bins / 60 {
		step, sum := float64(end)/255, 0.0
		for i, n := range o.counts {
			if n == 0 {
				continue
			}
			x := float64(i) + 0.5
			e := x - step*math.Min(math.Round(x/step), 255)
			sum += n * e * e
		}
		if sum < least {
			best, least = end, sum
		}
	}
	return float32(best) / bins
}
