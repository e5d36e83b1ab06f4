package quantize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// Sizes of what the layer of TestBias takes.
const (
	height, width = 5, 6
	inputs        = 3
)

// window is a layer of 3×3 behind [convolve 1×1 → relu], and how it meets the border.
type window struct {
	name     string
	same     bool
	stride   int64
	zeros    []int32 // before and after rows, and columns
	depth    bool    // depthwise
	pool     bool    // it takes maxima of 1×1, which are what they were
	channels int     // that it gives
}

// graph returns the network, whose second kernel is random.
func (w window) graph(t *testing.T, kernel []float32) *graphdef.Graph {
	t.Helper()
	float := map[string]*graphdef.Attr{"T": graphdef.Type(types_go_proto.DataType_DT_FLOAT)}
	convolve := func(name, op, input string, stride int64, padding string) *graphdef.Node {
		return &graphdef.Node{Name: name, Op: op, Input: []string{input, "backbone/" + name + "/kernel"}, Attr: map[string]*graphdef.Attr{
			"strides": graphdef.Numbers(1, stride, stride, 1), "padding": graphdef.Text(padding)}}
	}
	layer := func(c *graphdef.Node, shape []int64, kernel []float32, channels int) []*graphdef.Node {
		return []*graphdef.Node{graphdef.Const(c.Input[1], graphdef.Tensor{Shape: shape, Floats: kernel}), c,
			graphdef.Const(c.Name+"/bias", graphdef.Tensor{Shape: []int64{int64(channels)}, Floats: make([]float32, channels)}),
			{Name: c.Name + "/biased", Op: "BiasAdd", Input: []string{c.Name, c.Name + "/bias"}, Attr: float},
			{Name: c.Name + "/relu", Op: "Relu", Input: []string{c.Name + "/biased"}, Attr: float}}
	}
	one := make([]float32, inputs*inputs)
	for c := range inputs {
		one[c*inputs+c] = 1
	}
	nodes := append([]*graphdef.Node{{Name: "in", Op: "Placeholder"}},
		layer(convolve("first", "Conv2D", "in", 1, "VALID"), []int64{1, 1, inputs, inputs}, one, inputs)...)
	takes := "first/relu"
	if w.pool {
		nodes = append(nodes, &graphdef.Node{Name: "pool", Op: "MaxPool", Input: []string{takes}, Attr: map[string]*graphdef.Attr{
			"ksize": graphdef.Numbers(1, 1, 1, 1), "strides": graphdef.Numbers(1, 1, 1, 1), "padding": graphdef.Text("VALID")}})
		takes = "pool"
	}
	if w.zeros != nil {
		nodes = append(nodes, graphdef.Const("zeros", graphdef.Tensor{Shape: []int64{4, 2}, Ints: append(append([]int32{0, 0}, w.zeros...), 0, 0)}),
			&graphdef.Node{Name: "pad", Op: "Pad", Input: []string{takes, "zeros"},
				Attr: map[string]*graphdef.Attr{"Tpaddings": graphdef.Type(types_go_proto.DataType_DT_INT32)}})
		takes = "pad"
	}
	op, shape, padding := "Conv2D", []int64{3, 3, inputs, int64(w.channels)}, "VALID"
	if w.depth {
		op, shape = "DepthwiseConv2dNative", []int64{3, 3, inputs, 1}
	}
	if w.same {
		padding = "SAME"
	}
	nodes = append(nodes, layer(convolve("second", op, takes, w.stride, padding), shape, kernel, w.channels)...)
	return decoded(t, nodes)
}

// mean returns the mean of each channel of the result for a picture whose pixels are all x [inputs], by a plain loop.
func (w window) mean(kernel func(i int) float64, x []float32) []float64 {
	var zeros [4]int
	for i, n := range w.zeros {
		zeros[i] = int(n)
	}
	results := [2]int{}
	for axis, size := range []int{height, width} {
		size += zeros[2*axis] + zeros[2*axis+1]
		results[axis] = (size-3)/int(w.stride) + 1
		if w.same { // TensorFlow: as many results as strides begin, and zeros on both sides, the odd one after
			results[axis] = int(math.Ceil(float64(size) / float64(w.stride)))
			zeros[2*axis] += max((results[axis]-1)*int(w.stride)+3-size, 0) / 2
		}
	}
	sums := make([]float64, w.channels)
	for row := range results[0] {
		for column := range results[1] {
			for y := range 3 {
				for z := range 3 {
					r, c := row*int(w.stride)+y-zeros[0], column*int(w.stride)+z-zeros[2]
					if r < 0 || r >= height || c < 0 || c >= width {
						continue
					}
					for in := range inputs {
						for out := range w.channels {
							switch at := (y*3+z)*inputs + in; {
							case !w.depth:
								sums[out] += float64(x[in]) * kernel(at*w.channels+out)
							case in == out:
								sums[out] += float64(x[in]) * kernel(at)
							}
						}
					}
				}
			}
		}
	}
	for out := range sums {
		sums[out] /= float64(results[0] * results[1])
	}
	return sums
}

