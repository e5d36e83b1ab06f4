package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_shape_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/graphdef"
)

type attributes = map[string]*graphdef.Attr

func images(shape ...int64) *graphdef.Node {
	s := &tensor_shape_go_proto.TensorShapeProto{}
	for _, size := range shape {
		s.Dim = append(s.Dim, &tensor_shape_go_proto.TensorShapeProto_Dim{Size: size})
	}
	return &graphdef.Node{Name: "images", Op: "Placeholder", Attr: attributes{"dtype": graphdef.Type(types_go_proto.DataType_DT_UINT8),
		"shape": {Value: &attr_value_go_proto.AttrValue_Shape{Shape: s}}}}
}

func operation(name, kind string, a attributes, inputs ...string) *graphdef.Node {
	return &graphdef.Node{Name: name, Op: kind, Attr: a, Input: inputs}
}

func toFloat(input string) *graphdef.Node {
	return operation("float", "Cast", attributes{"DstT": graphdef.Type(types_go_proto.DataType_DT_FLOAT)}, input)
}

func floatsOf(name string, shape ...int64) *graphdef.Node {
	values := make([]float32, elements(shape))
	for i := range values {
		values[i] = float32(i)
	}
	return graphdef.Const(name, graphdef.Tensor{Shape: shape, Floats: values})
}

func intsOf(name string, values ...int32) *graphdef.Node {
	return graphdef.Const(name, graphdef.Tensor{Shape: []int64{int64(len(values))}, Ints: values})
}

// tower is a network of all that is peculiar about the two layouts.
func tower() []*graphdef.Node {
	border := graphdef.Const("border", graphdef.Tensor{Shape: []int64{4, 2}, Ints: []int32{0, 0, 1, 0, 0, 1, 0, 0}})
	strided := attributes{"strides": graphdef.Numbers(1, 2, 2, 1), "padding": graphdef.Text("VALID")}
	return []*graphdef.Node{images(-1, 8, 8, 3), intsOf("columns", 2), operation("mirror", "ReverseV2", nil, "images", "columns"),
		toFloat("mirror"), floatsOf("mean", 3), operation("centre", "Sub", nil, "float", "mean"),
		border, operation("pad", "Pad", nil, "centre", "border"),
		floatsOf("kernel", 3, 2, 3, 4), operation("convolve", "Conv2D", strided, "pad", "kernel"),
		floatsOf("bias", 4), operation("biased", "BiasAdd", nil, "convolve", "bias"), operation("relu", "Relu6", nil, "biased"),
		intsOf("sizes", -1, 64), operation("flat", "Reshape", nil, "relu", "sizes"),
		floatsOf("dense", 64, 2), operation("product", "MatMul", nil, "flat", "dense"),
		floatsOf("offset", 2), operation("sum", "BiasAdd", nil, "product", "offset"), operation("embedding", "Identity", nil, "sum")}
}

func encode(t *testing.T, nodes ...*graphdef.Node) ([]byte, error) {
	t.Helper()
	data, err := proto.Marshal(&graph_go_proto.GraphDef{Node: nodes})
	if err != nil {
		t.Fatal(err)
	}
	g, err := graphdef.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return Encode(Contents{Graph: g, Input: Port{"images", "pixels"}, Output: Port{"embedding", "vector"}, Tool: "test",
		Metadata: map[string]string{"b": "2", "a": "1"}})
}

// read is what a reader of the format finds in a model.
type read struct {
	nodes   []string             // "operation(inputs) → outputs"
	ints    map[string][]int64   // attributes, by node.attribute
	shapes  map[string][]int64   // of tensors
	floats  map[string][]float32 // of tensors of float32
	numbers map[string][]int64   // of tensors of int64 and uint8
}

// readModel reads a model by the numbers of onnx.proto.
func readModel(t *testing.T, data []byte) read {
	t.Helper()
	r := read{ints: map[string][]int64{}, shapes: map[string][]int64{}, floats: map[string][]float32{}, numbers: map[string][]int64{}}
	each(t, data, func(field protowire.Number, _ uint64, content []byte) {
		if field != 7 {
			return
		}
		each(t, content, func(field protowire.Number, _ uint64, content []byte) {
			switch field {
			case 1:
				r.node(t, content)
			case 5:
				r.tensor(t, content)
			}
		})
	})
	return r
}

