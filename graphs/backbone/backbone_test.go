package backbone

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/golden"
	"github.com/tfpair/tfpair/internal/named"
)

func mustNew(t *testing.T, name string, options any) Backbone {
	t.Helper()
	if name == "concat" && options == nil {
		options = map[string]any{"of": []string{"efficientnet-lite0", "mobilenetv2"}}
	}
	if name == "ensemble" && options == nil {
		options = of(map[string]any{"network": "smallconv"}, map[string]any{"network": "conv4", "embedding_dim": 4})
	}
	c, err := named.Choose(name, options)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Table.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pixels returns random levels [n,size,size,3], as float32 for the placeholder.
func pixels(n, size int) graphtest.Input {
	r := rand.New(rand.NewPCG(uint64(n), uint64(size)))
	in := graphtest.Input{Shape: []int64{int64(n), int64(size), int64(size), 3}}
	for range n * size * size * 3 {
		in.Data = append(in.Data, float32(r.IntN(256)))
	}
	return in
}

// build adds b on images given as float32.
func build(b Backbone, s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output {
	return b.Features(s.SubScope("whole"), v, m, op.Cast(s.SubScope("levels"), images, tf.Uint8))
}

// training is the mode of a first step.
func training(s *op.Scope) layer.Mode {
	return layer.Mode{Training: true, Seed: 1, Step: tg.Const(s.SubScope("step"), float32(0))}
}

// TestTable: every backbone gives features [N,F], finite and different for
// different images, at its smallest size and at odd ones; both modes use the same
// variables.
func TestTable(t *testing.T) {
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			b := mustNew(t, name, nil)
			for _, size := range sizes(b) {
				in := []graphtest.Input{pixels(2, size)}
				g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
					y := build(b, s, v, layer.Mode{}, in[0])
					if y.Shape().NumDimensions() != 2 || y.Shape().Size(1) <= 0 {
						t.Fatalf("size %d: features have shape %v, want [N,F]", size, y.Shape())
					}
					before := len(v.All())
					z := build(b, s.SubScope("again"), v.Reuse(), training(s), in[0])
					if len(v.All()) != before || (len(v.Updates()) > 0 && !b.Modes) {
						t.Errorf("training has %d variables, inference %d", len(v.All()), before)
					}
					return []tf.Output{y, z}
				})
				for mode, y := range g.Run(t, in) {
					half := len(y) / 2
					different := false
					for i, x := range y {
						if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
							t.Fatalf("size %d: feature %d = %v", size, i, x)
						}
						different = different || i < half && x != y[half+i]
					}
					if !different {
						t.Errorf("size %d, mode %d: two images have the same features", size, mode)
					}
				}
			}
		})
	}
}

// sizes are sides to try, fewer for large nets.
func sizes(b Backbone) []int {
	if b.MinSize < 32 {
		return []int{b.MinSize, b.MinSize + 1, b.MinSize + 13}
	}
	return []int{b.MinSize + 1}
}

// TestMinSize: nets that do not pad leave nothing of a smaller image.
func TestMinSize(t *testing.T) {
	for _, name := range []string{"conv4", "smallconv"} {
		b := mustNew(t, name, nil)
		if y := shapeAt(b, b.MinSize-1); y > 0 {
			t.Errorf("%s: size %d leaves %d features, MinSize is %d", name, b.MinSize-1, y, b.MinSize)
		}
	}
}

// shapeAt returns F for images of size, 0 where the graph cannot be built.
func shapeAt(b Backbone, size int) int64 {
	s := tg.NewRoot()
	images := op.Placeholder(s.SubScope("x"), tf.Uint8, op.PlaceholderShape(tf.MakeShape(-1, int64(size), int64(size), 3)))
	defer func() { _ = recover() }() // the wrappers panic after an error in a scope
	y := b.Features(s.SubScope("whole"), variable.NewSet(s, ""), layer.Mode{}, images)
	if s.Err() != nil {
		return 0
	}
	return y.Shape().Size(1)
}

// TestGradient: in training, every trained variable has a gradient, finite and not 0 throughout.
func TestGradient(t *testing.T) {
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			b := mustNew(t, name, nil)
			if b.AllFrozen {
				t.Skip("nothing of it is trained")
			}
			in := []graphtest.Input{pixels(3, b.MinSize+1)}
			g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				y := build(b, s, v, training(s), in[0])
				var of []tf.Output
				for _, x := range v.Trained() {
					of = append(of, x.Read)
				}
				// Batch norm keeps Σ and Σ² of its output: a cube does not.
				y = op.Mul(s.SubScope("cube"), y, op.Square(s.SubScope("square"), y))
				loss := op.Sum(s.SubScope("sum"), y, tg.Const(s.SubScope("axes"), []int32{0, 1}))
				return op.Gradients(s.SubScope("gradients"), []tf.Output{loss}, of)
			})
			trained := 0
			gradients := g.Run(t, in)
			for _, v := range g.Variables() {
				if !v.Trained {
					continue
				}
				largest := 0.0
				for _, x := range gradients[trained] {
					largest = math.Max(largest, math.Abs(float64(x)))
				}
				if trained++; !(largest > 0) || math.IsInf(largest, 0) {
					t.Errorf("largest gradient of %s is %v", v.Key, largest)
				}
			}
		})
	}
}

