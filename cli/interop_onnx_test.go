//go:build interop

package cli

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/onnx"
)

// What the models of TestInteropONNX embed.
const (
	onnxSize   = 32
	onnxImages = 6
)

// onnxBackbones are the forms of each backbone, as settings: every option that changes its operations.
var onnxBackbones = map[string][]string{
	"concat":             {"{concat: {of: [efficientnet-lite0, mobilenetv2]}}", "{concat: {of: [efficientnet-lite0, mobilenetv2], sizes: [32, 40]}}"},
	"conv4":              {"{conv4: {filters: 8}}", "{conv4: {filters: 8, pool: average}}", "{conv4: {filters: 8, pool: gem}}"},
	"ensemble":           {"{ensemble: {of: [{network: {conv4: {filters: 8}}, size: 24}, {network: mobilenetv2, embedding_dim: 8}]}}"},
	"efficientnet-lite0": {"efficientnet-lite0", "{efficientnet-lite0: {freeze: stage2, pool: gem}}"},
	"efficientnet-lite1": {"efficientnet-lite1"},
	"efficientnet-lite2": {"efficientnet-lite2"},
	"mobilenetv2":        {"mobilenetv2"},
	"resnet50": {"resnet50", "{resnet50: {stride_on: 3x3, preprocess: torch}}",
		"{resnet50: {preprocess: tf, freeze: all, pool: gem}}"},
	"smallconv":   {"{smallconv: {filters: [8, 16], dense: 32}}", "{smallconv: {filters: [8], kernel: 4, dense: 32}}"},
	"smallresnet": {"{smallresnet: {depth: 8, width: 1}}"},
}

// onnxHeads are the forms of each head, likewise.
var onnxHeads = map[string][]string{
	"none":   {"none"},
	"linear": {"{linear: {embedding_dim: 24}}"},
	"mlp":    {"{mlp: {embedding_dim: 24, hidden: 40}}", "{mlp: {embedding_dim: 24, hidden: 40, batch_norm: false}}"},
	"whiten": {"{whiten: {embedding_dim: 24}}"},
}

// onnxCase is a model in a folder, and what TensorFlow makes of the images beside it.
type onnxCase struct {
	File       string      `json:"file"`
	Settings   []string    `json:"settings"`
	Embeddings [][]float32 `json:"embeddings"`
	Cosine     float64     `json:"cosine,omitempty"` // least, with integers; 0: numbers are equal but for rounding
}

// TestInteropONNX: ONNX Runtime gives the embeddings that TensorFlow gives, by every backbone under every head.
func TestInteropONNX(t *testing.T) {
	python := interopPython(t, "onnx")
	for _, name := range backbone.Table.Names() {
		if len(onnxBackbones[name]) == 0 {
			t.Errorf("backbone %q is not compared", name)
		}
		t.Run(name, func(t *testing.T) {
			folder, cases := t.TempDir(), []onnxCase{}
			for i, settings := range onnxSettings(t, onnxBackbones[name]) {
				cases = append(cases, makeONNX(t, folder, uint64(i), settings))
			}
			compareONNX(t, python, folder, cases)
		})
	}
}

// compareONNX has ONNX Runtime run the models in folder.
func compareONNX(t *testing.T, python, folder string, cases []onnxCase) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"size": onnxSize, "cases": cases})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "expected.json"), text)
	write(t, filepath.Join(folder, "images.rgb"), onnxPixels())
	t.Log(command(t, python, "../testdata/interop/onnx_matrix.py", folder))
}

// TestInteropONNXPage: docs/export.md shows how ONNX Runtime uses an exported model.onnx, and it gives what Go gives.
func TestInteropONNXPage(t *testing.T) {
	python := interopPython(t, "onnx")
	eachInteropModel(t, func(t *testing.T, folder string, _ expected) {
		t.Log(command(t, python, "../testdata/interop/onnx_page.py", "../docs/export.md", folder))
	})
}