// TestBias: what the rounding of a kernel adds to each channel on average is taken off its bias, to the last pixel of the border.
// Pixels are all the same, of which the mean of a channel says all.
func TestBias(t *testing.T) {
	for _, w := range []window{
		{name: "same", same: true, stride: 1, channels: 4},
		{name: "same, strides", same: true, stride: 2, channels: 4},
		{name: "depthwise, strides", same: true, stride: 2, depth: true, channels: inputs},
		{name: "zeros, strides", stride: 2, zeros: []int32{1, 1, 0, 2}, channels: 4},
		{name: "zeros, depthwise", stride: 1, zeros: []int32{0, 1, 2, 1}, depth: true, channels: inputs},
		{name: "pool and zeros", stride: 1, zeros: []int32{2, 0, 1, 1}, pool: true, channels: 4},
	} {
		t.Run(w.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			kernel := make([]float32, 3*3*inputs*4)
			if w.depth {
				kernel = kernel[:3*3*inputs]
			}
			for i := range kernel {
				kernel[i] = random.Float32() - 0.5
			}
			x := []float32{1, 0.5, 3}
			g := w.graph(t, kernel)
			seen := watch(t, g, func(key string) []float32 {
				if key == "second" { // all channels fill the range
					return slices.Repeat([]float32{9}, height*width*w.channels)
				}
				return slices.Repeat(x, height*width)
			})
			plan, err := NewPlan(seen, MinMax)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := plan.Rewrite(g, "second/relu"); err != nil || len(done) != 2 {
				t.Fatalf("int8 are %q, %v", done, err)
			}
			floats := w.mean(func(i int) float64 { return float64(kernel[i]) }, x)
			integers := w.mean(w.integers(t, g, seen["first"].share), x)
			bias := numbers(t, g, "second/int8/bias")
			for c := range bias {
				off := integers[c] - floats[c]
				if math.Abs(off) < 1e-5 {
					t.Errorf("channel %d is off by %g without the bias: the test looks at nothing", c, off)
				}
				if got := float64(bias[c]); math.Abs(got+off) > 1e-6 {
					t.Errorf("bias %g of channel %d, want %g", got, c, -off)
				}
			}
			delete(plan.Channels, "first")
			delete(plan.Channels, pooledKey("second"))
			if _, err := plan.Rewrite(w.graph(t, kernel), "second/relu"); err == nil {
				t.Error("without the mean of what it takes: no error")
			}
		})
	}
}

// integers returns the numbers of the kernel of the second layer as they are in integers, for what was not divided by shares.
func (w window) integers(t *testing.T, g *graphdef.Graph, shares []float32) func(i int) float64 {
	t.Helper()
	k, err := graphdef.Constant(g.Node("second/int8/kernel"))
	if err != nil {
		t.Fatal(err)
	}
	largest := numbers(t, g, "second/int8/kernel/largest")
	return func(i int) float64 {
		c := i % w.channels
		return float64(k.Bytes[i]) * float64(largest[c]) / 127 / float64(shareOf(shares, c))
	}
}

// numbers returns a constant of floats.
func numbers(t *testing.T, g *graphdef.Graph, name string) []float32 {
	t.Helper()
	c, err := graphdef.Constant(g.Node(name))
	if err != nil {
		t.Fatal(err)
	}
	return c.Floats
}

// watch returns what is observed of a network of window, whose tensors are numbers [1,height,width,C].
func watch(t *testing.T, g *graphdef.Graph, numbers func(key string) []float32) map[string]*Observed {
	t.Helper()
	layers, err := Find(g, "second/relu")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]*Observed{}
	keys, _ := Watched(layers)
	for _, key := range keys {
		x := numbers(key)
		seen[key] = &Observed{}
		seen[key].Widen(x, []int64{1, height, width, int64(len(x) / (height * width))})
	}
	Level(layers, seen)
	return seen
}

// TestSmallKernel: a channel whose kernel is almost nothing beside its bias gives the bias, in steps that an int32 holds many of. The
// steps of other channels are those of their kernels.
func TestSmallKernel(t *testing.T) {
	for _, depth := range []bool{false, true} {
		w := window{same: true, stride: 1, channels: inputs, depth: depth}
		kernel, biases := make([]float32, 3*3*inputs*inputs), []float32{5, -5, 5}
		if depth {
			kernel = kernel[:3*3*inputs]
		}
		for i := range kernel {
			kernel[i] = []float32{1e-30, 1e-11, 0.5}[i%inputs]
		}
		g := w.graph(t, kernel)
		g.Put(graphdef.Const("second/bias", graphdef.Tensor{Shape: []int64{inputs}, Floats: biases}))
		const largest = 4
		plan, err := NewPlan(watch(t, g, func(string) []float32 { return slices.Repeat([]float32{largest}, height*width*inputs) }), MinMax)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.Rewrite(g, "second/relu"); err != nil {
			t.Fatal(err)
		}
		got, steps := numbers(t, g, "second/int8/bias"), numbers(t, g, "second/int8/kernel/largest")
		for c, want := range biases {
			if math.Abs(float64(got[c]-want)) > 1e-6 {
				t.Errorf("depthwise %t: bias %g of channel %d, want %g", depth, got[c], c, want)
			}
			const inputStep = largest / 255.
			if n := math.Abs(float64(got[c])) / (inputStep * float64(steps[c]) / 127); n > 1.001*mostSteps {
				t.Errorf("depthwise %t: the bias of channel %d is %g of its steps", depth, c, n)
			}
		}
		if steps[2] != 0.5 {
			t.Errorf("depthwise %t: a kernel of 0.5 has the largest number %g", depth, steps[2])
		}
	}
}
