package export

import (
	"math"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/quantize"
)

// centre is a network that gives what it takes, [1,1,W,1], without negative numbers: convolve by a window that looks
// at its centre → bias → relu.
func centre(t *testing.T) *graphdef.Graph {
	t.Helper()
	float := graphdef.Type(types_go_proto.DataType_DT_FLOAT)
	window := make([]float32, 9)
	window[4] = 1
	of := map[string]*graphdef.Attr{"T": float}
	return decoded(t, []*graphdef.Node{
		{Name: "in", Op: "Placeholder", Attr: map[string]*graphdef.Attr{"dtype": float}},
		graphdef.Const("backbone/conv/kernel", graphdef.Tensor{Shape: []int64{3, 3, 1, 1}, Floats: window}),
		{Name: "conv", Op: "Conv2D", Input: []string{"in", "backbone/conv/kernel"}, Attr: map[string]*graphdef.Attr{"T": float,
			"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("SAME")}},
		graphdef.Const("bias", graphdef.Tensor{Shape: []int64{1}, Floats: []float32{0}}),
		{Name: "add", Op: "BiasAdd", Input: []string{"conv", "bias"}, Attr: of},
		{Name: "out", Op: "Relu", Input: []string{"add"}, Attr: of},
	})
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

// TestSignedBorder: a number with a sign becomes the nearest step of its range, up to the largest.
func TestSignedBorder(t *testing.T) {
	const most = 127 // so that a step is 1
	var in []float32
	for x := float32(-most); x < most; x += 0.25 {
		in = append(in, x)
	}
	g := centre(t)
	layers, err := quantize.Find(g, "out")
	if err != nil || len(layers) != 1 {
		t.Fatalf("layers %+v, %v; want one", layers, err)
	}
	ranges := map[string]quantize.Range{layers[0].Name: {Max: 255}, quantize.InputKey(layers[0].Name): {Shift: []float32{most}, Max: 2 * most}}
	known := map[string]quantize.Channels{quantize.InputKey(layers[0].Name): {Height: 1, Width: len(in), Mean: []float64{0}}}
	if _, err := (quantize.Plan{Ranges: ranges, Channels: known}).Rewrite(g, "out"); err != nil {
		t.Fatal(err)
	}
	got := answer(t, g, in, 1, "out")
	for i, x := range in {
		if want := max(float32(math.RoundToEven(float64(x))), 0); got[i] != want {
			t.Errorf("%g became %g, want %g", x, got[i], want)
		}
	}
}

// answer returns what an output of g is for in, [1,1,W,channels].
func answer(t *testing.T, g *graphdef.Graph, in []float32, channels int, output string) []float32 {
	t.Helper()
	def, err := g.Encode(output)
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.OpenDef(def, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	call, err := s.Prepare([]string{"in"}, []string{output}, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := call.Run(session.Of(in, 1, 1, int64(len(in)/channels), int64(channels)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.Data[float32](values[0])
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// divided is a network of two channels, [1,1,W,2]: the second is divided by 64 → relu → a depthwise window multiplies it by 64 → relu.
func divided(t *testing.T) *graphdef.Graph {
	t.Helper()
	of := map[string]*graphdef.Attr{"T": graphdef.Type(types_go_proto.DataType_DT_FLOAT)}
	window := make([]float32, 9*2)
	window[8], window[9] = 1, 64
	nodes := []*graphdef.Node{{Name: "in", Op: "Placeholder", Attr: map[string]*graphdef.Attr{"dtype": of["T"]}}}
	layer := func(name, op, input string, shape []int64, kernel []float32, out string) {
		nodes = append(nodes, graphdef.Const("backbone/"+name+"/kernel", graphdef.Tensor{Shape: shape, Floats: kernel}),
			graphdef.Const(name+"/bias", graphdef.Tensor{Shape: []int64{2}, Floats: []float32{0, 0}}),
			&graphdef.Node{Name: name, Op: op, Input: []string{input, "backbone/" + name + "/kernel"}, Attr: map[string]*graphdef.Attr{
				"T": of["T"], "strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("SAME")}},
			&graphdef.Node{Name: name + "/add", Op: "BiasAdd", Input: []string{name, name + "/bias"}, Attr: of},
			&graphdef.Node{Name: out, Op: "Relu", Input: []string{name + "/add"}, Attr: of})
	}
	layer("first", "Conv2D", "in", []int64{1, 1, 2, 2}, []float32{1, 0, 0, 1. / 64}, "between")
	layer("second", "DepthwiseConv2dNative", "between", []int64{3, 3, 2, 1}, window, "out")
	return decoded(t, nodes)
}

// TestShares: where a depthwise layer alone takes a tensor, a channel that fills 1/64 of its range has 8 steps for each of the range,
// also where that layer stays float32.
func TestShares(t *testing.T) {
	const most = 255 // so that a step is 1
	var in []float32
	for x := range most + 1 {
		in = append(in, float32(x), float32(x))
	}
	layers, err := quantize.Find(divided(t), "out")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]*quantize.Observed{}
	keys, tensors := quantize.Watched(layers)
	for i, key := range keys {
		x := in
		if tensors[i] != "in" {
			x = answer(t, divided(t), in, 2, tensors[i])
		}
		seen[key] = &quantize.Observed{}
		seen[key].Widen(x, []int64{1, 1, most + 1, 2})
	}
	quantize.Level(layers, seen)
	plan, err := quantize.NewPlan(seen, quantize.MinMax)
	if err != nil {
		t.Fatal(err)
	}
	for _, float := range [][]string{nil, {"second"}} {
		plan.Float = float
		g := divided(t)
		if done, err := plan.Rewrite(g, "out"); err != nil || len(done) != 2-len(float) {
			t.Fatalf("int8 are %q, %v", done, err)
		}
		for i, got := range answer(t, g, in, 2, "out") {
			// Half a step of the first layer, 64/8 in the second channel, and of the second layer.
			within := []float64{0.5, 4}[i%2] + 0.5
			if math.Abs(float64(got-in[i])) > within {
				t.Errorf("float32 are %q: channel %d of %g became %g, want it within %g", float, i%2, in[i], got, within)
			}
		}
	}
}
