//go:build interop

package backbone

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/venv"
	"github.com/tfpair/tfpair/models/weights"
)

// TestProofKeras: ResNet50 with the weights that Keras saved, in each of its formats, has
// Keras' features, and the gradients of a step that leaves batch norm alone.
func TestProofKeras(t *testing.T) { prove(t, "proof-keras", "weights_keras.py") }

// TestProofTorch: with the weights of torchvision's network it has torchvision's features.
func TestProofTorch(t *testing.T) { prove(t, "proof-torch", "weights_torch.py") }

// proven is one network of expected.json; see testdata/interop/weights.py.
type proven struct {
	Files     []string       `json:"files"`
	Options   map[string]any `json:"options"`
	Pixels    string         `json:"pixels"`
	Features  []float64      `json:"features"`
	Gradients []string       `json:"gradients"`
}

// prove has a script of testdata/interop write files of weights, and compares.
func prove(t *testing.T, requirements, script string) {
	t.Helper()
	python, err := venv.Make(t.Context(), venv.Options{Name: requirements,
		Requirements: "../../bench/requirements-" + requirements + ".txt",
		Say:          func(text string) { t.Log(text) }})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), python, "../../testdata/interop/"+script, folder)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, venv.Tail(string(out)))
	}
	text, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		MadeWith map[string]string `json:"made_with"`
		Networks []proven          `json:"networks"`
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	t.Log(expected.MadeWith)
	for _, p := range expected.Networks {
		p.check(t, folder)
	}
}

// check compares features with the weights of each file, and the gradients of the first.
func (p proven) check(t *testing.T, folder string) {
	t.Helper()
	in := []graphtest.Input{p.images(t, folder)}
	b := mustNew(t, "resnet50", p.Options)
	g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		y := b.Build(s.SubScope("tower"), v, layer.Mode{}, in[0])
		return append([]tf.Output{y}, p.differentiate(s, v, y)...)
	})
	network := weights.Network{Name: "resnet50", Shapes: map[string][]int64{}}
	for _, v := range g.Variables() {
		network.Shapes["backbone/"+v.Key] = v.Shape
	}
	for i, name := range p.Files {
		p.load(t, g, network, filepath.Join(folder, name))
		got := g.Run(t, in)
		difference := relative(got[0], p.Features)
		t.Logf("%s %s: features differ by %.2g of the largest", name, p.Pixels, difference)
		if !(difference <= 1e-4) {
			t.Errorf("%s: features differ by %g of the largest, 1e-4 is allowed", name, difference)
		}
		if i == 0 && len(p.Gradients) > 0 {
			p.checkGradients(t, got[1:], filepath.Join(folder, "gradients.f32"))
		}
	}
}

// images are the two pictures of a case [2,S,S,3], or the numbers that stand for them.
func (p proven) images(t *testing.T, folder string) graphtest.Input {
	t.Helper()
	var data []float32
	if p.Pixels != "" {
		data = floats(t, filepath.Join(folder, p.Pixels))
	} else {
		levels, err := os.ReadFile(filepath.Join(folder, "images.rgb"))
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range levels {
			data = append(data, float32(level))
		}
	}
	size := int64(math.Sqrt(float64(len(data) / 6)))
	return graphtest.Input{Shape: []int64{2, size, size, 3}, Data: data}
}

// differentiate adds the gradients of Σ w·features with respect to the variables of p.
func (p proven) differentiate(s *op.Scope, v *variable.Set, features tf.Output) []tf.Output {
	if len(p.Gradients) == 0 {
		return nil
	}
	flat := op.Reshape(s.SubScope("flat"), features, tg.Const(s.SubScope("any"), []int32{-1}))
	w := tg.Const(s.SubScope("weights"), weightsFor(features.Shape().Size(1)))
	loss := op.Sum(s.SubScope("loss"), op.Mul(s.SubScope("weigh"), flat, w), tg.Const(s.SubScope("axis"), int32(0)))
	reads := make([]tf.Output, len(p.Gradients))
	for _, x := range v.All() {
		if i := slices.Index(p.Gradients, x.Key); i >= 0 {
			reads[i] = x.Read
		}
	}
	return op.Gradients(s.SubScope("gradients"), []tf.Output{loss}, reads)
}

// load sets the variables of g to the weights in a file.
func (p proven) load(t *testing.T, g *graphtest.Graph, n weights.Network, path string) {
	t.Helper()
	file, err := weights.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	imported, err := file.Import(n)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for _, x := range imported.Tensors {
		values[x.Name[len("backbone/"):]] = x.Data
	}
	g.Set(t, values)
}

// checkGradients compares each gradient with its part of a file.
func (p proven) checkGradients(t *testing.T, got [][]float32, file string) {
	t.Helper()
	all := floats(t, file)
	for i, key := range p.Gradients {
		want := make([]float64, len(got[i]))
		for j := range want {
			want[j] = float64(all[j])
		}
		all = all[len(want):]
		difference := distance(got[i], want)
		t.Logf("gradient of %s: differs by %.2g of its norm, %.2g of its largest element",
			key, difference, relative(got[i], want))
		if !(difference <= 1e-3) {
			t.Errorf("gradient of %s differs by %g of its norm, 1e-3 is allowed", key, difference)
		}
	}
	if len(all) > 0 {
		t.Errorf("%d numbers of %s are left", len(all), file)
	}
}

// relative returns the largest difference over the largest wanted, NaN where one is.
func relative(got []float32, want []float64) float64 {
	var difference, largest float64
	for i, w := range want {
		difference = math.Max(difference, math.Abs(float64(got[i])-w))
		largest = math.Max(largest, math.Abs(w))
	}
	return difference / largest
}

// distance returns the Euclidean norm of got - want over that of want. A unit on the edge of a relu,
// where rounding decides, is an element of many.
func distance(got []float32, want []float64) float64 {
	var difference, norm float64
	for i, w := range want {
		difference += (float64(got[i]) - w) * (float64(got[i]) - w)
		norm += w * w
	}
	return math.Sqrt(difference / norm)
}

// floats returns the float32 of a file.
func floats(t *testing.T, file string) []float32 {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}
