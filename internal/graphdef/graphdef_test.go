package graphdef

import (
	"slices"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	"google.golang.org/protobuf/proto"
)

// decode returns the graph of nodes.
func decode(t *testing.T, nodes ...*Node) *Graph {
	t.Helper()
	data, err := proto.Marshal(&graph_go_proto.GraphDef{Node: nodes})
	if err != nil {
		t.Fatal(err)
	}
	g, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestNeeded: what an output does not depend on is left out, and each node stands behind what it takes.
func TestNeeded(t *testing.T) {
	g := decode(t, &Node{Name: "sum", Op: "AddV2", Input: []string{"split:1", "x", "^wait"}}, &Node{Name: "x", Op: "Placeholder"},
		&Node{Name: "split", Op: "Unpack", Input: []string{"x"}}, &Node{Name: "wait", Op: "NoOp"}, &Node{Name: "other", Op: "Neg", Input: []string{"sum"}})
	nodes, err := g.Needed("sum")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	if want := []string{"x", "split", "wait", "sum"}; !slices.Equal(names, want) {
		t.Errorf("Needed = %q, want %q", names, want)
	}
	data, err := g.Encode("sum")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Decode(data); err != nil || again.Node("other") != nil || again.Node("sum") == nil {
		t.Errorf("encoded: %v, %v", again, err)
	}
	g.Put(&Node{Name: "x", Op: "Neg", Input: []string{"sum"}})
	if _, err := g.Needed("sum"); err == nil || !strings.Contains(err.Error(), "depends on itself") {
		t.Errorf("a circle: %v", err)
	}
	if _, err := g.Needed("y"); err == nil || !strings.Contains(err.Error(), `no node "y"`) {
		t.Errorf("an unknown output: %v", err)
	}
}

// TestRef: an input reads as TensorFlow writes it.
func TestRef(t *testing.T) {
	for text, want := range map[string]Ref{"a/b": {Node: "a/b"}, "a:2": {Node: "a", Output: 2}, "^a": {Node: "a", Control: true}} {
		if got := Parse(text); got != want || got.String() != text {
			t.Errorf("Parse(%q) = %+v, %q", text, got, got)
		}
	}
}

// TestConstant: constants give their elements in each of the forms that TensorFlow writes.
func TestConstant(t *testing.T) {
	for _, want := range []Tensor{{Shape: []int64{2, 2}, Floats: []float32{1, -2, 0.5, 3}}, {Shape: []int64{}, Ints: []int32{-7}}} {
		got, err := Constant(Const("c", want))
		if err != nil || !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Floats, want.Floats) || !slices.Equal(got.Ints, want.Ints) {
			t.Errorf("Constant = %v, %v, want %v", got, err, want)
		}
	}
	n := Const("c", Tensor{Shape: []int64{3}, Floats: []float32{0, 0, 0}})
	value := n.Attr["value"].GetTensor()
	value.TensorContent, value.FloatVal = nil, []float32{1, 2}
	if got, err := Constant(n); err != nil || !slices.Equal(got.Floats, []float32{1, 2, 2}) {
		t.Errorf("the last number stands for the rest: %v, %v", got, err)
	}
	for what, change := range map[string]func(*tensor_go_proto.TensorProto){
		"bytes": func(v *tensor_go_proto.TensorProto) { v.TensorContent = make([]byte, 8) },
		"many":  func(v *tensor_go_proto.TensorProto) { v.FloatVal = make([]float32, 4) },
		"type":  func(v *tensor_go_proto.TensorProto) { v.Dtype = types_go_proto.DataType_DT_STRING },
	} {
		n := Const("c", Tensor{Shape: []int64{3}, Floats: []float32{0, 0, 0}})
		value := n.Attr["value"].GetTensor()
		value.TensorContent = nil
		change(value)
		if got, err := Constant(n); err == nil {
			t.Errorf("%s: Constant = %v, want an error", what, got)
		}
	}
	bytes := Const("c", Tensor{Shape: []int64{2}, Bytes: []int8{-1, 2}})
	if got, err := Constant(bytes); err != nil || !slices.Equal(got.Bytes, []int8{-1, 2}) {
		t.Errorf("a constant of int8: %v, %v", got, err)
	}
	pixels := Const("c", Tensor{Shape: []int64{2}, Uint8s: []uint8{255, 2}})
	if got, err := Constant(pixels); err != nil || !slices.Equal(got.Uint8s, []uint8{255, 2}) || got.Bytes != nil {
		t.Errorf("a constant of uint8: %v, %v", got, err)
	}
	small := bytes.Attr["value"].GetTensor()
	if small.Dtype != types_go_proto.DataType_DT_QINT8 || !slices.Equal(small.TensorContent, []byte{255, 2}) {
		t.Errorf("a constant of int8 is %v", small)
	}
}
