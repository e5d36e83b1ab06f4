package backbone

import (
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
)

// uniform returns number i of a sequence in [-1,1), as the golden script does.
func uniform(start uint32, i int) float64 {
	h := uint32(i) + start
	h *= 2654435761
	h ^= h >> 15
	h *= 2246822519
	h ^= h >> 13
	return float64(h)/(1<<31) - 1
}

// fill returns the weights that the golden script gives a variable.
func fill(v variable.Variable) []float32 {
	size, window := int64(1), int64(1)
	for i, d := range v.Shape {
		if size *= d; i < 2 || i == 2 && v.Shape[3] > 1 {
			window *= d
		}
	}
	start := crc32.ChecksumIEEE([]byte(v.Key))
	kind := v.Key[strings.LastIndex(v.Key, "/")+1:]
	values := make([]float32, size)
	for i := range values {
		switch u := uniform(start, i); kind {
		case "kernel":
			values[i] = float32(u * math.Sqrt(6/float64(window)))
		case "gamma":
			values[i] = float32(1 + u/5)
		case "moving_variance":
			values[i] = float32(1 + u/2)
		default:
			values[i] = float32(u / 5)
		}
	}
	return values
}

// parity is one network of the golden file.
type parity struct {
	Name      string               `json:"name"`
	Options   map[string]any       `json:"options"`
	Size      int                  `json:"size"`
	Features  []float64            `json:"features"`
	Trained   []float64            `json:"trained"`
	Gradients map[string][]float64 `json:"gradients"`
}

// images returns the two images that the golden script makes, as float32 for the placeholder.
func (p parity) images() graphtest.Input {
	size := int64(p.Size)
	in := graphtest.Input{Shape: []int64{2, size, size, 3}}
	for i := range 2 * p.Size * p.Size * 3 {
		in.Data = append(in.Data, float32(math.Floor((uniform(crc32.ChecksumIEEE([]byte("images")), i)+1)*128)))
	}
	return in
}

// weightsFor returns those that the golden script weighs features [2,F] with, flat.
func weightsFor(features int64) []float32 {
	values := make([]float32, 2*features)
	for i := range values {
		values[i] = float32(uniform(crc32.ChecksumIEEE([]byte("w")), i))
	}
	return values
}

// TestKeras: with equal weights, features in both modes and the gradients of one
// step are those of Keras, which sums in another order: within 1e-4 and 1e-3 of the
// largest. A wrong place of the stride, channel order or padding is a hundredth and more.
func TestKeras(t *testing.T) {
	for _, c := range readGolden(t).Parity {
		b, in := mustNew(t, c.Name, c.Options), []graphtest.Input{c.images()}
		var of []string
		g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
			y := build(b, s, v, layer.Mode{}, in[0])
			z := build(b, s.SubScope("training"), v.Reuse(), training(s), in[0])
			flat := op.Reshape(s.SubScope("flat"), z, tg.Const(s.SubScope("any"), []int32{-1}))
			w := tg.Const(s.SubScope("weights"), weightsFor(y.Shape().Size(1)))
			loss := op.Sum(s.SubScope("loss"), op.Mul(s.SubScope("weigh"), flat, w),
				tg.Const(s.SubScope("axis"), int32(0)))
			var reads []tf.Output
			for _, x := range v.All() {
				if c.Gradients[x.Key] != nil {
					of, reads = append(of, x.Key), append(reads, x.Read)
				}
			}
			return append([]tf.Output{y, z}, op.Gradients(s.SubScope("gradients"), []tf.Output{loss}, reads)...)
		})
		values := map[string][]float32{}
		for _, v := range g.Variables() {
			values[v.Key] = fill(v)
		}
		g.Set(t, values)
		got := g.Run(t, in)
		what := fmt.Sprint(c.Name, " ", c.Options)
		near(t, what+", inference", got[0], c.Features, 1e-4)
		near(t, what+", training", got[1], c.Trained, 1e-4)
		for i, key := range of {
			near(t, what+", gradient of "+key, got[2+i], c.Gradients[key], 1e-3)
		}
	}
}

// near compares some of got with want as the golden script chose them.
func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	largest, every := 0.0, max(1, len(got)/40)
	for _, x := range want {
		largest = math.Max(largest, math.Abs(x))
	}
	for i, x := range want {
		if y := float64(got[i*every]); !(math.Abs(y-x) <= tolerance*largest) {
			t.Fatalf("%s: element %d = %v, Keras has %v (largest %v)", what, i*every, y, x, largest)
		}
	}
}
