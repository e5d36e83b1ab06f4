package backbone

import (
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

// TestPreprocess: the three normalizations of the pixel R 0, G 128, B 255, computed by hand.
func TestPreprocess(t *testing.T) {
	for name, want := range map[string][]float64{
		"caffe": {255 - 103.939, 128 - 116.779, 0 - 123.68},
		"torch": {-0.485 / 0.229, (128/255. - 0.456) / 0.224, (1 - 0.406) / 0.225},
		"tf":    {-1, 128/127.5 - 1, 1},
	} {
		in := []graphtest.Input{{Shape: []int64{1, 1, 1, 3}, Data: []float32{0, 128, 255}}}
		got := graphtest.Run(t, in, func(s *op.Scope, in []tf.Output) []tf.Output {
			levels := op.Cast(s.SubScope("levels"), in[0], tf.Uint8)
			return []tf.Output{preprocesses[name].normalize(s.SubScope("normalize"), levels)}
		})[0]
		for i := range want {
			if math.Abs(float64(got[i])-want[i]) > 1e-5*math.Max(1, math.Abs(want[i])) {
				t.Errorf("%s: channel %d = %v, want %v", name, i, got[i], want[i])
			}
		}
	}
}

// TestPreprocessFolded: a folded stem makes of the pixels what normalizing them, a convolution and batch norm make. The
// borders are in it: zeros stand for the mean.
func TestPreprocessFolded(t *testing.T) {
	norm := layer.Norm{Momentum: 0.9, Epsilon: 1e-3}
	random, levels := rand.New(rand.NewPCG(1, 0)), make([]float32, 2*5*6*3)
	for i := range levels {
		levels[i] = float32(random.IntN(256))
	}
	in := []graphtest.Input{{Shape: []int64{2, 5, 6, 3}, Data: levels}}
	for name, pixels := range preprocesses {
		stem := func(m layer.Mode) func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
			return func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				p := part{scope: s, variables: v, mode: m, norm: norm, pixels: pixels}
				x := pixels.start(s.SubScope("normalize"), op.Cast(s.SubScope("levels"), in[0], tf.Uint8), m)
				return []tf.Output{p.stem("conv", "norm", x, 4, layer.Window{Size: 3, Stride: 2, Before: 1, After: 1})}
			}
		}
		g := graphtest.BuildNetwork(t, in, stem(layer.Mode{}))
		g.Set(t, map[string][]float32{"norm/gamma": {0.5, 1, -2, 1}, "norm/beta": {-1, 0, 3, 1},
			"norm/moving_mean": {0.1, 0.2, 0.3, 0}, "norm/moving_variance": {0.5, 1, 4, 2}})
		want := g.Run(t, in)[0]
		got := graphtest.BuildConstant(t, in, g, stem(layer.Mode{Folded: true})).Run(t, in)[0]
		for i := range want {
			if diff := math.Abs(float64(got[i] - want[i])); diff > 1e-5*math.Max(1, math.Abs(float64(want[i]))) {
				t.Fatalf("%s: number %d = %v folded, %v apart", name, i, got[i], want[i])
			}
		}
	}
}

// TestFreeze: frozen stages have no trained variable and no update; nor has batch norm with freeze_bn.
func TestFreeze(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]any
		modes   bool
		trained int // variables
		updates int
		first   string // trained variable, "" for none
	}{
		// 53 convolutions and 53 batch norms: kernel, gamma, beta; two averages each.
		{"resnet50", nil, true, 3 * 53, 2 * 53, "conv1_conv/kernel"},
		{"resnet50", map[string]any{"freeze": "stage1"}, true, 3 * 52, 2 * 52, "conv2_block1_1_conv/kernel"},
		{"resnet50", map[string]any{"freeze": "stage4"}, true, 3 * 10, 2 * 10, "conv5_block1_1_conv/kernel"},
		{"resnet50", map[string]any{"freeze": "all"}, false, 0, 0, ""},
		{"resnet50", map[string]any{"freeze_bn": true}, false, 53, 0, "conv1_conv/kernel"},
		// A stem, 16 blocks of three convolutions (the first of two), and a head.
		{"efficientnet-lite0", nil, true, 3 * 49, 2 * 49, "stem_conv/kernel"},
		{"efficientnet-lite0", map[string]any{"freeze": "stage8"}, true, 3, 2, "head_conv/kernel"},
		{"efficientnet-lite0", map[string]any{"freeze": "stage8", "freeze_bn": true}, false, 1, 0, "head_conv/kernel"},
	} {
		s := tg.NewRoot()
		v := variable.NewSet(s, "")
		images := op.Placeholder(s.SubScope("x"), tf.Uint8, op.PlaceholderShape(tf.MakeShape(-1, 32, 32, 3)))
		b := mustNew(t, c.name, c.options)
		b.Features(s.SubScope("whole"), v, layer.Mode{Training: true}, images)
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		trained := v.Trained()
		if b.Modes != c.modes || len(trained) != c.trained || len(v.Updates()) != c.updates {
			t.Errorf("%s %v: modes %v, %d trained variables, %d updates; want %v, %d, %d", c.name,
				c.options, b.Modes, len(trained), len(v.Updates()), c.modes, c.trained, c.updates)
		}
		if len(trained) > 0 && !strings.HasPrefix(trained[0].Key, c.first) {
			t.Errorf("%s %v: the first trained variable is %s, want %s", c.name, c.options, trained[0].Key, c.first)
		}
	}
}

