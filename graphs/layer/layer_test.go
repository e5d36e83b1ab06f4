package layer

import (
	"math"
	"math/rand/v2"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/variable"
)

// random returns numbers of the standard normal distribution.
func random(seed uint64, shape ...int64) graphtest.Input {
	r := rand.New(rand.NewPCG(seed, 0))
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	in := graphtest.Input{Shape: shape}
	for range n {
		in.Data = append(in.Data, float32(r.NormFloat64()))
	}
	return in
}

// grid is an array [N,H,W,C], row-major.
type grid struct {
	n, h, w, c int
	x          []float64
}

func newGrid(n, h, w, c int) grid { return grid{n, h, w, c, make([]float64, n*h*w*c)} }

// at returns a place of g, nil outside of the image.
func (g grid) at(n, y, x, c int) *float64 {
	if y < 0 || y >= g.h || x < 0 || x >= g.w {
		return nil
	}
	return &g.x[((n*g.h+y)*g.w+x)*g.c+c]
}

// windowed folds visit over each window of each channel of in.
func (g grid) windowed(w Window, outChannels int,
	visit func(out *float64, o, ky, kx int, in func(c int) float64)) grid {
	size := func(n int) int { return (n+int(w.Before+w.After)-int(w.Size))/int(w.Stride) + 1 }
	out := newGrid(g.n, size(g.h), size(g.w), outChannels)
	for i := range out.x {
		o, at := i%out.c, i/out.c
		x, y, n := at%out.w, at/out.w%out.h, at/out.w/out.h
		for k := range int(w.Size * w.Size) {
			ky, kx := k/int(w.Size), k%int(w.Size)
			row, column := y*int(w.Stride)-int(w.Before)+ky, x*int(w.Stride)-int(w.Before)+kx
			visit(&out.x[i], o, ky, kx, func(c int) float64 {
				if p := g.at(n, row, column, c); p != nil {
					return *p
				}
				return 0
			})
		}
	}
	return out
}

// conv is Conv as plain loops.
func conv(g grid, kernel []float64, filters int, w Window) grid {
	return g.windowed(w, filters, func(out *float64, o, ky, kx int, in func(int) float64) {
		for c := range g.c {
			*out += in(c) * kernel[((ky*int(w.Size)+kx)*g.c+c)*filters+o]
		}
	})
}