func each(t *testing.T, data []byte, see func(field protowire.Number, number uint64, content []byte)) {
	t.Helper()
	err := fields(data, func(field protowire.Number, whole, content []byte) error {
		_, _, n := protowire.ConsumeTag(whole)
		number, _ := protowire.ConsumeVarint(whole[n:])
		see(field, number, content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *read) node(t *testing.T, data []byte) {
	t.Helper()
	texts, attrs := map[protowire.Number][]string{}, [][]byte{}
	each(t, data, func(field protowire.Number, _ uint64, content []byte) {
		texts[field] = append(texts[field], string(content))
		if field == 5 {
			attrs = append(attrs, content)
		}
	})
	r.nodes = append(r.nodes, fmt.Sprintf("%s(%s) → %s", texts[4][0], strings.Join(texts[1], ", "), strings.Join(texts[2], ", ")))
	for _, a := range attrs {
		name := ""
		each(t, a, func(field protowire.Number, number uint64, content []byte) {
			switch field {
			case 1:
				name = texts[3][0] + "." + string(content)
			case 3, 8:
				r.ints[name] = append(r.ints[name], int64(number))
			}
		})
	}
}

func (r *read) tensor(t *testing.T, data []byte) {
	t.Helper()
	var name string
	var shape []int64
	var raw []byte
	var kind uint64
	each(t, data, func(field protowire.Number, number uint64, content []byte) {
		switch field {
		case 1:
			shape = append(shape, int64(number))
		case 2:
			kind = number
		case 8:
			name = string(content)
		case 9:
			raw = content
		}
	})
	r.shapes[name] = shape
	for ; len(raw) > 0 && kind == 1; raw = raw[4:] {
		r.floats[name] = append(r.floats[name], math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	for ; len(raw) > 0 && kind == uint8Elements; raw = raw[1:] {
		r.numbers[name] = append(r.numbers[name], int64(raw[0]))
	}
	for ; len(raw) > 0 && kind == 7; raw = raw[8:] {
		r.numbers[name] = append(r.numbers[name], int64(binary.LittleEndian.Uint64(raw)))
	}
}

// TestEncode: a picture is turned once, weights are in ONNX's order, and biases and borders are part of what
// they belong to. TestInteropONNX of package cli compares numbers.
func TestEncode(t *testing.T) {
	data, err := encode(t, tower()...)
	if err != nil {
		t.Fatal(err)
	}
	got := readModel(t, data)
	want := []string{
		"Transpose(pixels) → images/channels_first",
		"Slice(images/channels_first, mirror/starts, mirror/ends, mirror/axes, mirror/steps) → mirror",
		"Cast(mirror) → float",
		"Sub(float, mean/channels_first) → centre",
		"Conv(centre, kernel, bias) → convolve",
		"Clip(convolve, relu6/least, relu6/most) → relu",
		"Transpose(relu) → flat/channels_last",
		"Reshape(flat/channels_last, flat/sizes) → flat",
		"Gemm(flat, dense, offset) → vector",
	}
	if !slices.Equal(got.nodes, want) {
		t.Errorf("nodes are\n%s\nwant\n%s", strings.Join(got.nodes, "\n"), strings.Join(want, "\n"))
	}
	for name, want := range map[string][]int64{"images/channels_first.perm": {0, 3, 1, 2}, "convolve.pads": {1, 0, 0, 1},
		"convolve.strides": {2, 2}, "convolve.kernel_shape": {3, 2}, "flat/channels_last.perm": {0, 2, 3, 1}} {
		if !slices.Equal(got.ints[name], want) {
			t.Errorf("%s is %v, want %v", name, got.ints[name], want)
		}
	}
	if axes := got.numbers["mirror/axes"]; !slices.Equal(axes, []int64{3}) {
		t.Errorf("columns are axis %v, want 3", axes)
	}
	if shape := got.shapes["mean/channels_first"]; !slices.Equal(shape, []int64{1, 3, 1, 1}) {
		t.Errorf("the mean has shape %v", shape)
	}
	checkKernel(t, got)
	again, err := encode(t, tower()...)
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("a second model differs: %v", err)
	}
}

// checkKernel: element [o,i,h,w] of the kernel is [h,w,i,o] of TensorFlow's, whose elements count up.
func checkKernel(t *testing.T, got read) {
	t.Helper()
	if shape := got.shapes["kernel"]; !slices.Equal(shape, []int64{4, 3, 3, 2}) {
		t.Fatalf("the kernel has shape %v, want [4,3,3,2]", shape)
	}
	at := 0
	for o := range 4 {
		for i := range 3 {
			for h := range 3 {
				for w := range 2 {
					if want := float32(((h*2+w)*3+i)*4 + o); got.floats["kernel"][at] != want {
						t.Fatalf("kernel[%d,%d,%d,%d] = %g, want %g", o, i, h, w, got.floats["kernel"][at], want)
					}
					at++
				}
			}
		}
	}
}

// TestShared: what two operations take is there once, and a bias is not put into what another one takes, too.
func TestShared(t *testing.T) {
	a := attributes{"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("SAME")}
	data, err := encode(t, images(-1, 4, 4, 3), toFloat("images"), floatsOf("kernel", 3, 3, 3, 3), floatsOf("bias", 3),
		operation("one", "Conv2D", a, "float", "kernel"), operation("two", "Conv2D", a, "one", "kernel"),
		operation("biased", "BiasAdd", nil, "one", "bias"), operation("sum", "AddV2", nil, "two", "biased"),
		intsOf("pixels", 1, 2), operation("embedding", "Mean", nil, "sum", "pixels"))
	if err != nil {
		t.Fatal(err)
	}
	got := readModel(t, data)
	for _, want := range []string{"Conv(float, kernel) → one", "Conv(one, kernel) → two", "Add(one, bias/channels_first) → biased",
		"ReduceMean(sum) → vector"} {
		if !slices.Contains(got.nodes, want) {
			t.Errorf("no node %s in\n%s", want, strings.Join(got.nodes, "\n"))
		}
	}
	if n := bytes.Count(data, []byte("\x42\x06kernel")); n != 1 {
		t.Errorf("the kernel is there %d times", n)
	}
	if pads := got.ints["one.pads"]; !slices.Equal(pads, []int64{1, 1, 1, 1}) {
		t.Errorf("SAME puts %v around", pads)
	}
}

// TestPadding: SAME puts the zeros where TensorFlow puts them: half of what is missing in front, the odd one behind.
// tf.nn.convolution's documentation has the formula.
func TestPadding(t *testing.T) {
	for _, c := range []struct{ size, kernel, stride, first, last, out int64 }{
		{5, 3, 1, 1, 1, 5}, {5, 3, 2, 1, 1, 3}, {6, 3, 2, 0, 1, 3}, {6, 2, 1, 0, 1, 6}, {7, 1, 2, 0, 0, 4}, {8, 5, 2, 1, 2, 4},
	} {
		n := operation("x", "Conv2D", attributes{"strides": graphdef.Numbers(1, c.stride, c.stride, 1), "padding": graphdef.Text("SAME")})
		w, err := (&mapping{}).window(n, value{shape: []int64{-1, c.size, c.size, 1}}, [2]int64{c.kernel, c.kernel})
		if want := (border{c.first, c.first, c.last, c.last}); err != nil || w.zeros != want || w.shape[1] != c.out {
			t.Errorf("%+v: zeros %v, %d pixels, %v", c, w.zeros, w.shape[1], err)
		}
	}
}

// TestRefused: what has no row, or another form than towers have, is named.
func TestRefused(t *testing.T) {
	pixels := []*graphdef.Node{images(-1, 4, 4, 3), toFloat("images"), intsOf("all", 1, 2), intsOf("width", 2), floatsOf("wide", 3, 3),
		floatsOf("row", 7)}
	format := attributes{"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("VALID"), "data_format": graphdef.Text("NCHW")}
	for want, nodes := range map[string][]*graphdef.Node{
		`operation "embedding", a Softplus: no row`:    {operation("embedding", "Softplus", nil, "float")},
		"the output is no [N,D]":                       {operation("embedding", "Relu", nil, "float")},
		"three of the axes":                            {operation("embedding", "Max", nil, "float", "width")},
		"is no constant":                               {operation("embedding", "Mean", nil, "float", "float")},
		"it is no [N,F]·[F,D]":                         {operation("embedding", "MatMul", nil, "float", "wide")},
		`format "NCHW"`:                                {operation("embedding", "MaxPool", with(format, "ksize", graphdef.Numbers(1, 2, 2, 1)), "float")},
		"do not go together":                           {operation("embedding", "AddV2", nil, "float", "row")},
		`its input "float:1" is no first output`:       {operation("embedding", "Relu", nil, "float:1")},
		"it makes DT_INVALID":                          {operation("embedding", "Cast", nil, "images")},
		"it is a second input":                         {operation("other", "Placeholder", nil), operation("embedding", "AddV2", nil, "float", "other")},
		"it has 1 inputs, want 2":                      {operation("embedding", "MatMul", nil, "float")},
		"want zeros around pictures":                   {operation("embedding", "Pad", nil, "float", "all")},
		"its strides are []":                           {operation("embedding", "Conv2D", nil, "float", "kernel"), floatsOf("kernel", 1, 1, 3, 1)},
		"graph has no node \"x\", which \"embedding\"": {operation("embedding", "Relu", nil, "x")},
	} {
		_, err := encode(t, append(slices.Clone(pixels), nodes...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
	_, err := encode(t, append(pixels, operation("embedding", "Softplus", nil, "float"))...)
	if refused := new(OperationError); !errors.As(err, &refused) || refused.Node != "embedding" {
		t.Errorf("the error is %#v", err)
	}
}

func with(a attributes, name string, x *graphdef.Attr) attributes {
	a = maps.Clone(a)
	a[name] = x
	return a
}

// TestMetadata: other entries leave the rest of a model as it is; what is no model is refused.
func TestMetadata(t *testing.T) {
	data, err := encode(t, tower()...)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]string{"a": "3", "c": ""}
	changed, err := SetMetadata(data, entries)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Metadata(changed); err != nil || !maps.Equal(got, entries) {
		t.Errorf("metadata are %v, %v, want %v", got, err, entries)
	}
	back, err := SetMetadata(changed, map[string]string{"b": "2", "a": "1"})
	if err != nil || !bytes.Equal(back, data) {
		t.Errorf("with its own entries again the model differs: %v", err)
	}
	if got, err := Metadata(data[:len(data)-1]); err == nil {
		t.Errorf("a model cut short has metadata %v", got)
	}
	if _, err := SetMetadata([]byte("\x0f"), nil); !errors.Is(err, errFile) {
		t.Errorf("no model: %v", err)
	}
}
