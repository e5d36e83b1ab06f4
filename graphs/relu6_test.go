package graphs

import (
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/names"
)

// TestLean: gradients of relu6 look at what it gave, and steps move variables as those do that look at what it took, to the bit.
func TestLean(t *testing.T) {
	for _, backbone := range []string{"backbone=mobilenetv2", "backbone={efficientnet-lite0: {freeze_bn: true}}"} {
		given := open(t, mustBuild(t, small(t, "input.size=32", backbone, "distance=cosine", "loss=contrastive")))
		taken := open(t, asBuilt(t, given.Graph))
		feeds := map[string]any{names.Images: large(4), names.Left: []int32{0, 2}, names.Right: []int32{1, 3},
			names.Same: []float32{1, 0}, names.LearningRate: float32(0.01), names.Step: float32(0)}
		for range 2 {
			given.run(t, feeds, names.Train)
			taken.run(t, feeds, names.Train)
		}
		if diff := cmp.Diff(taken.values(t), given.values(t)); diff != "" {
			t.Errorf("%s: two steps differ (-of what it took +of what it gave):\n%.500s", backbone, diff)
		}
	}
}

// asBuilt returns g with gradients of relu6 as the runtime writes them. All of g's must look at what relu6 gave.
func asBuilt(t *testing.T, g *Graph) *Graph {
	t.Helper()
	def, err := decoded(g.TF)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, n := range def.All() {
		if n.Op != "Relu6Grad" {
			continue
		}
		found++
		relu := def.Node(n.Input[1])
		if relu == nil || relu.Op != "Relu6" {
			t.Fatalf("%s looks at %s, which is no relu6", n.Name, n.Input[1])
		}
		n.Input[1] = relu.Input[0]
	}
	if found == 0 {
		t.Fatal("no gradient of relu6")
	}
	whole, err := def.EncodeInOrder()
	if err != nil {
		t.Fatal(err)
	}
	copied := *g
	copied.TF = tf.NewGraph()
	if err := copied.TF.Import(whole, ""); err != nil {
		t.Fatal(err)
	}
	return &copied
}
