package trained

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
)

// Space returns the id of the embedding space that weights span in m's tower. It is
// that of the model exported from them, too.
func (m *Model) Space(weights []checkpoint.Tensor) (string, error) {
	text, err := m.Spec.JSON()
	if err != nil {
		return "", err
	}
	var sections struct { // what the tower does with its weights
		Backbone json.RawMessage `json:"backbone"`
		Head     json.RawMessage `json:"head"`
		Unit     bool            `json:"unit_length,omitempty"` // of the embeddings; earlier versions left them as they were
	}
	if err := json.Unmarshal(text, &sections); err != nil {
		return "", fmt.Errorf("read spec: %w", err)
	}
	sections.Unit = m.Parts.Unit()
	tower, err := json.Marshal(sections)
	if err != nil {
		return "", err
	}
	var ofTower []checkpoint.Tensor
	for _, t := range weights {
		room, _, _ := strings.Cut(t.Name, "/")
		if room == names.Backbone || room == names.Head {
			ofTower = append(ofTower, t)
		}
	}
	return models.Space(models.WeightsSHA256(ofTower), tower, m.Resize()), nil
}

// Answer returns the embeddings [N,D] of pixels [N,S,S,3] uint8 RGB as the exported model gives them: those of Embed,
// of length 1 where the distance is cosine.
func (m *Model) Answer(pixels []uint8) ([]float32, error) {
	rows, err := m.Embed(pixels)
	return m.unit(rows), err
}

// unit returns embeddings [N,D] of length 1 where the distance is cosine; zeros stay zeros.
func (m *Model) unit(rows []float32) []float32 {
	if !m.Parts.Unit() {
		return rows
	}
	rows = slices.Clone(rows)
	for row := range slices.Chunk(rows, m.Dim()) {
		length := m.Distance().Divisor(distance.Energy(row))
		for i, x := range row {
			row[i] = float32(float64(x) / length)
		}
	}
	return rows
}
