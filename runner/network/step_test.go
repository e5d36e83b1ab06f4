package network

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline"
)

const side = 16 // of the images of these tests

// drawn is a batch of six images with tuples of every kind.
func drawn(seed int) *pipeline.Batch {
	b := &pipeline.Batch{Size: side, Pixels: make([]uint8, 6*side*side*3),
		Left: []int32{0, 1, 2, 3}, Right: []int32{3, 4, 5, 4}, Same: []float32{1, 0, 1, 0},
		Anchor: []int32{0, 2}, Positive: []int32{0, 2}, Negative: []int32{1, 3},
		Labels: []int32{0, 1, 2, 0, 1, 2}, Targets: []int32{0, 1, 0}, References: []int32{3, 4, 5}}
	for i := range b.Pixels {
		b.Pixels[i] = uint8((i*i + seed*i/7) % 251)
	}
	for i := range 6 {
		b.Images = append(b.Images, int32(i))
	}
	return b
}

// TestApart: Gradients, then Apply of them, is Step to the last bit: of weights, slots,
// averages of batch norm and moving averages of weights.
func TestApart(t *testing.T) {
	const plain = "backbone={smallconv: {filters: [3], dense: 4}}"
	for _, set := range []string{
		plain,
		plain + "; loss=contrastive; optimizer={adam: {clip_norm: 0.01, weight_decay: 0.1, backbone_lr: 0.5}}; train.ema=0.9",
		plain + "; loss=contrastive; optimizer={sgd: {momentum: 0.9, nesterov: true, weight_decay: 0.1}}",
		plain + "; topology=triplet; loss=triplet; schedule=cosine",
		plain + "; topology=feature; loss=infonce; distance=cosine; target.side=shared",
		plain + "; loss.crossbatch.size=7; train.ema=0.5",
		plain + "; loss.proxyanchor.classes=3",
		"backbone={conv4: {filters: 2}}; loss=contrastive; optimizer.adam.clip_norm=0.1; train.ema=0.9",
		"backbone={conv4: {filters: 2}}; topology=triplet; loss=supcon",
	} {
		t.Run(set, func(t *testing.T) {
			whole, apart := started(t, set), started(t, set)
			for step := range 3 {
				b := drawn(step)
				want, err := whole.Step(b, step)
				if err != nil {
					t.Fatal(err)
				}
				got, gradients, err := apart.Gradients(b, step)
				if err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("step %d: update %+v, want %+v", step, got, want)
				}
				if err := apart.Apply(gradients, step); err != nil {
					t.Fatal(err)
				}
			}
			a, err := whole.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			b, err := apart.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a, b); diff != "" {
				t.Errorf("after three steps (-whole +apart):\n%.800s", diff)
			}
		})
	}
}

// started is the network of the siamese preset with settings, at its start.
func started(t *testing.T, set string) *Network {
	t.Helper()
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Set(append([]string{"input.size=16"}, strings.Split(set, "; ")...)...); err != nil {
		t.Fatal(err)
	}
	n := open(t, s)
	if err := n.Start(1); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestGradientsLeaveWeights: Gradients changes no weight, gives the same again, and has one
// gradient for each trained variable; Apply refuses others.
func TestGradientsLeaveWeights(t *testing.T) {
	n := started(t, "backbone={smallconv: {filters: [3], dense: 4}}; train.ema=0.9")
	before, err := n.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	_, first, err := n.Gradients(drawn(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := n.Gradients(drawn(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	after, err := n.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("weights moved:\n%.500s", diff)
	}
	if diff := cmp.Diff(first, again); diff != "" || len(first) != len(n.Graph.Trained) {
		t.Errorf("%d gradients of %d trained variables; again:\n%.500s", len(first), len(n.Graph.Trained), diff)
	}
	moved := slices.ContainsFunc(first[0].Data, func(x float32) bool { return x != 0 })
	if first[0].Name != "live/backbone/conv1/kernel" || !moved {
		t.Errorf("first gradient is of %q: %v", first[0].Name, first[0].Data)
	}
	if err := n.Apply(first[1:], 0); err == nil ||
		!strings.Contains(err.Error(), `apply gradients: tensor "live/backbone/conv1/kernel" is missing`) {
		t.Errorf("without one gradient: %v", err)
	}
}
