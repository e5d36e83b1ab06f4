package onnx

import (
	"slices"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// quint8 is a node that quantizes, and constants of its range, 0 to most.
func quint8(name, input string, most float32) []*graphdef.Node {
	return []*graphdef.Node{numbersOf(name+"/least", 0), numbersOf(name+"/most", most),
		operation(name, "QuantizeV2", attributes{"T": graphdef.Type(types_go_proto.DataType_DT_QUINT8), "mode": graphdef.Text("SCALED")},
			input, name+"/least", name+"/most")}
}

func numbersOf(name string, values ...float32) *graphdef.Node {
	shape := []int64{}
	if len(values) > 1 {
		shape = []int64{int64(len(values))}
	}
	return graphdef.Const(name, graphdef.Tensor{Shape: shape, Floats: values})
}

// whole gives the floats of bytes as whole numbers, and multiplies them.
func whole(name, input string, by ...float32) []*graphdef.Node {
	return []*graphdef.Node{operation(name+"/bytes", "Bitcast", nil, input),
		operation(name+"/steps", "Cast", attributes{"DstT": graphdef.Type(types_go_proto.DataType_DT_FLOAT)}, name+"/bytes"),
		numbersOf(name+"/step", by...), operation(name, "Mul", nil, name+"/steps", name+"/step")}
}

// integerTower is [quantize → pad → convolve, add what was padded → floats → mean], two channels.
func integerTower() []*graphdef.Node {
	border := graphdef.Const("border", graphdef.Tensor{Shape: []int64{4, 2}, Ints: []int32{0, 0, 1, 1, 1, 1, 0, 0}})
	sum := attributes{"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("VALID"),
		"out_type": graphdef.Type(types_go_proto.DataType_DT_QUINT8), names.ConvolvedRange: graphdef.Floats(-255, 510)}
	kernel := make([]int8, 3*3*2*2)
	for i := range kernel {
		kernel[i] = int8(i - 20)
	}
	nodes := append([]*graphdef.Node{images(-1, 4, 4, 2), toFloat("images")}, quint8("in", "float", 510)...)
	nodes = append(nodes, border, operation("bytes", "Bitcast", nil, "in"), operation("padded", "Pad", nil, "bytes", "border"),
		operation("framed", "Bitcast", nil, "padded"),
		graphdef.Const("kernel", graphdef.Tensor{Shape: []int64{3, 3, 2, 2}, Bytes: kernel}), numbersOf("bias", 7, -4),
		numbersOf("down", -127, -254), numbersOf("up", 127, 254), numbersOf("zero", 0), numbersOf("most", 1020),
		operation("convolve", "QuantizedConv2DWithBiasSumAndReluAndRequantize", sum, "framed", "kernel", "bias", "in:1", "in:2",
			"down", "up", "zero", "most", "in", "in:1", "in:2"))
	return append(append(nodes, whole("out", "convolve", 4)...), intsOf("pixels", 1, 2), operation("embedding", "Mean", nil, "out", "pixels"))
}

// TestIntegers: an operation of integers is one of floats between those that make floats of integers and integers of
// floats, in TensorFlow's steps: 2 of the input, 1 and 2 of the kernel's channels, 4 of the result.
func TestIntegers(t *testing.T) {
	data, err := encode(t, integerTower()...)
	if err != nil {
		t.Fatal(err)
	}
	got := readModel(t, data)
	want := []string{
		"Transpose(pixels) → images/channels_first",
		"Cast(images/channels_first) → float",
		"QuantizeLinear(float, in/step, in/zero) → in",
		"DequantizeLinear(kernel, kernel/steps, kernel/zeros) → kernel/floats",
		"DequantizeLinear(convolve/bias/integers, convolve/bias/steps) → convolve/bias",
		"DequantizeLinear(in, in/step, in/zero) → in/floats",
		"Conv(in/floats, kernel/floats, convolve/bias) → convolve/convolve",
		"QuantizeLinear(convolve/convolve, convolve/convolved/step, convolve/convolved/zero) → convolve/convolved",
		"DequantizeLinear(convolve/convolved, convolve/convolved/step, convolve/convolved/zero) → convolve/convolved/floats",
		"Add(convolve/convolved/floats, in/floats) → convolve/sum",
		"QuantizeLinear(convolve/sum, convolve/step, convolve/zero) → convolve",
		"DequantizeLinear(convolve, convolve/step, convolve/zero) → out/steps",
		"ReduceMean(out/steps) → vector",
	}
	if !slices.Equal(got.nodes, want) {
		t.Errorf("nodes are\n%s\nwant\n%s", strings.Join(got.nodes, "\n"), strings.Join(want, "\n"))
	}
	for name, want := range map[string][]float32{"in/step": {2}, "kernel/steps": {1, 2}, "convolve/bias/steps": {2, 4}, "convolve/step": {4},
		"convolve/convolved/step": {3}} { // (255 + 510)/255
		if !slices.Equal(got.floats[name], want) {
			t.Errorf("%s is %v, want %v", name, got.floats[name], want)
		}
	}
	if pads := got.ints["convolve/convolve.pads"]; !slices.Equal(pads, []int64{1, 1, 1, 1}) {
		t.Errorf("zeros around are %v", pads)
	}
	if zero := got.numbers["convolve/convolved/zero"]; !slices.Equal(zero, []int64{85}) { // 255/3
		t.Errorf("0 before the sum is %v, want 85", zero)
	}
	if shape := got.shapes["kernel"]; !slices.Equal(shape, []int64{2, 2, 3, 3}) {
		t.Errorf("the kernel has shape %v", shape)
	}
}

// imageTower is [images → a byte around them → convolve → floats, with a share for each channel → mean], two channels.
func imageTower(around *graphdef.Node, put ...*graphdef.Node) []*graphdef.Node {
	a := attributes{"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("VALID"), "out_type": graphdef.Type(types_go_proto.DataType_DT_QUINT8)}
	nodes := []*graphdef.Node{images(-1, 2, 2, 2),
		graphdef.Const("zeros", graphdef.Tensor{Shape: []int64{4, 2}, Ints: []int32{0, 0, 0, 1, 0, 1, 0, 0}}), around}
	nodes = append(append(nodes, put...), operation("in", "Bitcast", nil, "surrounded"),
		graphdef.Const("kernel", graphdef.Tensor{Shape: []int64{2, 2, 2, 2}, Bytes: make([]int8, 16)}), numbersOf("bias", 0, 0),
		numbersOf("zero", 0), numbersOf("image_most", 510), numbersOf("down", -127, -127), numbersOf("up", 127, 127), numbersOf("most", 1020),
		operation("convolve", "QuantizedConv2DWithBiasAndReluAndRequantize", a, "in", "kernel", "bias", "zero", "image_most", "down", "up", "zero", "most"))
	return append(append(nodes, whole("out", "convolve", 4, 2)...), intsOf("pixels", 1, 2), operation("embedding", "Mean", nil, "out", "pixels"))
}

// TestImageBytes: an operation of integers takes the bytes of images, with a byte around them that is not zero: one for all
// channels, or one for each. Steps are 2, of the image, and 4, of the result, of which the second channel has half.
func TestImageBytes(t *testing.T) {
	border := []uint8{0, 0, 0, 0, 7, 9, 0, 0, 0, 0, 7, 9, 7, 9, 7, 9, 7, 9}
	for around, tower := range map[string][]*graphdef.Node{
		"Pad(images/channels_first, surrounded/pads, surrounded/byte) → surrounded": imageTower(
			graphdef.Const("around", graphdef.Tensor{Shape: []int64{}, Uint8s: []uint8{9}}),
			operation("surrounded", "PadV2", nil, "images", "zeros", "around")),
		"Where(surrounded/there, surrounded/border, images/channels_first/padded) → surrounded": imageTower(
			graphdef.Const("around", graphdef.Tensor{Shape: []int64{1, 3, 3, 2}, Uint8s: border}),
			operation("padded", "Pad", nil, "images", "zeros"), operation("surrounded", "AddV2", nil, "padded", "around")),
	} {
		data, err := encode(t, tower...)
		if err != nil {
			t.Fatal(err)
		}
		got := readModel(t, data)
		want := []string{around,
			"DequantizeLinear(kernel, kernel/steps, kernel/zeros) → kernel/floats",
			"DequantizeLinear(convolve/bias/integers, convolve/bias/steps) → convolve/bias",
			"DequantizeLinear(surrounded, surrounded/step, surrounded/zero) → surrounded/floats",
			"Conv(surrounded/floats, kernel/floats, convolve/bias) → convolve/convolve",
			"QuantizeLinear(convolve/convolve, convolve/step, convolve/zero) → convolve",
			"DequantizeLinear(convolve, convolve/step, convolve/zero) → out/steps",
			"Mul(out/steps, out/left/channels_first) → out",
			"ReduceMean(out) → vector"}
		if from := slices.Index(got.nodes, around); from < 0 || !slices.Equal(got.nodes[from:], want) {
			t.Errorf("nodes are\n%s\nwant, at the end,\n%s", strings.Join(got.nodes, "\n"), strings.Join(want, "\n"))
		}
		for name, want := range map[string][]float32{"surrounded/step": {2}, "out/left/channels_first": {1, 0.5}} {
			if !slices.Equal(got.floats[name], want) {
				t.Errorf("%s is %v, want %v", name, got.floats[name], want)
			}
		}
	}
}