// onnxSettings returns the models to compare: the first form of a backbone under every head, and its others
// under one; and an embedding of two views.
func onnxSettings(t *testing.T, backbones []string) (list [][]string) {
	t.Helper()
	if strings.HasPrefix(backbones[0], "{ensemble") { // it has heads of its own
		alone := []string{"backbone=" + backbones[0], "head=none", "distance=cosine", "train.steps=1"}
		return [][]string{alone, append(slices.Clone(alone), "embed.views=flip")}
	}
	for i, form := range backbones {
		for _, name := range head.Table.Names() {
			if len(onnxHeads[name]) == 0 {
				t.Errorf("head %q is not compared", name)
			}
			for _, form2 := range onnxHeads[name] {
				if i == 0 || name == "linear" {
					list = append(list, []string{"backbone=" + form, "head=" + form2})
				}
			}
		}
	}
	return append(list, []string{"backbone=" + backbones[0], "head=none", "distance=cosine", "embed.views=flip"})
}

func onnxPixels() []uint8 {
	pixels, random := make([]uint8, onnxImages*onnxSize*onnxSize*3), rand.New(rand.NewPCG(1, 2))
	for i := range pixels {
		pixels[i] = uint8(random.IntN(256))
	}
	return pixels
}

// makeONNX writes a model of random weights into folder, and embeds by its graph.
func makeONNX(t *testing.T, folder string, seed uint64, settings []string) onnxCase {
	t.Helper()
	g := onnxGraph(t, seed, settings)
	return writeONNX(t, folder, seed, settings, decodeGraph(t, g.TF), g)
}

// writeONNX writes graph into folder, and embeds by g, which is the same.
func writeONNX(t *testing.T, folder string, seed uint64, settings []string, graph *graphdef.Graph, g *graphs.Inference) onnxCase {
	t.Helper()
	data, err := onnx.Encode(onnx.Contents{Graph: graph, Input: onnx.Port{Operation: names.ServingImages, Name: names.KeyImages},
		Output: onnx.Port{Operation: names.ServingEmbedding, Name: names.KeyEmbedding}, Tool: "test"})
	if err != nil {
		t.Fatalf("%q: %v", settings, err)
	}
	c := onnxCase{File: string(rune('a'+seed)) + ".onnx", Settings: settings, Embeddings: onnxEmbeddings(t, g)}
	write(t, filepath.Join(folder, c.File), data)
	return c
}

func onnxGraph(t *testing.T, seed uint64, settings []string) *graphs.Inference {
	t.Helper()
	if err := session.Ready(session.Options{}); err != nil {
		t.Fatal(err)
	}
	s, err := spec.Preset(spec.DefaultPreset)
	if err == nil {
		s, err = s.Set(append([]string{"input.size=32", "loss=contrastive", "train.steps=0"}, settings...)...)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := graphs.Resolve(s)
	if err != nil {
		t.Fatalf("%q: %v", settings, err)
	}
	variables, err := graphs.BuildInference(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	weights, random := map[string][]float32{}, rand.New(rand.NewPCG(seed, 7))
	for _, v := range variables.Variables {
		weights[v.Key] = onnxWeights(random, v.Key, v.Shape)
	}
	g, err := graphs.BuildFolded(p, weights, 0)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// onnxWeights draws what keeps numbers of all layers near 1, and batch norm away from what it starts with.
func onnxWeights(random *rand.Rand, key string, shape []int64) []float32 {
	all, inputs := int64(1), int64(1)
	for i, n := range shape {
		all *= n
		if i < len(shape)-1 {
			inputs *= n
		}
	}
	if strings.Contains(key, "depthwise") {
		inputs = shape[0] * shape[0]
	}
	mean, deviation := 0.0, 0.1
	switch {
	case strings.HasSuffix(key, "/kernel"):
		deviation = math.Sqrt(2 / float64(inputs))
	case strings.HasSuffix(key, "/gamma"), strings.HasSuffix(key, "/moving_variance"):
		mean = 1
	case strings.HasSuffix(key, "/"+names.Power):
		mean = 3
	}
	values := make([]float32, all)
	for i := range values {
		values[i] = float32(mean + deviation*random.NormFloat64())
	}
	return values
}

// onnxEmbeddings are those of the graph itself.
func onnxEmbeddings(t *testing.T, g *graphs.Inference) [][]float32 {
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
	call, err := s.Prepare([]string{names.ServingImages}, []string{names.ServingEmbedding}, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := call.Run(session.Of(onnxPixels(), onnxImages, onnxSize, onnxSize, 3))
	if err != nil {
		t.Fatal(err)
	}
	all, err := session.Data[float32](values[0])
	if err != nil {
		t.Fatal(err)
	}
	var list [][]float32
	for i := range onnxImages {
		list = append(list, all[i*g.EmbeddingDim:(i+1)*g.EmbeddingDim])
	}
	return list
}
