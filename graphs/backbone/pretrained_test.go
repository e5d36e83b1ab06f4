package backbone

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	"github.com/sbinet/npyio/npz"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/pretrained"
	weightfile "github.com/tfpair/tfpair/models/weights"
)

// sharedData returns the folder that the test data of the project lies in; see TFPAIR_DATA.
func sharedData() string {
	if folder := os.Getenv("TFPAIR_DATA"); folder != "" {
		return filepath.Dir(folder)
	}
	return "../../../shared"
}

// liteWeights returns the weights that tfpair weights fetch leaves in the user's cache, or those that
// TFPAIR_WEIGHTS names, and skips the test where they are not there.
func liteWeights(t *testing.T) *weightfile.File {
	t.Helper()
	path := os.Getenv("TFPAIR_WEIGHTS")
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip(err)
		}
		path = pretrained.Sets[0].Path(cache)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no weights, tfpair weights fetch efficientnet-lite0 fetches them: %v", err)
	}
	f, err := weightfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPretrainedLite: with the released weights our network computes what PyTorch does with
// the package's own model, in float32: 1e-4 of the largest value bounds the rounding of 50 layers.
// The stem's corners would tell a mistake of padding.
func TestPretrainedLite(t *testing.T) {
	path := filepath.Join(sharedData(), "fixtures", "efficientnet_lite0.npz")
	r, err := npz.Open(path)
	if err != nil {
		t.Skipf("no fixture of the released model: %v", err)
	}
	defer func() { _ = r.Close() }() // read only
	load := func(name string) (x []float32) {
		if err := r.Read(name+".npy", &x); err != nil {
			t.Fatal(err)
		}
		return x
	}
	inputs := load("inputs")
	pixels := make([]float32, len(inputs))
	for i, x := range inputs {
		pixels[i] = x*128 + 127 // whole numbers, as normalize takes them
	}
	file := liteWeights(t)
	in := graphtest.Input{Shape: []int64{4, 224, 224, 3}}
	g := graphtest.BuildNetwork(t, []graphtest.Input{in}, litePieces)
	network := weightfile.Network{Name: "efficientnet-lite0", Shapes: map[string][]int64{}}
	for _, v := range g.Variables() {
		network.Shapes[v.Key] = v.Shape
	}
	imported, err := file.Import(network)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for _, w := range imported.Tensors {
		values[w.Name] = w.Data
	}
	g.Set(t, values)
	in.Data = pixels
	out := g.Run(t, []graphtest.Input{in})
	for i, name := range []string{"stem_corner", "stem_end", "features"} {
		compare(t, name, out[i], load(name))
	}
}

// litePieces adds the stem's first and last 4×4 pixels [N,4,4,32] and the features [N,1280] of
// EfficientNet-Lite0 for pixels [N,224,224,3].
func litePieces(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
	p := part{scope: s, variables: v.Sub("backbone"), norm: layer.Norm{Momentum: 0.99, Epsilon: 1e-3}}
	x := liteNormalize(s.SubScope("normalize"), in[0])
	stages := liteStages()
	x = stages[0](p, x)
	size := op.Const(s.SubScope("size"), []int32{4, 4, 4, 32})
	first := op.Slice(s.SubScope("first"), x, op.Const(s.SubScope("begin"), []int32{0, 0, 0, 0}), size)
	last := op.Slice(s.SubScope("last"), x, op.Const(s.SubScope("corner"), []int32{0, 108, 108, 0}), size)
	for _, stage := range stages[1:] {
		x = stage(p, x)
	}
	return []tf.Output{first, last, layer.GlobalAverage(s.SubScope("average"), x)}
}

// compare checks that got is want, to 1e-4 of the largest.
func compare(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", name, len(got), len(want))
	}
	var largest, difference float64
	for i := range got {
		largest = max(largest, math.Abs(float64(want[i])))
		difference = max(difference, math.Abs(float64(got[i]-want[i])))
	}
	t.Logf("%s differ by %.2g of %.4g", name, difference/largest, largest)
	if !(difference <= 1e-4*largest) {
		t.Errorf("%s differ by %g, largest is %g", name, difference, largest)
	}
}
