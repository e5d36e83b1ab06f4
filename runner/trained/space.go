package trained

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
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
	}
	if err := json.Unmarshal(text, &sections); err != nil {
		return "", fmt.Errorf("read spec: %w", err)
	}
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
