package quantize

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// correct takes off a bias what the rounding of a kernel adds to each channel on average:
//
//	E[W'·x] - E[W·x] = Σ (W' - W)·E[x]
//
// with the mean of each channel that was observed, of as many pixels as each number of the kernel meets: not the zeros around.
// Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, arXiv:1906.04721, section 4.2.
func (w *rewriter) correct(bias []float32, u *unit, k *kernel8) error {
	key, pad, err := w.taken(u)
	if err != nil {
		return err
	}
	x, ok := w.plan.Channels[key]
	if !ok {
		return errors.New("the mean of what it takes is not known")
	}
	strides, same := u.conv.Attr["strides"].GetList().GetI(), string(u.conv.Attr["padding"].GetS()) == "SAME"
	rows := meets(x.Height, int(k.shape[0]), int(strides[1]), pad[0], same)
	columns := meets(x.Width, int(k.shape[1]), int(strides[2]), pad[1], same)
	added := make([]float64, len(bias))
	i := 0
	for _, row := range rows {
		for _, column := range columns {
			for range k.shape[2] * k.shape[3] {
				in := i / int(k.shape[3]) % int(k.shape[2])
				added[i%len(bias)] += k.off(i) * x.Mean[in] * row * column
				i++
			}
		}
	}
	for c := range bias {
		bias[c] -= float32(added[c])
	}
	return nil
}

// taken returns the key of what u takes, behind the paddings of what layers give, and how many zeros these put before and after
// rows and columns.
func (w *rewriter) taken(u *unit) (key string, pad [2][2]int, err error) {
	if _, ok := w.layers[through(w.graph, u.input)]; !ok {
		return InputKey(u.layer), pad, nil
	}
	tensor := u.input
	for w.graph.Node(tensor).GetOp() == "Pad" {
		n := w.graph.Node(tensor)
		zeros, err := w.zeros(n)
		if err != nil {
			return "", pad, err
		}
		for axis := range pad {
			pad[axis][0] += zeros[axis][0]
			pad[axis][1] += zeros[axis][1]
		}
		tensor = n.Input[0]
	}
	if layer, ok := w.layers[tensor]; ok {
		return layer, pad, nil
	}
	return pooledKey(u.layer), pad, nil
}

// zeros returns how many zeros the padding n puts before and after rows and columns.
func (w *rewriter) zeros(n *graphdef.Node) (zeros [2][2]int, err error) {
	c, err := graphdef.Constant(w.graph.Node(n.Input[1]))
	if err == nil && len(c.Ints) != 8 {
		err = fmt.Errorf("the zeros of %q have shape %v, want [4,2] of int32", n.Name, c.Shape)
	}
	if err != nil {
		return zeros, err
	}
	for axis := range zeros {
		zeros[axis] = [2]int{int(c.Ints[2+2*axis]), int(c.Ints[3+2*axis])}
	}
	return zeros, nil
}

// same returns how many zeros the padding "SAME" puts before and after so many pixels of an axis.
func same(pixels, kernel, stride int) (before, after int) {
	results := (pixels + stride - 1) / stride
	zeros := max(0, (results-1)*stride+kernel-pixels)
	return zeros / 2, zeros - zeros/2
}

// meets returns how often, of the pixels of a result, each number of a kernel meets a pixel and not a zero around them, along one
// axis of so many pixels.
func meets(pixels, kernel, stride int, pad [2]int, sameSize bool) []float64 {
	if sameSize {
		before, after := same(pixels+pad[0]+pad[1], kernel, stride)
		pad = [2]int{pad[0] + before, pad[1] + after}
	}
	before := pad[0]
	results := (pixels+pad[0]+pad[1]-kernel)/stride + 1
	shares := make([]float64, kernel)
	for k := range shares {
		for r := range results {
			if at := r*stride + k - before; at >= 0 && at < pixels {
				shares[k] += 1 / float64(results)
			}
		}
	}
	return shares
}