// weighed returns Σ weights·x, whose gradient shows every element of x.
func weighed(x, weights []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * weights[i]
	}
	return sum
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// near allows for the rounding of sums of some hundred float32.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(float64(got[i])-want[i]) > 2e-5*max(1, math.Abs(want[i])) {
			t.Fatalf("%s: element %d = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// windows are stride 1 without padding, with equal padding, a stride with equal
// padding (the stem of ResNet) and one with unequal padding (that of EfficientNet).
var windows = []Window{
	{Size: 3, Stride: 1}, Same(3), {Size: 3, Stride: 2, Before: 1, After: 1},
	{Size: 3, Stride: 2, After: 1}, {Size: 1, Stride: 2},
}

// depthwise is DepthwiseConv as plain loops.
func depthwise(g grid, kernel []float64, w Window) grid {
	return g.windowed(w, g.c, func(out *float64, o, ky, kx int, in func(int) float64) {
		*out += in(o) * kernel[(ky*int(w.Size)+kx)*g.c+o]
	})
}

func TestConv(t *testing.T) {
	x := random(1, 2, 5, 6, 3)
	of := func(in []float64) grid { return grid{2, 5, 6, 3, in} }
	for name, c := range map[string]struct {
		build  func(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output
		oracle func(g grid, kernel []float64, w Window) grid
	}{
		"conv": {func(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output {
			return Conv(s, v, x, 4, w)
		}, func(g grid, kernel []float64, w Window) grid { return conv(g, kernel, 4, w) }},
		"depthwise": {DepthwiseConv, depthwise},
	} {
		for _, w := range windows {
			build := func(s *op.Scope, v *variable.Set, in []tf.Output) tf.Output {
				return c.build(s, v, in[0], w)
			}
			g := graphtest.BuildNetwork(t, []graphtest.Input{x},
				func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
					return []tf.Output{build(s, v, in)}
				})
			want := c.oracle(of(wide(x.Data)), wide(g.Get(t, "kernel")), w)
			near(t, name, g.Run(t, []graphtest.Input{x})[0], want.x)
			weights := random(2, int64(len(want.x)))
			graphtest.CheckNetwork(t, []graphtest.Input{x}, nil, times(weights, build),
				func(in [][]float64, v map[string][]float64) float64 {
					return weighed(c.oracle(of(in[0]), v["kernel"], w).x, wide(weights.Data))
				})
		}
	}
}

// times multiplies what build returns by constant weights, element by element.
func times(weights graphtest.Input, build func(*op.Scope, *variable.Set, []tf.Output) tf.Output) func(
	*op.Scope, *variable.Set, []tf.Output) tf.Output {
	return func(s *op.Scope, v *variable.Set, in []tf.Output) tf.Output {
		flat := op.Reshape(s.SubScope("flat"), build(s, v, in), tg.Const(s.SubScope("any"), []int32{-1}))
		return op.Mul(s.SubScope("weigh"), flat, tg.Const(s.SubScope("weights"), weights.Data))
	}
}

// TestPools holds the pools against plain loops; what max picks, its gradient goes to.
func TestPools(t *testing.T) {
	x := random(3, 2, 5, 6, 3)
	for i, v := range x.Data { // pools with zeros around the image take what a relu gives
		x.Data[i] = max(v, -v)
	}
	of := func(in []float64) grid { return grid{2, 5, 6, 3, in} }
	largest := func(g grid, w Window) []float64 {
		return g.windowed(w, g.c, func(out *float64, o, ky, kx int, in func(int) float64) {
			if ky == 0 && kx == 0 {
				*out = in(o)
			}
			*out = max(*out, in(o))
		}).x
	}
	stem := Window{Size: 3, Stride: 2, Before: 1, After: 1}
	whole := func(g grid, fold func(sum, x float64) float64, start float64) []float64 {
		out := make([]float64, g.n*g.c)
		for i := range out {
			out[i] = start
		}
		for i, x := range g.x {
			o := &out[i/(g.h*g.w*g.c)*g.c+i%g.c]
			*o = fold(*o, x)
		}
		return out
	}
	for name, c := range map[string]struct {
		build func(*op.Scope, tf.Output) tf.Output
		want  func(grid) []float64
	}{
		"halve": {func(s *op.Scope, x tf.Output) tf.Output { return MaxPool(s, x, Halve()) },
			func(g grid) []float64 { return largest(g, Halve()) }},
		"max pool": {func(s *op.Scope, x tf.Output) tf.Output { return MaxPool(s, x, stem) },
			func(g grid) []float64 { return largest(g, stem) }},
		"global max": {GlobalMax, func(g grid) []float64 { return whole(g, math.Max, math.Inf(-1)) }},
		"global average": {GlobalAverage, func(g grid) []float64 {
			return whole(g, func(sum, x float64) float64 { return sum + x/float64(g.h*g.w) }, 0)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			build := func(s *op.Scope, _ *variable.Set, in []tf.Output) tf.Output { return c.build(s, in[0]) }
			got := graphtest.Run(t, []graphtest.Input{x}, func(s *op.Scope, in []tf.Output) []tf.Output {
				return []tf.Output{build(s, nil, in)}
			})[0]
			near(t, name, got, c.want(of(wide(x.Data))))
			weights := random(4, int64(len(got)))
			graphtest.CheckNetwork(t, []graphtest.Input{x}, nil, times(weights, build),
				func(in [][]float64, _ map[string][]float64) float64 {
					return weighed(c.want(of(in[0])), wide(weights.Data))
				})
		})
	}
}

// normalize is BatchNorm as plain loops, with the statistics it used: n/(n-1)
// times the variance that divides is what moves the average.
func normalize(g grid, gamma, beta, mean, variance []float64, epsilon float64) (y, m, u []float64) {
	n := float64(g.n * g.h * g.w)
	if mean == nil {
		mean, variance = make([]float64, g.c), make([]float64, g.c)
		for i, x := range g.x {
			mean[i%g.c] += x / n
		}
		for i, x := range g.x {
			variance[i%g.c] += (x - mean[i%g.c]) * (x - mean[i%g.c]) / n
		}
	}
	y = make([]float64, len(g.x))
	for i, x := range g.x {
		c := i % g.c
		y[i] = gamma[c]*(x-mean[c])/math.Sqrt(variance[c]+epsilon) + beta[c]
	}
	for _, v := range variance {
		u = append(u, v*n/(n-1))
	}
	return y, mean, u
}

func TestBatchNorm(t *testing.T) {
	x := random(5, 2, 3, 4, 3)
	for i := range x.Data {
		x.Data[i] = 2*x.Data[i] + float32(i%3)
	}
	norm := Norm{Momentum: 0.9, Epsilon: 1e-3}
	start := map[string][]float32{"gamma": {0.5, 1, 2}, "beta": {-1, 0, 3},
		"moving_mean": {0.1, 0.2, 0.3}, "moving_variance": {0.5, 1, 4}}
	weights := random(6, 2*3*4*3)
	for _, training := range []bool{true, false} {
		build := func(s *op.Scope, v *variable.Set, in []tf.Output) tf.Output {
			return BatchNorm(s, v, Mode{Training: training}, in[0], norm)
		}
		oracle := func(in []float64, v map[string][]float64) (y, mean, variance []float64) {
			g := grid{2, 3, 4, 3, in}
			if training {
				return normalize(g, v["gamma"], v["beta"], nil, nil, float64(norm.Epsilon))
			}
			return normalize(g, v["gamma"], v["beta"], v["moving_mean"], v["moving_variance"], float64(norm.Epsilon))
		}
		g := graphtest.BuildNetwork(t, []graphtest.Input{x},
			func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				return []tf.Output{build(s, v, in)}
			})
		g.Set(t, start)
		values := map[string][]float64{}
		for key, v := range start {
			values[key] = wide(v)
		}
		want, mean, variance := oracle(wide(x.Data), values)
		near(t, "y", g.Update(t, []graphtest.Input{x})[0], want)
		if training { // the batch moves the averages a tenth of the way
			for c := range mean {
				mean[c] = 0.9*values["moving_mean"][c] + 0.1*mean[c]
				variance[c] = 0.9*values["moving_variance"][c] + 0.1*variance[c]
			}
			near(t, "moving_mean", g.Get(t, "moving_mean"), mean)
			near(t, "moving_variance", g.Get(t, "moving_variance"), variance)
		}
		graphtest.CheckNetwork(t, []graphtest.Input{x}, start, times(weights, build),
			func(in [][]float64, v map[string][]float64) float64 {
				y, _, _ := oracle(in[0], v)
				return weighed(y, wide(weights.Data))
			})
	}
}

// TestBatchNormMoves: in inference nothing moves the averages, and no optimizer sees them.
func TestBatchNormMoves(t *testing.T) {
	x := random(7, 2, 3, 3, 2)
	for _, training := range []bool{true, false} {
		g := graphtest.BuildNetwork(t, []graphtest.Input{x},
			func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				y := BatchNorm(s, v, Mode{Training: training}, in[0], Norm{Momentum: 0.5, Epsilon: 1e-3})
				if got := len(v.Trained()); got != 2 {
					t.Errorf("training %v: %d trained variables, want gamma and beta", training, got)
				}
				return []tf.Output{y}
			})
		before := g.Get(t, "moving_mean")
		g.Update(t, []graphtest.Input{x})
		if moved := !cmp.Equal(before, g.Get(t, "moving_mean")); moved != training {
			t.Errorf("training %v: the moving mean moved: %v", training, moved)
		}
	}
}

