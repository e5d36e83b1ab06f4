package network

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
)

// sized is drawn of images of another side.
func sized(seed, side int) *pipeline.Batch {
	b := drawn(seed)
	b.Size, b.Pixels = side, make([]uint8, 6*side*side*3)
	for i := range b.Pixels {
		b.Pixels[i] = uint8((i*i + seed*i/7) % 251)
	}
	return b
}

// joined is the images and the pairs and triplets of two batches in one.
func joined(a, b *pipeline.Batch) *pipeline.Batch {
	shifted := func(list []int32, by int) []int32 {
		var moved []int32
		for _, i := range list {
			moved = append(moved, i+int32(by))
		}
		return moved
	}
	images, pairs := len(a.Images), len(a.Left)
	return &pipeline.Batch{Size: a.Size, Pixels: append(append([]uint8{}, a.Pixels...), b.Pixels...),
		Images:   append(append([]int32{}, a.Images...), shifted(b.Images, images)...),
		Labels:   append(append([]int32{}, a.Labels...), b.Labels...),
		Left:     append(append([]int32{}, a.Left...), shifted(b.Left, images)...),
		Right:    append(append([]int32{}, a.Right...), shifted(b.Right, images)...),
		Same:     append(append([]float32{}, a.Same...), b.Same...),
		Anchor:   append(append([]int32{}, a.Anchor...), shifted(b.Anchor, images)...),
		Positive: append(append([]int32{}, a.Positive...), shifted(b.Positive, pairs)...),
		Negative: append(append([]int32{}, a.Negative...), shifted(b.Negative, pairs)...)}
}

// zero is what is a rounded 0, in shares of the norm of all: the gradient of a bias that no distance sees.
const zero = 1e-6

// farther says which tensors of got are farther from want than a share of the norm of want's, and than a
// rounded 0.
func farther(t *testing.T, what string, got, want []checkpoint.Tensor, share float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d tensors, want %d", what, len(got), len(want))
	}
	all := 0.0
	for _, w := range want {
		all = math.Hypot(all, norm(w.Data, make([]float32, len(w.Data))))
	}
	for i, w := range want {
		gap, size := norm(got[i].Data, w.Data), norm(w.Data, make([]float32, len(w.Data)))
		if got[i].Name != w.Name || !(gap <= max(share*size, zero*all)) {
			t.Errorf("%s: %s is %g off, its norm is %g", what, w.Name, gap, size)
		}
	}
}

