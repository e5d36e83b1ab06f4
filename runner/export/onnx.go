package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/runner/trained"
)

// writeONNX writes the tower of m as model.onnx: images → embedding, the weights in it, whatever form the
// SavedModel beside it has. Errors are those of graphs.BuildFolded, and *onnx.OperationError.
func (c Config) writeONNX(p *place, m *trained.Model, weights []checkpoint.Tensor, manifest *models.Manifest) error {
	values := make(map[string][]float32, len(weights))
	for _, w := range weights {
		values[w.Name] = w.Data
	}
	folded, err := graphs.BuildFolded(m.Parts, values, manifest.Threshold.Value)
	if err != nil {
		return err
	}
	var def bytes.Buffer
	if _, err := folded.TF.WriteTo(&def); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	graph, err := graphdef.Decode(def.Bytes())
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