func TestDropout(t *testing.T) {
	ones := graphtest.Input{Shape: []int64{1000}, Data: make([]float32, 1000)}
	for i := range ones.Data {
		ones.Data[i] = 1
	}
	const rate = 0.3
	at := func(seed uint64, step float32, names ...string) [][]float32 {
		inputs := []graphtest.Input{ones, {Shape: []int64{1}, Data: []float32{step}}}
		return graphtest.Run(t, inputs, func(s *op.Scope, in []tf.Output) []tf.Output {
			var out []tf.Output
			scalar := op.Reshape(s.SubScope("scalar"), in[1], tg.Const(s.SubScope("shape"), []int32{}))
			m := Mode{Training: true, Seed: seed, Step: scalar}
			for _, name := range names {
				out = append(out, Dropout(s.SubScope(name), m, name, in[0], rate))
			}
			y := Dropout(s.SubScope("again"), m, names[0], in[0], rate)
			out = append(out, op.Gradients(s.SubScope("gradients"), []tf.Output{y}, []tf.Output{in[0]})...)
			x := Dropout(s.SubScope("off"), Mode{}, names[0], in[0], rate)
			return append(out, op.Identity(s.SubScope("inference"), x))
		})
	}
	first := at(1, 5, "a", "b")
	a, b, gradient, inference := first[0], first[1], first[2], first[3]
	if !cmp.Equal(inference, ones.Data) {
		t.Error("dropout changes x in inference")
	}
	if !cmp.Equal(gradient, a) { // of 1's, the output is the mask, and so is the gradient
		t.Error("the gradient is not the mask")
	}
	dropped := 0
	for _, x := range a {
		if x == 0 {
			dropped++
		} else if math.Abs(float64(x)-1/(1-rate)) > 1e-6 {
			t.Fatalf("a kept 1 became %v, want %v", x, 1/(1-rate))
		}
	}
	// Binomial(1000, 0.3) has standard deviation 14.5; four of them.
	if dropped < 242 || dropped > 358 {
		t.Errorf("%d of 1000 dropped, want about 300", dropped)
	}
	if !cmp.Equal(a, at(1, 5, "a")[0]) {
		t.Error("equal seed, step and name drop different elements")
	}
	for what, other := range map[string][]float32{
		"name": b, "step": at(1, 6, "a")[0], "seed": at(2, 5, "a")[0]} {
		if cmp.Equal(a, other) {
			t.Errorf("another %s drops the same elements", what)
		}
	}
}

