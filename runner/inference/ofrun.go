package inference

import (
	"errors"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// ofRun is a checkpoint of a run as evaluate.Embedder. It embeds as the model that would be
// exported from it.
type ofRun struct {
	*trained.Model
	folded *network.Folded // nil: the network is too large for it
}

func openOfRun(t *trained.Model, o session.Options) (*ofRun, error) {
	folded, err := t.OpenFolded(o)
	var large *graphs.TooLargeError
	if err != nil && !errors.As(err, &large) {
		return nil, err
	}
	return &ofRun{t, folded}, nil
}

// Embed returns embeddings [N,D] of pixels [N,S,S,3] uint8 RGB.
func (m *ofRun) Embed(pixels []uint8) ([]float32, error) {
	if m.folded == nil {
		return m.Answer(pixels)
	}
	return m.folded.Embed(pixels)
}

// Close frees both forms.
func (m *ofRun) Close() error {
	if m.folded == nil {
		return m.Model.Close()
	}
	return errors.Join(m.folded.Close(), m.Model.Close())
}
