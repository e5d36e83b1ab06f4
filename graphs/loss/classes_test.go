package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/golden"
	"github.com/tfpair/tfpair/internal/named"
)

// testClasses is C in tests: class 5 has no image.
const testClasses = 6

func newLoss(t *testing.T, name string, options any) Loss {
	t.Helper()
	choice, err := named.Choose(name, options)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Table.New(&choice)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ofClasses returns the loss with its default options, for testClasses where it has
// a vector for each.
func ofClasses(t *testing.T, name string) Loss {
	t.Helper()
	l := newLoss(t, name, nil)
	if l.PerClass {
		l = newLoss(t, name, map[string]int{"classes": testClasses})
	}
	return l
}

// ofOneBatch returns the losses of classes that remember nothing.
func ofOneBatch() []string {
	return slices.DeleteFunc(For(Classes), func(name string) bool { return name == "crossbatch" })
}

func randomRows(r *rand.Rand, n int) []float32 {
	rows := make([]float32, n*dim)
	for i := range rows {
		rows[i] = float32(r.NormFloat64())
	}
	return rows
}

func wide(rows []float32) [][]float64 {
	var all [][]float64
	for row := range slices.Chunk(rows, dim) {
		x := make([]float64, dim)
		for i, v := range row {
			x[i] = float64(v)
		}
		all = append(all, x)
	}
	return all
}

// TestClasses holds each loss of classes against its plain loop, and its gradients
// against central differences of that.
func TestClasses(t *testing.T) {
	labels := []int32{3, 0, 1, 0, 2, 1, 0, 4, 2, 3} // class 4 has one image
	for _, name := range ofOneBatch() {
		t.Run(name, func(t *testing.T) {
			oracle := classOracles[name]
			if oracle == nil {
				t.Fatal("no oracle")
			}
			r := rand.New(rand.NewPCG(11, 11))
			embeddings, vectors := randomRows(r, len(labels)), randomRows(r, testClasses)
			got := newObjective(t, ofClasses(t, name)).run(t, embeddings, labels, vectors)
			b := batch{wide(embeddings), labels, wide(vectors)}
			if want := oracle(b); math.Abs(got.value-want) > 1e-5*want {
				t.Errorf("loss = %v, want %v", got.value, want)
			}
			if got.active <= 0 || got.active > 1 {
				t.Errorf("active = %v", got.active)
			}
			if name == "circle" {
				fixed := batch{wide(embeddings), labels, nil}
				oracle = circleOracle(&fixed)
			}
			of := func() float64 { return oracle(b) }
			near(t, "gradient by embeddings", got.gradients[0], differences(b.embeddings, of), 1e-3)
			if len(got.gradients) > 1 {
				near(t, "gradient by vectors", got.gradients[1], differences(b.vectors, of), 1e-3)
			}
		})
	}
}

// differences returns central differences of f by each element of x.
func differences(x [][]float64, f func() float64) []float64 {
	const step = 1e-6
	var all []float64
	for _, row := range x {
		for i, at := range row {
			row[i] = at + step
			above := f()
			row[i] = at - step
			all = append(all, (above-f())/(2*step))
			row[i] = at
		}
	}
	return all
}

// near compares got with want, relative to want's largest element.
func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", what, len(got), len(want))
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= tolerance*largest) {
			t.Errorf("%s, element %d = %v, want %v (largest %v)", what, i, got[i], w, largest)
		}
	}
}

// TestNothingToCompare: without a tuple that counts the loss is 0 and moves nothing.
func TestNothingToCompare(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	for _, name := range ofOneBatch() {
		l := ofClasses(t, name)
		if l.PerClass {
			continue // each image is compared with the vectors
		}
		o := newObjective(t, l)
		for _, c := range []struct {
			name   string
			labels []int32
		}{
			{"batch of one", []int32{2}},
			{"one class", []int32{1, 1, 1}},
			{"no two of a class", []int32{0, 1, 2}},
		} {
			if name == "multisimilarity" && c.name != "batch of one" ||
				name == "npair" && c.name == "one class" {
				continue // pulls without negatives and pushes without positives; keeps norms small
			}
			got := o.run(t, randomRows(r, len(c.labels)), c.labels, nil)
			if got.value != 0 {
				t.Errorf("%s, %s: loss %v, want 0", name, c.name, got.value)
			}
			for _, g := range got.gradients[0] {
				if g != 0 {
					t.Errorf("%s, %s: gradient %v, want 0", name, c.name, g)
				}
			}
		}
	}
}

