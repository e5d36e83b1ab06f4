//go:build interop

package cli

import (
	"bytes"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/quantize"
)

// onnxIntegers is the least mean cosine between the embeddings of both engines, where convolutions are int8: the same mean that
// an export measures of int8 and float32. Engines cannot be nearer. Each rounds biases and halves its own way, which in
// MobileNetV2 makes 0.1 % of the numbers of the first layer other integers. Random weights forget nothing of that: ten layers
// later a third of the numbers are others. Without the second rounding before sums the cosines are the same.
const onnxIntegers = 0.995

// TestInteropONNXInt8: ONNX Runtime gives nearly the embeddings that TensorFlow gives, where convolutions are int8, by every
// backbone under every head.
func TestInteropONNXInt8(t *testing.T) {
	python := interopPython(t, "onnx")
	for _, name := range backbone.Table.Names() {
		t.Run(name, func(t *testing.T) {
			folder, cases := t.TempDir(), []onnxCase{}
			for i, settings := range onnxSettings(t, onnxBackbones[name]) {
				made := makeInt8(t, folder, uint64(i), settings)
				made.Cosine = onnxIntegers
				cases = append(cases, made)
			}
			compareONNX(t, python, folder, cases)
		})
	}
}

// makeInt8 is makeONNX of a graph whose convolutions are int8, in the ranges that they have for the images.
func makeInt8(t *testing.T, folder string, seed uint64, settings []string) onnxCase {
	t.Helper()
	g := onnxGraph(t, seed, settings)
	graph := decodeGraph(t, g.TF)
	layers, err := quantize.Find(graph, names.ServingEmbedding)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := quantize.NewPlan(observed(t, g, layers), quantize.MinMax)
	if err != nil {
		t.Fatal(err)
	}
	done, err := plan.Rewrite(graph, names.ServingEmbedding)
	if err != nil {
		t.Fatalf("%q: %v", settings, err)
	}
	t.Logf("%q: %d of %d layers are int8", settings, len(done), len(layers))
	def, err := graph.Encode(names.ServingEmbedding)
	if err != nil {
		t.Fatal(err)
	}
	integers := &graphs.Inference{TF: tf.NewGraph(), EmbeddingDim: g.EmbeddingDim}
	if err := integers.TF.Import(def, ""); err != nil {
		t.Fatal(err)
	}
	return writeONNX(t, folder, seed, settings, graph, integers)
}

func decodeGraph(t *testing.T, g *tf.Graph) *graphdef.Graph {
	t.Helper()
	var def bytes.Buffer
	if _, err := g.WriteTo(&def); err != nil {
		t.Fatal(err)
	}
	graph, err := graphdef.Decode(def.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return graph
}

// observed returns what is seen of the tensors of layers for the images.
func observed(t *testing.T, g *graphs.Inference, layers []quantize.Layer) map[string]*quantize.Observed {
	t.Helper()
	s, err := session.Open(g.TF, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	keys, tensors := quantize.Watched(layers)
	call, err := s.Prepare([]string{names.ServingImages}, tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := call.Run(session.Of(onnxPixels(), onnxImages, onnxSize, onnxSize, 3))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]*quantize.Observed{}
	for i, v := range values {
		x, err := session.Data[float32](v)
		if err != nil {
			t.Fatal(err)
		}
		seen[keys[i]] = &quantize.Observed{}
		seen[keys[i]].Widen(x, v.Shape())
	}
	quantize.Level(layers, seen)
	return seen
}
