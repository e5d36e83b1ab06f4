package backbone

import (
	"math"
	"os"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/golden"
	"github.com/tfpair/tfpair/internal/pretrained"
	weightfile "github.com/tfpair/tfpair/models/weights"
)

// tower is a network of testdata/golden/torch_towers.json; the script beside it documents it.
type tower struct {
	Name     string    `json:"name"`
	Size     int       `json:"size"`
	SHA256   string    `json:"weights_sha256"`
	Features []float32 `json:"features"`
}

// fetched returns the weights that tfpair weights fetch leaves in the user's cache, and skips the
// test where they are not there.
func fetched(t *testing.T, name string) *weightfile.File {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	set, _ := pretrained.Named(name)
	if _, err := os.Stat(set.Path(cache)); err != nil {
		t.Skipf("no weights, tfpair weights fetch %s fetches them: %v", name, err)
	}
	f, err := weightfile.Read(set.Path(cache))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPretrained: with the released weights each network that has some computes what PyTorch does
// with the package's own model, in float32: 1e-4 of the largest feature bounds the rounding of 50
// layers. Nets of odd maps would tell a mistake of padding.
func TestPretrained(t *testing.T) {
	file := golden.Read[struct {
		Towers []tower `json:"towers"`
	}](t, "../../testdata/golden/torch_towers.json")
	have := map[string]bool{}
	for _, of := range file.Towers {
		have[of.Name] = true
		t.Run(of.Name, func(t *testing.T) { of.check(t, fetched(t, of.Name)) })
	}
	for _, name := range pretrained.Names() {
		if !have[name] {
			t.Errorf("the golden file lacks %s", name)
		}
	}
}

func (of tower) check(t *testing.T, file *weightfile.File) {
	t.Helper()
	if file.SHA256 != of.SHA256 || of.Size != weightfile.Pixels(of.Name) {
		t.Fatalf("weights %s for images of %d, want %s and %d", file.SHA256, weightfile.Pixels(of.Name), of.SHA256, of.Size)
	}
	side := int64(of.Size)
	in := []graphtest.Input{{Shape: []int64{1, side, side, 3}}}
	b := mustNew(t, of.Name, nil)
	g := graphtest.BuildNetwork(t, in, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		return []tf.Output{build(b, s, v.Sub("backbone"), layer.Mode{}, in[0])}
	})
	network := weightfile.Network{Name: of.Name, Shapes: map[string][]int64{}}
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
	in[0].Data = of.levels()
	compare(t, g.Run(t, in)[0], of.Features)
}

// levels returns the picture of the golden script.
func (of tower) levels() []float32 {
	list := make([]float32, 0, of.Size*of.Size*3)
	for y := range of.Size {
		for x := range of.Size {
			for c := range 3 {
				wave := ((2+c)*x+3*y)%256 - 128
				noise := math.Floor(64 * (1 + uniform(0, len(list))))
				list = append(list, float32(max(wave, -wave)+int(noise)))
			}
		}
	}
	return list
}

// compare checks that got is want, to 1e-4 of the largest.
func compare(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	var largest, difference float64
	for i := range got {
		largest = max(largest, math.Abs(float64(want[i])))
		difference = max(difference, math.Abs(float64(got[i]-want[i])))
	}
	t.Logf("features differ by %.2g of %.4g", difference/largest, largest)
	if !(difference <= 1e-4*largest) {
		t.Errorf("features differ by %g, largest is %g", difference, largest)
	}
}