// keras is testdata/golden/keras_backbones.json; the script beside it documents it.
type keras struct {
	Networks []struct {
		Name      string         `json:"name"`
		Options   map[string]any `json:"options"`
		Size      int            `json:"size"`
		Features  int64          `json:"features"`
		Trained   int64          `json:"trained"`
		Untrained int64          `json:"untrained"`
	} `json:"networks"`
	Parity []parity `json:"parity"`
}

func readGolden(t *testing.T) keras {
	t.Helper()
	return golden.Read[keras](t, "../../testdata/golden/keras_backbones.json")
}

// TestParameters: features and parameters are as many as Keras counts in the same
// layers; every backbone is in the list.
func TestParameters(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range readGolden(t).Networks {
		seen[c.Name] = true
		s := tg.NewRoot()
		v := variable.NewSet(s, "")
		size := int64(c.Size)
		images := op.Placeholder(s.SubScope("x"), tf.Uint8, op.PlaceholderShape(tf.MakeShape(-1, size, size, 3)))
		y := mustNew(t, c.Name, c.Options).Features(s.SubScope("whole"), v, layer.Mode{}, images)
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		if got := y.Shape().Size(1); got != c.Features {
			t.Errorf("%s %v at %d: %d features, Keras has %d", c.Name, c.Options, c.Size, got, c.Features)
		}
		var trained, untrained int64
		for _, x := range v.All() {
			n := int64(1)
			for _, d := range x.Shape {
				n *= d
			}
			if x.Trained {
				trained += n
			} else {
				untrained += n
			}
		}
		if trained != c.Trained || untrained != c.Untrained {
			t.Errorf("%s %v at %d: %d trained and %d other parameters, Keras has %d and %d",
				c.Name, c.Options, c.Size, trained, untrained, c.Trained, c.Untrained)
		}
	}
	for _, name := range Table.Names() {
		if !seen[name] {
			t.Errorf("%s is not in the golden file", name)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]any
		want    string
	}{
		{"smallconv", map[string]any{"filters": []int{}}, "at least one convolution"},
		{"smallconv", map[string]any{"kernel": 0}, "must be positive, got 0"},
		{"conv4", map[string]any{"filters": -1}, "filters must be positive, got -1"},
		{"conv4", map[string]any{"pool": "max"}, `pool must be flatten, average or gem, got "max"`},
		{"conv4", map[string]any{"bn_momentum": 1}, "bn_momentum must be in [0,1), got 1"},
		{"conv4", map[string]any{"bn_epsilon": 0}, "bn_epsilon must be positive, got 0"},
		{"conv4", map[string]any{"dense": 3}, `unknown field "dense"`},
		{"smallresnet", map[string]any{"depth": 10}, "depth must be 8, 14, 20 or more, 6n + 2, got 10"},
		{"smallresnet", map[string]any{"depth": 2}, "depth must be 8, 14, 20 or more, 6n + 2, got 2"},
		{"smallresnet", map[string]any{"width": 0}, "width must be positive, got 0"},
		{"smallresnet", map[string]any{"dropout": 1}, "dropout must be in [0,1), got 1"},
		{"resnet50", map[string]any{"stride_on": "2x2"}, `stride_on must be 1x1 or 3x3, got "2x2"`},
		{"resnet50", map[string]any{"preprocess": "keras"}, `preprocess must be caffe, torch or tf, got "keras"`},
		{"resnet50", map[string]any{"freeze": "stage6"}, `freeze must be none, all, or stage1 to stage5, got "stage6"`},
		{"concat", map[string]any{"of": []string{"mobilenetv2"}}, `of must name two towers or more, got ["mobilenetv2"] (known: `},
		{"concat", map[string]any{"of": []string{"mobilenetv2", "mobilenetv2"}}, `of names "mobilenetv2" twice`},
		{"concat", map[string]any{"of": []string{"mobilenetv2", "conv4"}}, `unknown tower "conv4" (known: `},
		{"efficientnet-lite0", map[string]any{"freeze": "stage0"},
			`freeze must be none, all, or stage1 to stage9, got "stage0"`},
	} {
		choice, err := named.Choose(c.name, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&choice); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want %q", c.name, c.options, err, c.want)
		}
	}
}