// TestGeM: the power is trained wherever something is, and where only the pooling is not frozen; with
// freeze all it stays. An average has none.
func TestGeM(t *testing.T) {
	for _, c := range []struct {
		freeze, pool string
		power        string // "trained", "kept", "" where there is none
		allFrozen    bool
	}{
		{"none", "gem", "trained", false},
		{"stage8", "gem", "trained", false},
		{"stage9", "gem", "trained", false},
		{"all", "gem", "kept", true},
		{"stage9", "average", "", true},
	} {
		b := mustNew(t, "efficientnet-lite0", map[string]any{"freeze": c.freeze, "pool": c.pool})
		s := tg.NewRoot()
		v := variable.NewSet(s, "")
		images := op.Placeholder(s, tf.Uint8, op.PlaceholderShape(tf.MakeShape(-1, 32, 32, 3)))
		y := b.Features(s, v, layer.Mode{}, images)
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		power := ""
		for _, x := range v.All() {
			if x.Key == "pool/power" {
				power = map[bool]string{true: "trained", false: "kept"}[x.Trained]
			}
		}
		if power != c.power || b.AllFrozen != c.allFrozen || y.Shape().Size(1) != 1280 {
			t.Errorf("%s, %s: power %q, AllFrozen %v, %v features", c.freeze, c.pool, power, b.AllFrozen, y.Shape())
		}
	}
	choice, err := named.Choose("efficientnet-lite0", map[string]any{"pool": "max"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Table.New(&choice); err == nil || !strings.Contains(err.Error(), `pool must be average or gem, got "max"`) {
		t.Errorf("pool max: %v", err)
	}
}

// TestParts: whatever is frozen, the two parts of a stack are the whole of it: features,
// and the variables in their order.
func TestParts(t *testing.T) {
	in := []graphtest.Input{pixels(2, 33)}
	for _, name := range []string{"resnet50", "efficientnet-lite0"} {
		pool := map[string]string{"resnet50": "average", "efficientnet-lite0": "gem"}[name]
		var whole []float32
		var keys []string
		for _, freeze := range []string{"none", "stage1", "stage3", "all"} {
			b := mustNew(t, name, map[string]any{"freeze": freeze, "pool": pool})
			g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				return []tf.Output{build(b, s, v, layer.Mode{}, in[0])}
			})
			folded := graphtest.BuildConstant(t, in, g, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				return []tf.Output{build(b, s, v, layer.Mode{Folded: true}, in[0])}
			})
			var made []string
			for _, v := range g.Variables() {
				made = append(made, v.Key)
			}
			y := append(g.Run(t, in), folded.Run(t, in)...)
			if freeze == "none" {
				whole, keys = y[0], made
			}
			if !slices.Equal(made, keys) || !slices.Equal(y[0], whole) || (b.Frozen == nil) != (freeze == "none") {
				t.Errorf("%s: freeze=%s gives another network", name, freeze)
			}
			for i, x := range y[0] {
				if d := math.Abs(float64(y[1][i] - x)); d > 1e-5*float64(slices.Max(y[0])) {
					t.Fatalf("%s: folded, freeze=%s, feature %d = %v, want %v", name, freeze, i, y[1][i], x)
				}
			}
		}
	}
}

// TestResNet50Skips: in inference ResNet50 computes every other pixel at the end of a stage. In training, with norms
// that are fixed, trained stages compute all of them, to the same features. The sides of the images are even and odd there.
func TestResNet50Skips(t *testing.T) {
	for _, c := range []struct {
		stride, freeze string
		skips          map[bool]int // places where pixels are left out, by whether it trains
	}{
		{"1x1", "none", map[bool]int{false: 3, true: 0}},
		{"1x1", "stage3", map[bool]int{false: 3, true: 2}},
		{"3x3", "none", map[bool]int{false: 0, true: 0}},
	} {
		b := mustNew(t, "resnet50", map[string]any{"freeze_bn": true, "stride_on": c.stride, "freeze": c.freeze})
		for training, want := range c.skips {
			s := tg.NewRoot()
			build(b, s, variable.NewSet(s, ""), layer.Mode{Training: training}, op.Placeholder(s, tf.Float, op.PlaceholderShape(tf.MakeShape(-1, 64, 64, 3))))
			g, err := s.Finalize()
			if err != nil {
				t.Fatal(err)
			}
			skips := 0
			for _, o := range g.Operations() {
				if o.Type() == "MaxPool" && strings.Contains(o.Name(), "_every/") {
					skips++
				}
			}
			if skips != want {
				t.Errorf("stride_on %s, freeze %s, training %v: pixels are left out in %d places, want %d", c.stride, c.freeze, training, skips, want)
			}
		}
		for _, size := range []int{33, 64, 96} {
			in := []graphtest.Input{pixels(2, size)}
			y := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
				return []tf.Output{build(b, s, v, layer.Mode{}, in[0]), build(b, s.SubScope("training"), v.Reuse(), training(s), in[0])}
			}).Run(t, in)
			largest := float64(slices.Max(y[1]))
			for i, x := range y[0] {
				if d := math.Abs(float64(x - y[1][i])); !(d <= 1e-5*largest) {
					t.Fatalf("stride_on %s, freeze %s, size %d: feature %d = %v, want %v", c.stride, c.freeze, size, i, x, y[1][i])
				}
			}
		}
	}
}
