package onnx

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// window is where a convolution or a pool looks.
type window struct {
	size, stride, dilation [2]int64 // down, across
	zeros                  border
	shape                  []int64 // of the result, [N,H,W,C] with C of the input
}

// attributes are those of ONNX.
func (w window) attributes() map[string]any {
	z := w.zeros
	return map[string]any{"kernel_shape": w.size[:], "strides": w.stride[:], "dilations": w.dilation[:],
		"pads": []int64{z.top, z.left, z.bottom, z.right}}
}

// window reads that of n, which sees x.
func (m *mapping) window(n *graphdef.Node, x value, size [2]int64) (window, error) {
	if format := string(n.Attr["data_format"].GetS()); len(x.shape) != pictureAxes || format != "" && format != "NHWC" {
		return window{}, fmt.Errorf("its input has shape %v and format %q, want [N,H,W,C]", x.shape, format)
	}
	w := window{size: size, zeros: x.zeros, dilation: [2]int64{1, 1}}
	strides, dilations := n.Attr["strides"].GetList().GetI(), n.Attr["dilations"].GetList().GetI()
	if len(strides) != pictureAxes {
		return window{}, fmt.Errorf("its strides are %v", strides)
	}
	w.stride = [2]int64{strides[1], strides[2]}
	if len(dilations) == pictureAxes {
		w.dilation = [2]int64{dilations[1], dilations[2]}
	}
	first, last, err := w.padding(n, x.shape)
	if err != nil {
		return window{}, err
	}
	w.zeros.top, w.zeros.left = w.zeros.top+first[0], w.zeros.left+first[1]
	w.zeros.bottom, w.zeros.right = w.zeros.bottom+last[0], w.zeros.right+last[1]
	w.shape = []int64{x.shape[0], 0, 0, x.shape[3]}
	for i := range 2 {
		w.shape[1+i] = (x.shape[1+i]+first[i]+last[i]-w.reach(i))/w.stride[i] + 1
	}
	return w, nil
}

// reach returns how many pixels a window covers.
func (w window) reach(i int) int64 { return (w.size[i]-1)*w.dilation[i] + 1 }

// padding returns how many zeros n itself puts before and behind pictures of a shape.
func (w window) padding(n *graphdef.Node, shape []int64) (first, last [2]int64, err error) {
	switch padding := string(n.Attr["padding"].GetS()); padding {
	case "VALID":
	case "SAME":
		for i := range 2 {
			size := shape[1+i]
			all := max(0, ((size+w.stride[i]-1)/w.stride[i]-1)*w.stride[i]+w.reach(i)-size)
			first[i], last[i] = all/2, all-all/2
		}
	case "EXPLICIT":
		list := n.Attr["explicit_paddings"].GetList().GetI()
		if len(list) != 2*pictureAxes {
			return first, last, fmt.Errorf("its paddings are %v", list)
		}
		first, last = [2]int64{list[2], list[4]}, [2]int64{list[3], list[5]}
	default:
		return first, last, fmt.Errorf("its padding is %q", padding)
	}
	return first, last, nil
}

// filter is how a convolution uses its kernel [H,W,I,O], of all channels, or, depthwise, [H,W,C,M], of each one.
type filter struct {
	window
	groups int64
	order  []int64 // which axis of the kernel each of ONNX's is
	kernel []int64 // shape of that, [O,I,H,W]
}

// filter reads that of n, which sees x, by a kernel of a shape.
func (m *mapping) filter(n *graphdef.Node, x value, s []int64, depthwise bool) (filter, error) {
	if len(s) != pictureAxes {
		return filter{}, fmt.Errorf("its kernel has shape %v", s)
	}
	w, err := m.window(n, x, [2]int64{s[0], s[1]})
	if err != nil {
		return filter{}, err
	}
	f := filter{w, 1, []int64{3, 2, 0, 1}, []int64{s[3], s[2], s[0], s[1]}}
	if depthwise {
		f = filter{w, s[2], []int64{2, 3, 0, 1}, []int64{s[2] * s[3], 1, s[0], s[1]}}
	}
	if x.shape[3] != f.kernel[1]*f.groups {
		return filter{}, fmt.Errorf("its kernel has shape %v, its input %v", s, x.shape)
	}
	f.shape[3] = f.kernel[0]
	return f, nil
}

func (f filter) attributes() map[string]any {
	a := f.window.attributes()
	a["group"] = f.groups
	return a
}

func convolution(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.takeBare(n, 0)
	kernel, err2 := m.takeConstant(n, 1)
	if err := errors.Join(err1, err2); err != nil {
		return value{}, err
	}
	f, err := m.filter(n, x, kernel.Shape, n.Op == "DepthwiseConv2dNative")
	if err != nil {
		return value{}, err
	}
	name := m.constant(floats(graphdef.Parse(n.Input[1]).Node, f.kernel, transpose(kernel.Floats, kernel.Shape, f.order)))
	return m.add(n, "Conv", f.shape, f.attributes(), x.name, name), nil
}

// maxPool takes zeros around it as its own, where no pixel is below them: it has none of its own.
func maxPool(m *mapping, n *graphdef.Node) (value, error) {
	take := m.take
	if x, err := m.takeBare(n, 0); err == nil && x.positive {
		take = m.takeBare
	}
	x, err := take(n, 0)
	if err != nil {
		return value{}, err
	}
	sizes := n.Attr["ksize"].GetList().GetI()
	if len(sizes) != pictureAxes {
		return value{}, fmt.Errorf("its sizes are %v", sizes)
	}
	w, err := m.window(n, x, [2]int64{sizes[1], sizes[2]})
	if err != nil {
		return value{}, err
	}
	v := m.add(n, "MaxPool", w.shape, w.attributes(), x.name)
	v.positive = x.positive
	return v, nil
}

// pad puts zeros around pictures. A convolution takes them as its own.
func pad(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	z, err2 := m.takeInts(n, 1)
	if err := errors.Join(err1, err2); err != nil {
		return value{}, err
	}
	if len(x.shape) != pictureAxes || len(z) != 2*pictureAxes || z[0]+z[1]+z[6]+z[7] != 0 {
		return value{}, fmt.Errorf("it puts %v around shape %v, want zeros around pictures", z, x.shape)
	}
	x.zeros = border{top: z[2], bottom: z[3], left: z[4], right: z[5]}
	x.shape = []int64{x.shape[0], x.shape[1] + z[2] + z[3], x.shape[2] + z[4] + z[5], x.shape[3]}
	x.open = nil
	return x, nil
}
