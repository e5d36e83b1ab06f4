package quantize

import (
	"slices"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// residual is [first → second + first], both 1×1 convolutions of two channels without a relu.
func residual(t *testing.T) *graphdef.Graph {
	t.Helper()
	float := map[string]*graphdef.Attr{"T": graphdef.Type(types_go_proto.DataType_DT_FLOAT)}
	nodes := []*graphdef.Node{{Name: "in", Op: "Placeholder"}}
	layer := func(name, input string) {
		nodes = append(nodes, graphdef.Const("backbone/"+name+"/kernel", graphdef.Tensor{Shape: []int64{1, 1, 2, 2}, Floats: []float32{1, 0, 0, 1}}),
			&graphdef.Node{Name: name, Op: "Conv2D", Input: []string{input, "backbone/" + name + "/kernel"}, Attr: map[string]*graphdef.Attr{
				"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("VALID")}},
			graphdef.Const(name+"/bias", graphdef.Tensor{Shape: []int64{2}, Floats: []float32{0, 0}}),
			&graphdef.Node{Name: name + "/biased", Op: "BiasAdd", Input: []string{name, name + "/bias"}, Attr: float})
	}
	layer("first", "in")
	layer("second", "first/biased")
	nodes = append(nodes, &graphdef.Node{Name: "sum", Op: "AddV2", Input: []string{"second/biased", "first/biased"}, Attr: float})
	return decoded(t, nodes)
}

func decoded(t *testing.T, nodes []*graphdef.Node) *graphdef.Graph {
	t.Helper()
	text, err := proto.Marshal(&graph_go_proto.GraphDef{Node: nodes})
	if err != nil {
		t.Fatal(err)
	}
	g, err := graphdef.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestConvolvedRange: what is added to a summand has a range of its own, which is watched, and counts in the shifts of the
// sum and of the summand: here 3 and 2 of channel 0, 0 and 1 of channel 1.
func TestConvolvedRange(t *testing.T) {
	g := residual(t)
	layers, err := Find(g, "sum")
	if err != nil {
		t.Fatal(err)
	}
	keys, tensors := Watched(layers)
	if want := []string{"first/biased", "in", "sum", "second/biased"}; !slices.Equal(tensors, want) {
		t.Fatalf("watched are %q, want %q", tensors, want)
	}
	seen := map[string]*Observed{}
	for i, x := range [][]float32{{-2, -1, 5, 4}, {0, 0, 9, 9}, {-3, 0, 6, 7}, {-1, -4, 2, 3}} {
		o := &Observed{}
		o.Widen(x, []int64{1, 1, int64(len(x) / 2), 2})
		o.Count(x)
		seen[keys[i]] = o
	}
	plan, err := NewPlan(seen, MinMax)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Rewrite(g, "sum"); err != nil {
		t.Fatal(err)
	}
	var got []float32
	for _, n := range needed(t, g, "sum") {
		if n.Op == "QuantizedConv2DWithBiasSumAndReluAndRequantize" {
			got = n.Attr[names.ConvolvedRange].GetList().GetF()
		}
	}
	// Channel 0 reaches from -1+3-2 to 2+3-2, channel 1 from -4+0-1 to 3+0-1.
	if want := []float32{-5, 3}; !slices.Equal(got, want) {
		t.Errorf("the convolution before the sum reaches over %v, want %v", got, want)
	}
	delete(plan.Channels, keys[3])
	if _, err := plan.Rewrite(residual(t), "sum"); err == nil || !strings.Contains(err.Error(), `layer "second"`) {
		t.Errorf("without its extremes: %v, want an error that names the layer", err)
	}
}

func needed(t *testing.T, g *graphdef.Graph, output string) []*graphdef.Node {
	t.Helper()
	nodes, err := g.Needed(output)
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// TestLayersTakeBytes: a layer takes what another one gives as it is. No operation stands between them, and one turns the
// bytes of the last one into floats.
func TestLayersTakeBytes(t *testing.T) {
	w := window{same: true, stride: 1, channels: inputs}
	kernel := make([]float32, 3*3*inputs*inputs)
	kernel[0] = 1
	g := w.graph(t, kernel)
	seen := watch(t, g, func(string) []float32 { return slices.Repeat([]float32{1}, height*width*inputs) })
	plan, err := NewPlan(seen, MinMax)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Rewrite(g, "second/relu"); err != nil {
		t.Fatal(err)
	}
	casts := 0
	for _, n := range needed(t, g, "second/relu") {
		if n.Op == "Bitcast" {
			casts++
		}
	}
	if got := g.Node("second/int8").Input[0]; got != "first/int8" || casts != 1 {
		t.Errorf("the second layer takes %q, and %d operations change the type of bytes; want %q and 1", got, casts, "first/int8")
	}
}
