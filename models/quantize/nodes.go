package quantize

import (
	"errors"
	"math"
	"slices"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// Suffixes of the names of nodes that are put beside those of a layer.
const (
	integers = "/int8"
	least    = "/least"
	largest  = "/largest"
	outer    = "/outer"
)

// signedOuter: the oneDNN kernel of QuantizeV2 makes x·127.5/largest of a number with a sign; those that take integers read
// q·largest/127. So it is told of a range that is larger by this.
const signedOuter = 127.5 / 127

// pointwise reports whether u takes one pixel for each that it gives.
func pointwise(g *graphdef.Graph, u *unit) bool {
	kernel, err := graphdef.Constant(g.Node(u.conv.Input[1]))
	return err == nil && kernel.Shape[0] == 1 && kernel.Shape[1] == 1 && !u.depthwise()
}

// scalar adds a constant of one number and returns its name.
func (w *rewriter) scalar(name string, x float32) string {
	return w.vector(name, []int64{}, []float32{x})
}

func (w *rewriter) vector(name string, shape []int64, x []float32) string {
	w.graph.Put(graphdef.Const(name, graphdef.Tensor{Shape: shape, Floats: x}))
	return name
}

// border adds QuantizeV2 of a tensor of floats, and remembers it under a key.
func (w *rewriter) border(key, tensor string, r Range, signed bool) (*source, error) {
	if s := w.made[key]; s != nil {
		return s, nil
	}
	if !(r.Max > 0) {
		return nil, errors.New("the range of what it takes is not known")
	}
	low, high := float32(0), r.Max
	if signed {
		high = 0
		for _, shift := range r.Shift {
			high = max(high, shift, r.Max-shift)
		}
		low = -high
	}
	s, name := &source{step: high / math.MaxUint8, signed: signed}, tensor+integers
	if signed {
		s.step = high / math.MaxInt8
	}
	s.ref = [3]string{name, w.scalar(name+least, low), w.scalar(name+largest, high)}
	told := s.ref
	if signed {
		told[1], told[2] = w.scalar(name+outer+least, low*signedOuter), w.scalar(name+outer+largest, high*signedOuter)
	}
	w.graph.Put(&graphdef.Node{Name: name, Op: "QuantizeV2", Input: []string{tensor, told[1], told[2]},
		Attr: map[string]*graphdef.Attr{"T": graphdef.Type(s.dtype()), "mode": graphdef.Text("SCALED"),
			"round_mode": graphdef.Text("HALF_TO_EVEN")}})
	w.made[key] = s
	return s, nil
}

func outputs(name string) [3]string { return [3]string{name, name + ":1", name + ":2"} }

// pool adds the pool n of s.
func (w *rewriter) pool(n *graphdef.Node, s *source) *source {
	name := n.Name + integers
	w.graph.Put(&graphdef.Node{Name: name, Op: "QuantizedMaxPool", Input: s.ref[:], Attr: map[string]*graphdef.Attr{
		"T": graphdef.Type(s.dtype()), "ksize": n.Attr["ksize"], "strides": n.Attr["strides"], "padding": n.Attr["padding"]}})
	w.made[n.Name] = &source{ref: outputs(name), shift: s.shift, step: s.step, signed: s.signed}
	return w.made[n.Name]
}

// pad adds the padding n of s, whose zeros are zeros: of bytes, since Pad knows no quantized ones.
func (w *rewriter) pad(n *graphdef.Node, s *source) *source {
	name, uint8s := n.Name+integers, types_go_proto.DataType_DT_UINT8
	if s.signed {
		uint8s = types_go_proto.DataType_DT_INT8
	}
	w.bitcast(name+"/bytes", s.ref[0], s.dtype(), uint8s)
	w.graph.Put(&graphdef.Node{Name: name + "/padded", Op: "Pad", Input: []string{name + "/bytes", n.Input[1]},
		Attr: map[string]*graphdef.Attr{"T": graphdef.Type(uint8s), "Tpaddings": n.Attr["Tpaddings"]}})
	w.bitcast(name, name+"/padded", uint8s, s.dtype())
	w.made[n.Name] = &source{ref: [3]string{name, s.ref[1], s.ref[2]}, share: s.share, step: s.step, signed: s.signed}
	return w.made[n.Name]
}

// bitcast adds numbers of one type as those of another, bit by bit.
func (w *rewriter) bitcast(name, input string, from, to types_go_proto.DataType) {
	w.graph.Put(&graphdef.Node{Name: name, Op: "Bitcast", Input: []string{input},
		Attr: map[string]*graphdef.Attr{"T": graphdef.Type(from), "type": graphdef.Type(to)}})
}

// put adds u as one operation on integers, and what gives its result as floats to those who take that.
func (w *rewriter) put(u *unit, in, sum *source, out Range) error {
	bias, err := graphdef.Constant(w.graph.Node(u.bias.Input[1]))
	if err != nil {
		return err
	}
	b := slices.Clone(bias.Floats)
	k, err := w.kernel(u, leastScales(b, in, sum, out))
	if err != nil {
		return err
	}
	if err := w.correct(b, u, k); err != nil {
		return err
	}
	k.subtract(b, in.shift)
	for c := range b {
		if sum != nil && sum.shift != nil {
			b[c] -= sum.shift[c]
		}
		if out.Shift != nil {
			b[c] += out.Shift[c]
		}
		b[c] /= shareOf(out.Share, c)
		k.scale[c] *= shareOf(in.share, c) / shareOf(out.Share, c)
	}
	convolved, err := w.convolved(u, sum, out)
	if err != nil {
		return err
	}
	padding := u.conv.Attr["padding"]
	if in.padded {
		padding = graphdef.Text("VALID")
	}
	own := u.layer + integers
	name, channels := u.conv.Name+integers, []int64{int64(len(b))}
	n := &graphdef.Node{Name: name, Op: "QuantizedConv2DWithBiasAndReluAndRequantize", Attr: map[string]*graphdef.Attr{
		"Tinput": graphdef.Type(in.dtype()), "Tfilter": graphdef.Type(types_go_proto.DataType_DT_QINT8),
		"Tbias": graphdef.Type(types_go_proto.DataType_DT_FLOAT), "out_type": graphdef.Type(types_go_proto.DataType_DT_QUINT8),
		"strides": u.conv.Attr["strides"], "padding": padding},
		Input: []string{in.ref[0], own + "/kernel", w.vector(own+"/bias", channels, b), in.ref[1], in.ref[2],
			w.vector(own+"/kernel"+least, channels, k.bounds(-1)), w.vector(own+"/kernel"+largest, channels, k.bounds(1)),
			w.scalar(own+least, 0), w.scalar(own+largest, out.Max)}}
	w.graph.Put(graphdef.Const(own+"/kernel", graphdef.Tensor{Shape: k.shape, Bytes: k.integers}))
	switch {
	case u.depthwise():
		n.Op = "QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize"
	case sum != nil:
		n.Op, n.Attr["Tsummand"] = "QuantizedConv2DWithBiasSumAndReluAndRequantize", graphdef.Type(sum.dtype())
		n.Input = append(n.Input, sum.ref[:]...)
		n.Attr[names.ConvolvedRange] = convolved
	}
	w.graph.Put(n)
	w.made[u.output] = &source{ref: outputs(name), shift: out.Shift, share: out.Share, step: out.Max / math.MaxUint8}
	w.floats(u.output, name, out)
	return nil
}

// convolved returns what u gives before sum is added, from the least to the largest: nil where nothing is. TensorFlow adds
// before it rounds; engines that round twice need this range.
func (w *rewriter) convolved(u *unit, sum *source, out Range) (*graphdef.Attr, error) {
	if sum == nil {
		return nil, nil
	}
	e, ok := w.plan.Channels[convolvedKey(u.layer)]
	if !ok {
		return nil, errors.New("the extremes of what it convolves are not known")
	}
	least, largest := float32(0), float32(0)
	for c := range e.Min {
		shift := float32(0) // the sum counts from -out.Shift, and its summand from -sum.shift
		if out.Shift != nil {
			shift += out.Shift[c]
		}
		if sum.shift != nil {
			shift -= sum.shift[c]
		}
		least, largest = min(least, e.Min[c]+shift), max(largest, e.Max[c]+shift)
	}
	return graphdef.Floats(least, min(largest, out.Max)), nil
}

// floats puts what gives a tensor as floats, of bytes in a range, in the place of the node that gave it. A Dequantize
// takes twice as long.
func (w *rewriter) floats(tensor, bytes string, r Range) {
	float, uint8s := graphdef.Type(types_go_proto.DataType_DT_FLOAT), types_go_proto.DataType_DT_UINT8
	w.bitcast(tensor+"/bytes", bytes, types_go_proto.DataType_DT_QUINT8, uint8s)
	w.graph.Put(&graphdef.Node{Name: tensor + "/steps", Op: "Cast", Input: []string{tensor + "/bytes"},
		Attr: map[string]*graphdef.Attr{"SrcT": graphdef.Type(uint8s), "DstT": float}})
	each := func(name, op, input, of string) {
		w.graph.Put(&graphdef.Node{Name: name, Op: op, Input: []string{input, of}, Attr: map[string]*graphdef.Attr{"T": float}})
	}
	step := r.Max / math.MaxUint8
	switch {
	case r.Shift != nil:
		each(tensor+"/shifted", "Mul", tensor+"/steps", w.scalar(tensor+"/step", step))
		each(tensor, "Sub", tensor+"/shifted", w.vector(tensor+"/shift", []int64{int64(len(r.Shift))}, r.Shift))
	case r.Share != nil:
		steps := make([]float32, len(r.Share))
		for c, share := range r.Share {
			steps[c] = step * share
		}
		each(tensor, "Mul", tensor+"/steps", w.vector(tensor+"/step", []int64{int64(len(steps))}, steps))
	default:
		each(tensor, "Mul", tensor+"/steps", w.scalar(tensor+"/step", step))
	}
}

// kernel8 is a kernel as integers: x = integers·scale, of each output channel.
type kernel8 struct {
	shape    []int64
	integers []int8
	scale    []float32
	floats   []float32 // the kernel itself
}

// mostSteps is how many steps of its products the bias of a channel may be: engines add both as int32, which ends at twice as many.
const mostSteps = 1 << 30

// leastScales returns the least scale of each channel of a kernel. Training leaves channels whose kernel has come to almost nothing beside
// the bias. In the steps of such a kernel the bias is beyond what engines hold, and would be cut off. In coarser ones the kernel rounds
// to zeros, and the channel is its bias.
func leastScales(bias []float32, in, sum *source, out Range) []float32 {
	least := make([]float32, len(bias))
	for c, b := range bias {
		b = float32(math.Abs(float64(b)))
		if out.Shift != nil {
			b += out.Shift[c]
		}
		if sum != nil && sum.shift != nil {
			b += sum.shift[c]
		}
		least[c] = b / (mostSteps * in.step * shareOf(in.share, c))
	}
	return least
}

// kernel returns the kernel of u: [H,W,I,O], or [H,W,C,1], whose last numbers are those of its channels, too. No scale is below least.
func (w *rewriter) kernel(u *unit, least []float32) (*kernel8, error) {
	t, err := graphdef.Constant(w.graph.Node(u.conv.Input[1]))
	if err != nil {
		return nil, err
	}
	channels := int(t.Shape[3])
	if u.depthwise() {
		channels = int(t.Shape[2])
	}
	k := &kernel8{shape: t.Shape, integers: make([]int8, len(t.Floats)), scale: least, floats: t.Floats}
	for i, x := range t.Floats {
		c := i % channels
		k.scale[c] = max(k.scale[c], float32(math.Abs(float64(x)))/127)
	}
	for c, s := range k.scale {
		if s == 0 { // the channel gives nothing
			k.scale[c] = 1
		}
	}
	for i, x := range t.Floats {
		k.integers[i] = int8(max(-127, min(127, math.RoundToEven(float64(x/k.scale[i%channels])))))
	}
	return k, nil
}

// off returns how far number i of the kernel is from what it was.
func (k *kernel8) off(i int) float64 {
	return float64(k.integers[i])*float64(k.scale[i%len(k.scale)]) - float64(k.floats[i])
}

// bounds returns the numbers that ±127 stand for.
func (k *kernel8) bounds(sign float32) []float32 {
	list := make([]float32, len(k.scale))
	for c, s := range k.scale {
		list[c] = sign * 127 * s
	}
	return list
}

// subtract takes what a shift of the input [I] adds to each output off a bias; the kernel is [H,W,I,O].
func (k *kernel8) subtract(bias, shift []float32) {
	if shift == nil {
		return
	}
	for i, q := range k.integers {
		c := i % len(bias)
		bias[c] -= shift[i/len(bias)%len(shift)] * k.scale[c] * float32(q)
	}
}