// norm returns ‖a-b‖.
func norm(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		d := float64(x) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

// TestChunks: the gradients of a batch that is embedded two or four images at a time are those of the
// batch, of the tower and of what the loss learns, within 1e-5 of each one's norm; and so are three steps of it, with
// all that they move.
func TestChunks(t *testing.T) {
	const plain = "backbone={smallconv: {filters: [3], dense: 4}}"
	for set, side := range map[string]int{
		plain: 16,
		plain + "; head={mlp: {embedding_dim: 3, hidden: 5, batch_norm: false}}; loss=contrastive; train.ema=0.9":       16,
		plain + "; topology=triplet; loss=triplet":                                                                      16,
		plain + "; topology=triplet; loss=triplet; loss.triplet.reduction=nonzero; miner=hard":                          16,
		plain + "; topology=feature; loss=infonce; distance=cosine; target.side=shared":                                 16,
		plain + "; loss=supcon; distance=cosine; embed.views=flip":                                                      16,
		plain + "; loss.crossbatch.size=7":                                                                              16,
		plain + "; loss.proxyanchor.classes=3; head={linear: {embedding_dim: 4}}":                                       16,
		"input.size=32; backbone={efficientnet-lite0: {freeze: stage7, freeze_bn: true}}; loss=supcon; distance=cosine": 32,
	} {
		for _, chunk := range []string{"2", "4"} {
			t.Run(chunk+" "+set, func(t *testing.T) {
				set := set + "; optimizer={sgd: {lr: 0.01, momentum: 0.5}}"
				whole, chunked := started(t, set), started(t, set+"; train.chunk="+chunk)
				for step := range 3 {
					b := sized(step, side)
					want, wanted, err := whole.Gradients(b, step)
					if err != nil {
						t.Fatal(err)
					}
					got, gradients, err := chunked.Gradients(b, step)
					if err != nil {
						t.Fatal(err)
					}
					if d := math.Abs(float64(got.Loss - want.Loss)); d > 1e-5*float64(want.Loss) || got.Active != want.Active {
						t.Errorf("step %d: update %+v, want %+v", step, got, want)
					}
					farther(t, "gradient", gradients, wanted, 1e-5)
					if err := whole.Apply(wanted, step); err != nil {
						t.Fatal(err)
					}
					if err := chunked.Apply(gradients, step); err != nil {
						t.Fatal(err)
					}
				}
				a, b := snapshot(t, whole), snapshot(t, chunked)
				farther(t, "variable", b.Variables, a.Variables, 1e-5)
				farther(t, "slot", b.Optimizer, a.Optimizer, 1e-4) // of differences of gradients
			})
		}
	}
}

func snapshot(t *testing.T, n *Network) *checkpoint.Checkpoint {
	t.Helper()
	c, err := n.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSmallBatch: a batch that is no larger than a chunk is a plain step, to the last bit.
func TestSmallBatch(t *testing.T) {
	const set = "backbone={conv4: {filters: 2}}; loss=contrastive"
	a, b := started(t, set), started(t, set+"; train.chunk=6")
	for step := range 2 {
		for _, n := range []*Network{a, b} {
			if _, err := n.Step(drawn(step), step); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(snapshot(t, a), snapshot(t, b)); diff != "" {
		t.Errorf("(-plain +chunk):\n%.500s", diff)
	}
}

// TestAccumulate: two batches of pairs, or of triplets, are a step of all of them.
func TestAccumulate(t *testing.T) {
	const plain = "backbone={smallconv: {filters: [3], dense: 4}}"
	for _, set := range []string{plain, plain + "; loss=contrastive; train.ema=0.9", plain + "; topology=triplet; loss=triplet"} {
		t.Run(set, func(t *testing.T) {
			set := set + "; optimizer={sgd: {lr: 0.01, momentum: 0.5}}"
			whole, parts := started(t, set), started(t, set+"; train.accumulate=2")
			for step := range 2 {
				a, b := drawn(2*step), drawn(2*step+1)
				b.Left, b.Right, b.Same = b.Left[:3], b.Right[:3], b.Same[:3] // fewer tuples than a
				b.Anchor, b.Positive, b.Negative = b.Anchor[:1], b.Positive[:1], b.Negative[:1]
				want, err := whole.Step(joined(a, b), step)
				if err != nil {
					t.Fatal(err)
				}
				if _, done, err := parts.Accumulate(a, step); err != nil || done {
					t.Fatalf("after the first batch: done %v, %v", done, err)
				}
				got, done, err := parts.Accumulate(b, step)
				if err != nil || !done {
					t.Fatalf("after the second batch: done %v, %v", done, err)
				}
				if d := math.Abs(float64(got.Loss - want.Loss)); d > 1e-5*float64(want.Loss) ||
					math.Abs(float64(got.Active-want.Active)) > 1e-6 {
					t.Errorf("step %d: update %+v, want %+v", step, got, want)
				}
			}
			a, b := snapshot(t, whole), snapshot(t, parts)
			farther(t, "variable", b.Variables, a.Variables, 1e-5)
			farther(t, "slot", b.Optimizer, a.Optimizer, 1e-4)
		})
	}
}

// TestChunksOfNorm: batch norm sees a chunk at a time. With pairs within chunks, a batch of two chunks is
// two batches whose gradients are added up, the averages of batch norm included.
func TestChunksOfNorm(t *testing.T) {
	const set = "backbone={conv4: {filters: 2}}; head={mlp: {embedding_dim: 3, hidden: 4}}; loss=contrastive; optimizer={sgd: {lr: 0.01}}"
	parts, chunked := started(t, set+"; train.accumulate=2"), started(t, set+"; train.chunk=6")
	a, b := drawn(0), drawn(1)
	if _, err := chunked.Step(joined(a, b), 0); err != nil {
		t.Fatal(err)
	}
	for _, part := range []*pipeline.Batch{a, b} {
		if _, _, err := parts.Accumulate(part, 0); err != nil {
			t.Fatal(err)
		}
	}
	farther(t, "variable", snapshot(t, chunked).Variables, snapshot(t, parts).Variables, 1e-5)
}