// TestDegenerate: embeddings that are alike, opposite, zero or huge give finite
// values and gradients.
func TestDegenerate(t *testing.T) {
	labels := []int32{0, 0, 1, 1}
	r := rand.New(rand.NewPCG(13, 13))
	vectors := randomRows(r, testClasses)
	alike := slices.Repeat([]float32{1}, 4*dim)
	opposite := slices.Clone(alike)
	for i := range 2 * dim {
		opposite[i] = -1
	}
	toVectors := slices.Concat(vectors[:dim], vectors[:dim], vectors[dim:2*dim], vectors[dim:2*dim])
	huge := slices.Repeat([]float32{30}, 4*dim) // dot products of 5,400
	for _, name := range ofOneBatch() {
		o := newObjective(t, ofClasses(t, name))
		for what, embeddings := range map[string][]float32{"alike": alike, "opposite": opposite,
			"zero": make([]float32, 4*dim), "on their vectors": toVectors, "huge": huge} {
			got := o.run(t, embeddings, labels, vectors)
			for _, x := range append(slices.Concat(got.gradients...), float32(got.value)) {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
					t.Errorf("%s, embeddings %s: value %v, gradients %v", name, what, got.value, got.gradients)
					break
				}
			}
		}
	}
}

// goldenLosses is testdata/golden/pml_losses.json; the script beside it documents it.
type goldenLosses struct {
	Tolerance  struct{ Relative float64 }
	Dim        int
	Labels     []int32
	Embeddings []float32
	Vectors    []float32
	Cases      []struct {
		Loss      string
		Options   map[string]any
		Value     float64
		Gradients map[string][]float64
	}
	CrossBatch struct {
		Loss    string
		Size    int
		Labels  [][]int32
		Batches [][]float32
		Values  []float64
	}
}

func readGolden(t *testing.T) goldenLosses {
	t.Helper()
	g := golden.Read[goldenLosses](t, "../../testdata/golden/pml_losses.json")
	if g.Dim != dim {
		t.Fatalf("dim %d, want %d", g.Dim, dim)
	}
	return g
}

// TestGolden holds values and gradients against those of pytorch-metric-learning.
func TestGolden(t *testing.T) {
	g := readGolden(t)
	// That library lacks bce; crossbatch has a test of its own.
	seen := map[string]bool{"bce": true, "crossbatch": true}
	for _, name := range For(Targets) { // of PyTorch itself: TestTargetsGolden
		seen[name] = true
	}
	for _, c := range g.Cases {
		seen[c.Loss] = true
		t.Run(fmt.Sprint(c.Loss, c.Options), func(t *testing.T) {
			o := newObjective(t, newLoss(t, c.Loss, c.Options), g.Labels...)
			got := o.run(t, g.Embeddings, g.Labels, g.Vectors)
			if math.Abs(got.value-c.Value) > g.Tolerance.Relative*c.Value {
				t.Errorf("loss = %v, want %v", got.value, c.Value)
			}
			near(t, "gradient by embeddings", got.gradients[0], c.Gradients["embeddings"],
				g.Tolerance.Relative)
			for _, vectors := range []string{"proxies", "classes"} {
				if want := c.Gradients[vectors]; want != nil {
					near(t, "gradient by "+vectors, got.gradients[1], want, g.Tolerance.Relative)
				}
			}
		})
	}
	for _, name := range Table.Names() {
		if !seen[name] {
			t.Errorf("loss %q has no golden case", name)
		}
	}
}
