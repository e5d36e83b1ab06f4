package export

import (
	"encoding/json"
	"strconv"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/runner/trained"
)

// writeONNX writes the tower of m as model.onnx: images → embedding, with int8 layers where q is not nil. The weights are
// in it, whatever form the SavedModel beside it has. Errors are those of graphs.BuildFolded, and *onnx.OperationError.
func (c Config) writeONNX(p *place, m *trained.Model, g *graphs.Inference, q *quantized, weights []checkpoint.Tensor, manifest *models.Manifest) error {
	def, err := foldedDefinition(m, g, q, weights)
	if err != nil {
		return err
	}
	graph, err := graphdef.Decode(def)
	if err != nil {
		return err
	}
	metadata, err := onnxMetadata(manifest)
	if err != nil {
		return err
	}
	data, err := onnx.Encode(onnx.Contents{Graph: graph, Tool: c.Tool, Metadata: metadata,
		Input:  onnx.Port{Operation: names.ServingImages, Name: names.KeyImages},
		Output: onnx.Port{Operation: names.ServingEmbedding, Name: names.KeyEmbedding}})
	if err != nil {
		return err
	}
	return p.write(onnx.FileName, data)
}

// foldedDefinition returns the graph of m over constants, which g may be: with int8 layers where q is not nil.
func foldedDefinition(m *trained.Model, g *graphs.Inference, q *quantized, weights []checkpoint.Tensor) ([]byte, error) {
	if q != nil {
		return q.def, nil
	}
	if !g.Folded {
		var err error
		if g, err = folded(m, weights, 0); err != nil { // the tower knows no threshold
			return nil, err
		}
	}
	return definition(g)
}

// onnxMetadata is what model.onnx says of itself: what its users need of the manifest.
func onnxMetadata(m *models.Manifest) (map[string]string, error) {
	preprocessing, err := json.Marshal(m.Preprocessing)
	if err != nil {
		return nil, err
	}
	entries := map[string]string{names.MetaSpace: m.Space, names.MetaDistance: m.Distance,
		names.MetaPreprocessing: string(preprocessing)}
	if !m.Uncalibrated() {
		entries[names.MetaThreshold] = strconv.FormatFloat(m.Threshold.Value, 'g', -1, 64)
	}
	return entries, nil
}

// rewriteONNX returns the model.onnx in data with what m says in its metadata.
func rewriteONNX(data []byte, m *models.Manifest) ([]byte, error) {
	entries, err := onnxMetadata(m)
	if err != nil {
		return nil, err
	}
	return onnx.SetMetadata(data, entries)
}
