package head

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// normal returns n numbers of the standard normal distribution.
func normal(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func mustNew(t *testing.T, name string, options map[string]any) Head {
	t.Helper()
	h, err := choose(t, name, options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func choose(t *testing.T, name string, options map[string]any) (Head, error) {
	t.Helper()
	c, err := named.Choose(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return Table.New(&c)
}

// TestMLP: the hidden layer with and without batch norm, by plain loops and finite differences.
func TestMLP(t *testing.T) {
	const n, f, hidden, d = 5, 3, 4, 2
	for _, norm := range []bool{false, true} {
		h := mustNew(t, "mlp", map[string]any{"embedding_dim": d, "hidden": hidden, "batch_norm": norm})
		if h.Modes != norm || !h.Trained || h.Fit != nil {
			t.Errorf("batch_norm=%v: Modes, Trained, Fit = %v, %v, %v", norm, h.Modes, h.Trained, h.Fit != nil)
		}
		in := []graphtest.Input{{Shape: []int64{n, f}, Data: normal(1, n*f)}}
		start := map[string][]float32{}
		if norm {
			start["norm/gamma"], start["norm/beta"] = normal(3, hidden), normal(4, hidden)
		} else {
			start["hidden/bias"] = normal(2, hidden)
		}
		graphtest.CheckNetwork(t, in, start, func(s *op.Scope, v *variable.Set, in []tf.Output) tf.Output {
			return op.Square(s.SubScope("square"), h.Build(s, v, layer.Mode{Training: true}, in[0]))
		}, func(in [][]float64, v map[string][]float64) float64 {
			bias := v["hidden/bias"]
			if norm {
				bias = make([]float64, hidden)
			}
			x := dense(in[0], v["hidden/kernel"], bias)
			if norm {
				x = batchNorm(x, v["norm/gamma"], v["norm/beta"])
			}
			for i := range x {
				x[i] = max(x[i], 0)
			}
			sum := 0.0
			for _, y := range dense(x, v["dense/kernel"], v["dense/bias"]) {
				sum += y * y
			}
			return sum
		})
	}
}

// dense returns x [N,F] · kernel [F,D] + bias [D], by plain loops.
func dense(x, kernel, bias []float64) []float64 {
	d := len(bias)
	f := len(kernel) / d
	y := make([]float64, len(x)/f*d)
	for i := range y {
		y[i] = bias[i%d]
		for k := range f {
			y[i] += x[i/d*f+k] * kernel[k*d+i%d]
		}
	}
	return y
}

// batchNorm returns gamma·(x - mean)/√(variance + ε) + beta of each column of x [N,C].
func batchNorm(x, gamma, beta []float64) []float64 {
	c := len(gamma)
	n, y := float64(len(x)/c), make([]float64, len(x))
	for k := range c {
		mean, square := 0.0, 0.0
		for i := k; i < len(x); i += c {
			mean += x[i] / n
		}
		for i := k; i < len(x); i += c {
			square += (x[i] - mean) * (x[i] - mean) / n
		}
		for i := k; i < len(x); i += c {
			y[i] = gamma[k]*(x[i]-mean)/math.Sqrt(square+1e-3) + beta[k]
		}
	}
	return y
}

// matrix is a square matrix.
type matrix [][]float64

// of returns aᵀ·m·b.
func (m matrix) of(a, b []float64) float64 {
	sum := 0.0
	for i := range m {
		for j := range m {
			sum += a[i] * m[i][j] * b[j]
		}
	}
	return sum
}

// spread returns the covariance of the rows of x [n,F] about middle(i), by plain loops.
func spread(x []float64, f int, middle func(image, feature int) float64) matrix {
	m, n := make(matrix, f), len(x)/f
	for a := range m {
		m[a] = make([]float64, f)
		for b := range m[a] {
			for i := range n {
				m[a][b] += (x[i*f+a] - middle(i, a)) * (x[i*f+b] - middle(i, b)) / float64(n)
			}
		}
	}
	return m
}

// ridged returns m with a share of the mean of its diagonal added to the diagonal.
func (m matrix) ridged(share float64) matrix {
	trace := 0.0
	for i := range m {
		trace += m[i][i]
	}
	for i := range m {
		m[i][i] += share * trace / float64(len(m))
	}
	return m
}

// examples are 12 images of 5 features in 3 classes.
const (
	features = 5
	classes  = 3
)

var labels = []int32{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1}

// meanOf returns the mean of a feature over the images for which in is true.
func meanOf(x []float64, feature int, in func(image int) bool) float64 {
	sum, n := 0.0, 0.0
	for i := range len(x) / features {
		if in(i) {
			sum, n = sum+x[i*features+feature], n+1
		}
	}
	return sum / n
}

// fit runs the closed form of h on x [n,F]: the columns of its kernel, and its bias.
func fit(t *testing.T, h Head, x []float32, labels []int32) (columns [][]float64, bias []float64) {
	t.Helper()
	in := []graphtest.Input{{Shape: []int64{int64(len(labels)), features}, Data: x}}
	out := graphtest.Run(t, in, func(s *op.Scope, in []tf.Output) []tf.Output {
		kernel, bias := h.Fit(s.SubScope("fit"), Examples{Features: op.Cast(s.SubScope("wide"), in[0], tf.Double),
			Labels: tg.Const(s.SubScope("labels"), labels), Classes: tg.Const(s.SubScope("classes"), int32(classes))})
		return []tf.Output{op.Cast(s.SubScope("kernel"), kernel, tf.Float), op.Cast(s.SubScope("bias"), bias, tf.Float)}
	})
	d := len(out[1])
	for k := range d {
		column := make([]float64, features)
		for i := range column {
			column[i] = float64(out[0][i*d+k])
		}
		columns, bias = append(columns, column), append(bias, float64(out[1][k]))
	}
	return columns, bias
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// near reports whether two numbers around 1 are the same to six digits: kernels are float32.
func near(a, b float64) bool { return math.Abs(a-b) < 1e-5 }

// TestRidge: columns w of the kernel solve the eigenproblem T·w = λ·W·w, T the covariance of all
// images and W that within classes with its ridge, from the largest λ down; w·W·w = 1.
func TestRidge(t *testing.T) {
	const share = 0.3
	raw := normal(7, len(labels)*features)
	for i, class := range labels {
		raw[i*features] += 3 * float32(class)
	}
	x := wide(raw)
	everyone := func(int) bool { return true }
	total := spread(x, features, func(_, k int) float64 { return meanOf(x, k, everyone) })
	within := spread(x, features, func(i, k int) float64 {
		return meanOf(x, k, func(j int) bool { return labels[i] == labels[j] })
	}).ridged(share)
	all, _ := fit(t, mustNew(t, "linear", map[string]any{"start": "ridge", "ridge": share, "embedding_dim": features}), raw, labels)
	last := math.Inf(1)
	for j, w := range all {
		length := total.of(w, w)
		if length > last {
			t.Errorf("column %d has length %v, and the one before %v", j, length, last)
		}
		last = length
		for k, other := range all {
			want, wantLength := 0.0, 0.0
			if j == k {
				want, wantLength = 1, length
			}
			if got := within.of(w, other); !near(got, want) {
				t.Errorf("columns %d and %d: w·W·w = %v, want %v", j, k, got, want)
			}
			if got := total.of(w, other); !near(got, wantLength) {
				t.Errorf("columns %d and %d: w·T·w = %v, want %v", j, k, got, wantLength)
			}
		}
	}
	two, bias := fit(t, mustNew(t, "linear", map[string]any{"start": "ridge", "ridge": share, "embedding_dim": 2}), raw, labels)
	checkFirst(t, two, all)
	checkCentred(t, x, two, bias)
}

// TestWhiten: columns are directions in which the images differ the most, the variance along the
// k-th of them is λ/(λ + ridge·mean(λ)), and no two of them vary together.
func TestWhiten(t *testing.T) {
	const share = 0.5
	h := mustNew(t, "whiten", map[string]any{"ridge": share, "embedding_dim": features})
	if h.Trained || h.Classes {
		t.Error("whiten is trained, or reads classes")
	}
	raw := normal(8, len(labels)*features)
	x := wide(raw)
	total := spread(x, features, func(_, k int) float64 { return meanOf(x, k, func(int) bool { return true }) })
	mean := 0.0
	for i := range total {
		mean += total[i][i] / features
	}
	all, _ := fit(t, h, raw, labels)
	sum, last := 0.0, math.Inf(1)
	for j, w := range all {
		norm2 := 0.0
		for _, v := range w {
			norm2 += v * v
		}
		lambda := total.of(w, w) / norm2
		if lambda > last {
			t.Errorf("component %d has variance %v, and the one before %v", j, lambda, last)
		}
		sum, last = sum+lambda, lambda
		for k, other := range all {
			want := 0.0
			if j == k {
				want = lambda / (lambda + share*mean)
			}
			if got := total.of(w, other); !near(got, want) {
				t.Errorf("components %d and %d vary together by %v, want %v", j, k, got, want)
			}
		}
	}
	if !near(sum, features*mean) { // the trace
		t.Errorf("all components have a variance of %v, the features of %v", sum, features*mean)
	}
	two, bias := fit(t, mustNew(t, "whiten", map[string]any{"ridge": share, "embedding_dim": 2}), raw, labels)
	checkFirst(t, two, all)
	checkCentred(t, x, two, bias)
}

// checkFirst says where columns are not the first ones of all, up to their sign.
func checkFirst(t *testing.T, columns, all [][]float64) {
	t.Helper()
	for k, w := range columns {
		for i := range w {
			if !near(math.Abs(w[i]), math.Abs(all[k][i])) {
				t.Errorf("column %d of %d = %v, want %v", k, len(columns), w, all[k])
				break
			}
		}
	}
}

// checkCentred says where the mean of the embeddings is not zero.
func checkCentred(t *testing.T, x []float64, columns [][]float64, bias []float64) {
	t.Helper()
	for k, w := range columns {
		mean := bias[k]
		for f := range features {
			mean += w[f] * meanOf(x, f, func(int) bool { return true })
		}
		if !near(mean, 0) {
			t.Errorf("dimension %d has mean %v, want 0", k, mean)
		}
	}
}

// TestFewImages: three images differ in two directions; what they say nothing of has no weight.
func TestFewImages(t *testing.T) {
	for name, options := range map[string]map[string]any{"linear": {"start": "ridge"}, "whiten": {}} {
		options["embedding_dim"] = features
		columns, _ := fit(t, mustNew(t, name, options), normal(9, 3*features), []int32{0, 1, 1})
		for k, w := range columns {
			if zero := !slices.ContainsFunc(w, func(v float64) bool { return v != 0 }); zero != (k >= 2) {
				t.Errorf("%s: column %d = %v", name, k, w)
			}
		}
	}
}

// TestRefused: options that cannot work, and more dimensions than features.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]any
		want    string
	}{
		{"linear", map[string]any{"start": "zero"}, `start must be random or ridge, got "zero"`},
		{"linear", map[string]any{"ridge": 0}, "ridge must be positive, got 0"},
		{"whiten", map[string]any{"ridge": -1}, "ridge must be positive, got -1"},
		{"whiten", map[string]any{"embedding_dim": 0}, "embedding_dim must be positive, got 0"},
		{"mlp", map[string]any{"hidden": 0}, "hidden must be positive, got 0"},
		{"mlp", map[string]any{"bn_momentum": 1}, "bn_momentum must be in [0,1), got 1"},
	} {
		_, err := choose(t, c.name, c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want %q", c.name, c.options, err, c.want)
		}
	}
	for name, options := range map[string]map[string]any{"linear": {"start": "ridge"}, "whiten": {}} {
		options["embedding_dim"] = 4
		root := tg.NewRoot()
		x := op.Placeholder(root, tf.Float, op.PlaceholderShape(tf.MakeShape(-1, 3)))
		mustNew(t, name, options).Build(root, variable.NewSet(root, ""), layer.Mode{}, x)
		want := "embedding_dim is 4, the backbone has 3 features"
		if err := fmt.Sprint(root.Err()); !strings.Contains(err, want) {
			t.Errorf("%s: %s, want %q", name, err, want)
		}
	}
}