func TestShapeErrors(t *testing.T) {
	for name, build := range map[string]func(s *op.Scope, v *variable.Set, x tf.Output){
		"conv":       func(s *op.Scope, v *variable.Set, x tf.Output) { Conv(s, v, x, 4, Same(3)) },
		"batch norm": func(s *op.Scope, v *variable.Set, x tf.Output) { BatchNorm(s, v, Mode{}, x, Norm{}) },
		"bias":       func(s *op.Scope, v *variable.Set, x tf.Output) { Bias(s, v, x) },
	} {
		s := tg.NewRoot()
		build(s, variable.NewSet(s, ""), op.Placeholder(s.SubScope("x"), tf.Float,
			op.PlaceholderShape(tf.MakeShape(-1, 8))))
		if s.Err() == nil {
			t.Errorf("%s of a matrix: no error", name)
		}
	}
}

func TestNormValidate(t *testing.T) {
	for _, c := range []struct {
		n  Norm
		ok bool
	}{
		{Norm{0.99, 1e-3}, true}, {Norm{0, 1e-3}, true}, {Norm{1, 1e-3}, false}, {Norm{-0.1, 1e-3}, false},
		{Norm{0.9, 0}, false}, {Norm{0.9, float32(math.NaN())}, false}, {Norm{float32(math.NaN()), 1}, false},
	} {
		if err := c.n.Validate(); (err == nil) != c.ok {
			t.Errorf("%+v: %v, want ok %v", c.n, err, c.ok)
		}
	}
}

// TestGeneralizedMean: by plain loops, at the powers that it has and at those it may come to, and by finite
// differences of its power; also of pixels that are 0 and of pixels of which high powers are infinite.
func TestGeneralizedMean(t *testing.T) {
	x := random(5, 2, 3, 2, 4)
	for i := range x.Data {
		x.Data[i] = max(6*x.Data[i], 0.01*float32(i)) // finite differences want no kink
	}
	reference := func(x []float64, power float64) []float64 {
		y := make([]float64, 2*4)
		for i := range y {
			for pixel := range 6 {
				v := x[(i/4*6+pixel)*4+i%4]
				y[i] += math.Pow(max(v, 1e-6), max(power, 1)) / 6
			}
			y[i] = math.Pow(y[i], 1/max(power, 1))
		}
		return y
	}
	build := func(s *op.Scope, v *variable.Set, in []tf.Output) tf.Output { return GeneralizedMean(s, v, in[0]) }
	for _, power := range []float32{1, 2.5, 3, 12} {
		in := []graphtest.Input{{Shape: []int64{2, 3, 2, 4}, Data: x.Data}}
		start := map[string][]float32{"power": {power}}
		if power > 1 { // where it is kept from falling there is a kink
			graphtest.CheckNetwork(t, in, start, build, func(in [][]float64, v map[string][]float64) float64 {
				sum := 0.0
				for _, y := range reference(in[0], v["power"][0]) {
					sum += y
				}
				return sum
			})
		}
		g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
			return []tf.Output{build(s, v, in)}
		})
		if started := g.Get(t, "power"); started[0] != 3 {
			t.Errorf("power starts at %v, want 3", started[0])
		}
		g.Set(t, start)
		data := make([]float64, len(in[0].Data))
		for i, v := range in[0].Data {
			data[i] = float64(v)
		}
		got := g.Run(t, in)[0]
		for i, want := range reference(data, float64(power)) {
			if d := math.Abs(float64(got[i]) - want); d > 1e-5*want {
				t.Errorf("power %v: y[%d] = %v, want %v", power, i, got[i], want)
			}
		}
	}
	zeros := []graphtest.Input{{Shape: []int64{1, 2, 2, 1}, Data: make([]float32, 4)}}
	huge := []graphtest.Input{{Shape: []int64{1, 2, 2, 1}, Data: []float32{1e30, 1e30, 1e30, 1e30}}}
	for _, in := range [][]graphtest.Input{zeros, huge} {
		out := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
			y := GeneralizedMean(s, v, in[0])
			by := []tf.Output{in[0], v.All()[0].Read}
			return append([]tf.Output{y}, op.Gradients(s.SubScope("gradients"), []tf.Output{y}, by)...)
		}).Run(t, in)
		for _, values := range out {
			for _, v := range values {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Errorf("of %v: %v", in[0].Data, out)
				}
			}
		}
	}
}
