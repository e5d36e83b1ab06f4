//go:build interop

package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/quantize"
)

// onnxIntegers are networks whose convolutions are int8, of each kind that has rows of its own, with the least cosine
// to TensorFlow's int8. A sum is rounded once more in ONNX. MobileNetV2 has ten in a row without a relu between them, and
// random weights do not forget what is rounded.
var onnxIntegers = map[string]float64{
	"{smallconv: {filters: [8, 16], dense: 32}}":      0.999,
	"{conv4: {filters: 8, pool: average}}":            0.999,
	"{smallresnet: {depth: 8, width: 1}}":             0.999,
	"resnet50":                                        0.998,
	"{resnet50: {stride_on: 3x3, preprocess: torch}}": 0.998,
	"efficientnet-lite0":                              0.998,
	"mobilenetv2":                                     0.99,
}

// TestInteropONNXInt8: ONNX Runtime gives nearly the embeddings that TensorFlow gives, where convolutions are int8.
func TestInteropONNXInt8(t *testing.T) {
	python := interopPython(t, "onnx")
	for backbone, least := range onnxIntegers {
		t.Run(backbone, func(t *testing.T) {
			folder := t.TempDir()
			made := makeInt8(t, folder, 0, []string{"backbone=" + backbone, "head={linear: {embedding_dim: 24}}"})
			made.Cosine = least
			text, err := json.Marshal(map[string]any{"size": onnxSize, "cases": []onnxCase{made}})
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(folder, "expected.json"), text)
			write(t, filepath.Join(folder, "images.rgb"), onnxPixels())
			t.Log(command(t, python, "../testdata/interop/onnx_matrix.py", folder))
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
	done, err := quantize.Plan{Ranges: observedRanges(t, g, layers)}.Rewrite(graph, names.ServingEmbedding)
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

// observedRanges returns the ranges of layers for the images.
func observedRanges(t *testing.T, g *graphs.Inference, layers []quantize.Layer) map[string]quantize.Range {
	t.Helper()
	var keys, fetches []string
	for _, l := range layers {
		if keys, fetches = append(keys, l.Name), append(fetches, l.Output); l.Input != "" {
			keys, fetches = append(keys, quantize.InputKey(l.Name)), append(fetches, l.Input)
		}
	}
	s, err := session.Open(g.TF, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	call, err := s.Prepare([]string{names.ServingImages}, fetches, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := call.Run(session.Of(onnxPixels(), onnxImages, onnxSize, onnxSize, 3))
	if err != nil {
		t.Fatal(err)
	}
	ranges := map[string]quantize.Range{}
	for i, v := range values {
		x, err := session.Data[float32](v)
		if err != nil {
			t.Fatal(err)
		}
		var o quantize.Observed
		o.Extremes(x, int(v.Shape()[3]))
		o.Count(x, int(v.Shape()[3]))
		if ranges[keys[i]], err = o.Choose(quantize.MinMax); err != nil {
			t.Fatal(err)
		}
	}
	return ranges
}
