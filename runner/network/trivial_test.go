package network

import (
	"math"
	"testing"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline"
)

// TestTrivialLoss: of pairs and triplets it is known, of classes it is what alike
// embeddings cost, and learned vectors have none.
func TestTrivialLoss(t *testing.T) {
	const size = 16
	b := &pipeline.Batch{Size: size, Pixels: make([]uint8, 5*size*size*3), Labels: []int32{0, 0, 1, 1, 1}}
	const plain = "backbone={smallconv: {filters: [2], dense: 3}}"
	for _, c := range []struct {
		backbone, set string
		want          float64
	}{
		{plain, "loss=contrastive", 0.5}, // margin²/2
		{plain, "loss=supcon", math.Log(4)},
		// Each pair against the negatives of its first image: 2 pairs with 3 of them, 6 with 2.
		{plain, "loss=infonce", (2*math.Log(4) + 6*math.Log(3)) / 8},
		{plain, "loss.crossbatch.size=7", math.Log(4)},
		{plain, "loss.proxyanchor.classes=2", 0},
		{"backbone={conv4: {filters: 2}}", "loss=supcon", math.Log(4)}, // training is a network of its own
	} {
		s, err := spec.Preset(spec.DefaultPreset)
		if err != nil {
			t.Fatal(err)
		}
		s, err = s.Set("input.size=16", c.backbone, c.set)
		if err != nil {
			t.Fatal(err)
		}
		n := open(t, s)
		if err := n.Start(1); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time, nothing is remembered of the first
			got, err := n.TrivialLoss(b)
			if err != nil || math.Abs(float64(got)-c.want) > 1e-5 {
				t.Errorf("%s: trivial loss = %v, %v; want %v", c.set, got, err, c.want)
			}
		}
	}
}
