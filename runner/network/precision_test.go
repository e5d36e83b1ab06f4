package network

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
)

// bf16Nets have biases, batch norm, dropout and residual additions in what is trained.
var bf16Nets = []string{
	"backbone={smallconv: {filters: [8, 8], dense: 8}}",
	"backbone={conv4: {filters: 8}}; loss=contrastive",
	"backbone={conv4: {filters: 8, pool: gem}}; topology=triplet; loss=triplet",
	"backbone={smallresnet: {depth: 8, width: 1, dropout: 0.2}}; loss=supcon; distance=cosine",
}

// TestBF16 compares a step of bf16 with one of float32. A number of bf16 is up to 2⁻⁹ off, and so a relu or a maximum may
// choose otherwise: gradients were 5 % of their norm off in four layers and 13 % in nine. Losses were less than 1 % off. What embeds is the
// network of float32, to the bit.
func TestBF16(t *testing.T) {
	needBF16(t)
	for _, set := range bf16Nets {
		t.Run(set, func(t *testing.T) {
			full, half := started(t, set), started(t, set+"; train.precision=bf16")
			b := noisy(1)
			x, err1 := full.Embed(b.Pixels)
			y, err2 := half.Embed(b.Pixels)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(x, y); diff != "" {
				t.Errorf("embeddings (-float32 +bf16):\n%.300s", diff)
			}
			u, want, err := full.Gradients(b, 0)
			if err != nil {
				t.Fatal(err)
			}
			v, got, err := half.Gradients(b, 0)
			if err != nil {
				t.Fatal(err)
			}
			if d := math.Abs(float64(v.Loss - u.Loss)); d > 0.02*float64(u.Loss) {
				t.Errorf("loss %g, that of float32 is %g", v.Loss, u.Loss)
			}
			a, w := asOne(got)[0].Data, asOne(want)[0].Data
			if gap, size := norm(a, w), norm(w, make([]float32, len(w))); gap > 0.2*size || gap < 1e-3*size {
				t.Errorf("gradients are %g off those of float32, whose norm is %g; want 0.001 to 0.2 of it", gap, size)
			}
		})
	}
}

// TestBF16Operations: in training the convolutions and products of the backbone are of bfloat16, all that follows it is not, and
// the network that validation and exported models use has none of it.
func TestBF16Operations(t *testing.T) {
	for _, set := range append(bf16Nets, "input.size=32; backbone={mobilenetv2: {freeze: stage6}}; loss=supcon; distance=cosine") {
		t.Run(set, func(t *testing.T) {
			n := started(t, set+"; train.precision=bf16")
			computed := 0
			for _, node := range nodes(t, n.Graph.TF, names.Train) {
				inside := strings.Contains(node.Name, "training/tower/")
				switch kind := node.Attr["T"].GetType(); {
				case kind == types_go_proto.DataType_DT_BFLOAT16 && !inside && !strings.Contains(node.Name, "Gradients"):
					t.Errorf("%s %s computes in bfloat16", node.Op, node.Name)
				case inside && (node.Op == "Conv2D" || node.Op == "DepthwiseConv2dNative" || node.Op == "MatMul"):
					computed++
					if kind != types_go_proto.DataType_DT_BFLOAT16 {
						t.Errorf("%s %s computes in %v", node.Op, node.Name, kind)
					}
				}
			}
			if computed < 3 {
				t.Errorf("%d convolutions and products in training, want 3 or more", computed)
			}
			model, err := graphs.BuildInference(n.Parts, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range [][]*graphdef.Node{nodes(t, n.Graph.TF, names.Embedding), nodes(t, model.TF, names.ServingEmbedding, names.CompareDistance)} {
				for _, node := range g {
					for key, attr := range node.Attr {
						if attr.GetType() == types_go_proto.DataType_DT_BFLOAT16 {
							t.Errorf("outside of training %s %s has %s bfloat16", node.Op, node.Name, key)
						}
					}
				}
			}
		})
	}
}

// TestBF16Steps: fifty steps of bf16 learn as those of float32 do: no loss is farther from that of float32 than a tenth of the
// first one; 4.4 % of it was measured, of a loss that falls to a fortieth. A training that goes on from its middle ends with the same bits.
func TestBF16Steps(t *testing.T) {
	needBF16(t)
	const steps, set = 50, "backbone={conv4: {filters: 8}}; loss=contrastive; optimizer={sgd: {lr: 0.001}}"
	train := func(n *Network, from int) (losses []float64) {
		for step := from; step < steps; step++ {
			u, err := n.Step(noisy(uint64(step%5)), step)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, float64(u.Loss))
		}
		return losses
	}
	n, m := started(t, set+"; train.precision=bf16"), started(t, set+"; train.precision=bf16")
	full, half, farthest := train(started(t, set), 0), train(n, 0), 0.0
	for i, want := range full {
		farthest = max(farthest, math.Abs(half[i]-want)/full[0])
	}
	if farthest > 0.1 || full[steps-1] > 0.1*full[0] {
		t.Errorf("losses of bf16 are up to %g of the first loss off; those of float32 went from %g to %g", farthest, full[0], full[steps-1])
	}
	for step := range steps / 2 {
		if _, err := m.Step(noisy(uint64(step%5)), step); err != nil {
			t.Fatal(err)
		}
	}
	again := started(t, set+"; train.precision=bf16")
	if err := again.Restore(snapshot(t, m)); err != nil {
		t.Fatal(err)
	}
	train(again, steps/2)
	if diff := cmp.Diff(snapshot(t, n), snapshot(t, again)); diff != "" {
		t.Errorf("(-uninterrupted +gone on with):\n%.300s", diff)
	}
}

// nodes returns the operations that outputs need.
func nodes(t *testing.T, g *tf.Graph, outputs ...string) []*graphdef.Node {
	t.Helper()
	var text bytes.Buffer
	if _, err := g.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	whole, err := graphdef.Decode(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	list, err := whole.Needed(outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// noisy is a batch of images of noise, no two alike.
func noisy(seed uint64) *pipeline.Batch {
	b, r := sized(1, side), rand.New(rand.NewPCG(seed, 2))
	for i := range b.Pixels {
		b.Pixels[i] = uint8(r.UintN(256))
	}
	return b
}

// needBF16 skips a test where the processor has no instructions for bfloat16.
func needBF16(t *testing.T) {
	t.Helper()
	if !session.BF16() {
		t.Skipf("processor %s has no instructions for bfloat16", session.Processor())
	}
}
