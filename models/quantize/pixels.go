package quantize

import (
	"math"
	"slices"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// levels is a tensor that is made of images [N,H,W,C] uint8 alone: level·scale - shift.
type levels struct {
	images string
	scale  float32
	shift  []float32 // [C], or one number for all; nil: 0
}

// levels returns what a tensor is made of, nil where that is something else.
func (w *rewriter) levels(tensor string) *levels {
	n := w.graph.Node(tensor)
	switch n.GetOp() {
	case "Cast": // what another layer gives is put as floats by a Bitcast and a Cast, see floats
		if n.Attr["SrcT"].GetType() == types_go_proto.DataType_DT_UINT8 && w.graph.Node(n.Input[0]).GetOp() != "Bitcast" {
			return &levels{images: n.Input[0], scale: 1}
		}
	case "Sub", "Mul":
		l := w.levels(n.Input[0])
		c, err := graphdef.Constant(w.graph.Node(n.Input[1]))
		switch {
		case l == nil || l.shift != nil || err != nil || len(c.Floats) == 0:
		case n.Op == "Sub":
			if l.shift = c.Floats; len(c.Shape) == 2 {
				l.shift = l.shift[:c.Shape[1]] // of a row, which repeats them
			}
			return l
		case len(c.Floats) == 1 && c.Floats[0] > 0:
			l.scale *= c.Floats[0]
			return l
		}
	}
	return nil
}

// pixels returns what u takes where that is made of images: their bytes as they are, so that nothing is rounded and
// no operation makes floats of them. Zeros around an image are the byte that is nearest to zero. Nil: u takes something else.
func (w *rewriter) pixels(u *unit) (*source, error) {
	padding, tensor := w.graph.Node(u.input), u.input
	if padding.GetOp() == "Pad" {
		tensor = padding.Input[0]
	} else {
		padding = nil
	}
	l := w.levels(tensor)
	kernel, err := graphdef.Constant(w.graph.Node(u.conv.Input[1]))
	if l == nil || err != nil {
		return nil, err
	}
	s := &source{shift: l.shift, step: l.scale}
	zeros, name, own := [2][2]int{}, u.conv.Name+"/pixels", u.layer+integers+"/pixels" // constants are of all towers
	if padding != nil {
		if zeros, err = w.zeros(padding); err != nil {
			return nil, err
		}
	}
	seen := w.plan.Channels[InputKey(u.layer)] // with the zeros of padding
	if s.shift != nil {
		if u.depthwise() || seen.Height == 0 {
			return nil, nil
		}
		if len(s.shift) == 1 {
			s.shift = slices.Repeat(s.shift, int(kernel.Shape[2]))
		}
		if string(u.conv.Attr["padding"].GetS()) == "SAME" {
			strides := u.conv.Attr["strides"].GetList().GetI()
			for axis, pixels := range []*int{&seen.Height, &seen.Width} {
				before, after := same(*pixels, int(kernel.Shape[axis]), int(strides[1+axis]))
				zeros[axis] = [2]int{zeros[axis][0] + before, zeros[axis][1] + after}
				*pixels += before + after
			}
			s.padded = true
		}
	}
	around := make([]uint8, int(kernel.Shape[2]))
	for c := range s.shift {
		byteOf := math.RoundToEven(float64(s.shift[c] / l.scale))
		if byteOf < 0 || byteOf > math.MaxUint8 {
			return nil, nil
		}
		around[c] = uint8(byteOf)
	}
	bytes := l.images
	if zeros != [2][2]int{} {
		bytes = w.surround(u, bytes, zeros, around, seen)
	}
	w.bitcast(name, bytes, types_go_proto.DataType_DT_UINT8, types_go_proto.DataType_DT_QUINT8)
	s.ref = [3]string{name, w.scalar(own+least, 0), w.scalar(own+largest, math.MaxUint8*l.scale)}
	return s, nil
}

// surround puts a byte of each channel around the images that u takes, so that they have the size of padded, and returns its name.
func (w *rewriter) surround(u *unit, images string, zeros [2][2]int, around []uint8, padded Channels) string {
	name, own := u.conv.Name+"/pixels", u.layer+integers+"/pixels"
	paddings := own + "/zeros"
	w.graph.Put(graphdef.Const(paddings, graphdef.Tensor{Shape: []int64{4, 2}, Ints: []int32{0, 0,
		int32(zeros[0][0]), int32(zeros[0][1]), int32(zeros[1][0]), int32(zeros[1][1]), 0, 0}}))
	bytes := graphdef.Type(types_go_proto.DataType_DT_UINT8)
	n := &graphdef.Node{Name: name + "/padded", Op: "Pad", Input: []string{images, paddings},
		Attr: map[string]*graphdef.Attr{"T": bytes, "Tpaddings": graphdef.Type(types_go_proto.DataType_DT_INT32)}}
	w.graph.Put(n)
	if slices.Min(around) == slices.Max(around) {
		if around[0] != 0 {
			w.graph.Put(graphdef.Const(own+"/around", graphdef.Tensor{Shape: []int64{}, Uint8s: around[:1]}))
			n.Op, n.Input = "PadV2", append(n.Input, own+"/around")
		}
		return n.Name
	}
	// PadV2 knows one byte for all channels. So this adds a picture of the border to one that has zeros there.
	border := make([]uint8, 0, padded.Height*padded.Width*len(around))
	for row := range padded.Height {
		for column := range padded.Width {
			inside := row >= zeros[0][0] && row < padded.Height-zeros[0][1] && column >= zeros[1][0] && column < padded.Width-zeros[1][1]
			for _, x := range around {
				if inside {
					x = 0
				}
				border = append(border, x)
			}
		}
	}
	w.graph.Put(graphdef.Const(own+"/border", graphdef.Tensor{Uint8s: border,
		Shape: []int64{1, int64(padded.Height), int64(padded.Width), int64(len(around))}}))
	w.graph.Put(&graphdef.Node{Name: name + "/surrounded", Op: "AddV2", Input: []string{n.Name, own + "/border"},
		Attr: map[string]*graphdef.Attr{"T": bytes}})
	return name + "/surrounded"
}
