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

// Extremes are the least and the largest number of each channel of a tensor [N,H,W,C].
type Extremes struct{ Min, Max []float32 } // [C]

// Observed is what was seen of a tensor: first its extremes, then a histogram between them.
type Observed struct {
	Extremes
	counts []float64 // of x + shift, from 0 to top
}

// Widen takes in numbers of a tensor with so many channels.
func (e *Extremes) Widen(x []float32, channels int) {
	if e.Min == nil {
		e.Min, e.Max = slices.Clone(x[:channels]), slices.Clone(x[:channels])
	}
	for i := 0; i+channels <= len(x); i += channels {
		for c, v := range x[i : i+channels] {
			e.Min[c], e.Max[c] = min(e.Min[c], v), max(e.Max[c], v)
		}
	}
}

// shift returns what is added to each channel so that none is negative, nil where none is.
func (o *Observed) shift() []float32 {
	if slices.Min(o.Min) >= 0 {
		return nil
	}
	shift := make([]float32, len(o.Min))
	for c, v := range o.Min {
		shift[c] = max(0, -v)
	}
	return shift
}

// top returns the largest number of any channel, shifted.
func (o *Observed) top() float32 {
	shift, top := o.shift(), float32(0)
	for c, v := range o.Max {
		if shift != nil {
			v += shift[c]
		}
		top = max(top, v)
	}
	return top
}

// Count takes in the same numbers once more, when all extremes are known.
func (o *Observed) Count(x []float32, channels int) {
	if o.counts == nil {
		o.counts = make([]float64, bins)
	}
	shift, top := o.shift(), o.top()
	if top == 0 {
		return
	}
	scale := bins / top
	for i, v := range x {
		if shift != nil {
			v += shift[i%channels]
		}
		o.counts[min(int(v*scale), bins-1)]++
	}
}

// Range is how a tensor is written as uint8: round((x + Shift)·255/Max), at most 255.
type Range struct {
	Shift []float32 // [C], none is negative; nil: 0
	Max   float32   // > 0
}

// Choose returns the range by a method.
func (o *Observed) Choose(m Method) (Range, error) {
	r := Range{Shift: o.shift(), Max: o.top()}
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
