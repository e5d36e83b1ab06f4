package export

import (
	"math"
	"math/rand/v2"
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
	return answerTo(t, g, session.Of(in, 1, 1, int64(len(in)/channels), int64(channels)), output)
}

// answerTo returns what an output of g is for in.
func answerTo(t *testing.T, g *graphdef.Graph, in session.Value, output string) []float32 {
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
	values, err := call.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.Data[float32](values[0])
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// images is a network of images [1,H,W,C] uint8: float → minus a mean → zeros around → convolve 3×3 → relu.
func images(t *testing.T, mean []float32, zeros []int32, kernel []float32, stride int64, padding string) *graphdef.Graph {
	t.Helper()
	float, uint8s := graphdef.Type(types_go_proto.DataType_DT_FLOAT), graphdef.Type(types_go_proto.DataType_DT_UINT8)
	of, takes := map[string]*graphdef.Attr{"T": float}, "float"
	nodes := []*graphdef.Node{{Name: "in", Op: "Placeholder", Attr: map[string]*graphdef.Attr{"dtype": uint8s}},
		{Name: takes, Op: "Cast", Input: []string{"in"}, Attr: map[string]*graphdef.Attr{"SrcT": uint8s, "DstT": float}}}
	if mean != nil {
		shape := []int64{int64(len(mean))}
		if len(mean) == 1 {
			shape = []int64{}
		}
		nodes = append(nodes, graphdef.Const("mean", graphdef.Tensor{Shape: shape, Floats: mean}),
			&graphdef.Node{Name: "centre", Op: "Sub", Input: []string{takes, "mean"}, Attr: of})
		takes = "centre"
	}
	if zeros != nil {
		nodes = append(nodes, graphdef.Const("zeros", graphdef.Tensor{Shape: []int64{4, 2}, Ints: append(append([]int32{0, 0}, zeros...), 0, 0)}),
			&graphdef.Node{Name: "pad", Op: "Pad", Input: []string{takes, "zeros"}, Attr: map[string]*graphdef.Attr{"T": float,
				"Tpaddings": graphdef.Type(types_go_proto.DataType_DT_INT32)}})
		takes = "pad"
	}
	channels := int64(len(kernel)) / (9 * imageChannels)
	return decoded(t, append(nodes, graphdef.Const("backbone/conv/kernel", graphdef.Tensor{Shape: []int64{3, 3, imageChannels, channels}, Floats: kernel}),
		&graphdef.Node{Name: "conv", Op: "Conv2D", Input: []string{takes, "backbone/conv/kernel"}, Attr: map[string]*graphdef.Attr{"T": float,
			"strides": graphdef.Numbers(1, stride, stride, 1), "padding": graphdef.Text(padding)}},
		graphdef.Const("bias", graphdef.Tensor{Shape: []int64{channels}, Floats: make([]float32, channels)}),
		&graphdef.Node{Name: "add", Op: "BiasAdd", Input: []string{"conv", "bias"}, Attr: of},
		&graphdef.Node{Name: "out", Op: "Relu", Input: []string{"add"}, Attr: of}))
}

const imageChannels = 3

// TestImageBytes: the first layer takes the bytes of images, and is as exact as its result can be: also at the border, where zeros
// are bytes, of one value or of one for each channel. The float32 network says what is right. Kernels are whole numbers, so that nothing of them is rounded.
func TestImageBytes(t *testing.T) {
	const height, width, channels, most = 6, 7, 2, 51000
	draw := rand.New(rand.NewPCG(1, 2))
	in, kernel := make([]uint8, 2*height*width*imageChannels), make([]float32, 9*imageChannels*channels)
	for i := range in {
		in[i] = uint8(draw.IntN(256))
	}
	for i := range kernel {
		kernel[i] = float32(draw.IntN(255) - 127)
	}
	kernel[0], kernel[1] = 127, -127
	for _, mean := range [][]float32{nil, {127}, {124, 116, 104}} {
		for _, c := range []struct {
			zeros   []int32
			stride  int64
			padding string
		}{{nil, 2, "SAME"}, {nil, 1, "SAME"}, {nil, 1, "VALID"}, {[]int32{1, 2, 0, 1}, 2, "VALID"}, {[]int32{1, 0, 1, 0}, 2, "SAME"}} {
			g := images(t, mean, c.zeros, kernel, c.stride, c.padding)
			want := answerImages(t, images(t, mean, c.zeros, kernel, c.stride, c.padding), in, height, width)
			layers, err := quantize.Find(g, "out")
			if err != nil || len(layers) != 1 {
				t.Fatalf("layers %+v, %v; want one", layers, err)
			}
			seen := quantize.Channels{Height: height, Width: width, Mean: make([]float64, imageChannels)}
			if c.zeros != nil {
				seen.Height, seen.Width = seen.Height+int(c.zeros[0]+c.zeros[1]), seen.Width+int(c.zeros[2]+c.zeros[3])
			}
			key := quantize.InputKey(layers[0].Name)
			plan := quantize.Plan{Ranges: map[string]quantize.Range{layers[0].Name: {Max: most}}, Channels: map[string]quantize.Channels{key: seen}}
			if _, err := plan.Rewrite(g, "out"); err != nil {
				t.Fatal(err)
			}
			nodes, err := g.Needed("out")
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range nodes {
				if n.Op == "QuantizeV2" || n.Op == "Sub" {
					t.Errorf("mean %v, %+v: %s is still there, a %s", mean, c, n.Name, n.Op)
				}
			}
			got, above := answerImages(t, g, in, height, width), 0
			for i, x := range want {
				if want := math.Min(math.RoundToEven(float64(x)*255/most)*most/255, most); math.Abs(float64(got[i])-want) > 0.01 {
					t.Errorf("mean %v, %+v: number %d is %g, want %g", mean, c, i, got[i], want)
				}
				if x > 0 {
					above++
				}
			}
			if len(got) != len(want) || above < len(want)/10 {
				t.Errorf("mean %v, %+v: %d numbers, want %d, of which %d are above 0", mean, c, len(got), len(want), above)
			}
		}
	}
}

// answerImages returns what g gives for two images.
func answerImages(t *testing.T, g *graphdef.Graph, in []uint8, height, width int64) []float32 {
	t.Helper()
	return answerTo(t, g, session.Of(in, 2, height, width, imageChannels), "out")
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
