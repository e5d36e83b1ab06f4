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
	text, err := proto.Marshal(&graph_go_proto.GraphDef{Node: []*graphdef.Node{
		{Name: "in", Op: "Placeholder", Attr: map[string]*graphdef.Attr{"dtype": float}},
		graphdef.Const("backbone/conv/kernel", graphdef.Tensor{Shape: []int64{3, 3, 1, 1}, Floats: window}),
		{Name: "conv", Op: "Conv2D", Input: []string{"in", "backbone/conv/kernel"}, Attr: map[string]*graphdef.Attr{"T": float,
			"strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("SAME")}},
		graphdef.Const("bias", graphdef.Tensor{Shape: []int64{1}, Floats: []float32{0}}),
		{Name: "add", Op: "BiasAdd", Input: []string{"conv", "bias"}, Attr: of},
		{Name: "out", Op: "Relu", Input: []string{"add"}, Attr: of},
	}})
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
	if _, err := (quantize.Plan{Ranges: ranges}).Rewrite(g, "out"); err != nil {
		t.Fatal(err)
	}
	def, err := g.Encode("out")
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.OpenDef(def, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	call, err := s.Prepare([]string{"in"}, []string{"out"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := call.Run(session.Of(in, 1, 1, int64(len(in)), 1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.Data[float32](values[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range in {
		if want := max(float32(math.RoundToEven(float64(x))), 0); got[i] != want {
			t.Errorf("%g became %g, want %g", x, got[i], want)
		}
	}
}
