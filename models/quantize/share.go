package quantize

import "math"

// leastShare is the least share of a range that a channel gets, also where it was always zero.
const leastShare = 1. / 32

// Level gives the channels of each tensor that a depthwise layer alone takes a share of its range each, so that small ones
// have more steps. It is called when all images were taken in by Widen. It costs no operation: a channel is divided by its share
// in the kernel and the bias of the layer that gives it, and multiplied by it in the kernel that takes it, and both kernels have
// a scale for each channel.
//
//	x' = x/share        W' = W·share        W'·x' = W·x        share = √(largest of the channel/largest of all)
//
// relu6 ends at the range, which is 6·share of a channel. The square root leaves room above what was seen.
// Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, arXiv:1906.04721, section 4.1,
// with ranges of activations where they have those of kernels.
func Level(layers []Layer, seen map[string]*Observed) {
	for _, l := range layers {
		if o := seen[l.Name]; l.Split && o.shift() == nil {
			o.share = o.shares()
		}
	}
}

// shares returns what each channel gets of the range, nil where all is zero.
func (o *Observed) shares() []float32 {
	top := o.top()
	if top == 0 {
		return nil
	}
	shares := make([]float32, len(o.channels.Max))
	for c, v := range o.channels.Max {
		shares[c] = float32(max(leastShare, math.Sqrt(float64(v/top))))
	}
	return shares
}
