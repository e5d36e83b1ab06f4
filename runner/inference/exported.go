package inference

import (
	"context"

	"github.com/tfpair/tfpair/models"
)

// exported is an exported model as evaluate.Embedder.
type exported struct{ *models.Model }

// Embed returns embeddings [N,D] of pixels [N,S,S,3] uint8 RGB.
func (m exported) Embed(pixels []uint8) ([]float32, error) {
	return m.EmbedPixels(context.Background(), pixels)
}

// Compare returns distances [M], and probabilities [M] of the graph or nil, of pairs of rows of
// embeddings [N,D].
func (m exported) Compare(embeddings []float32, left, right []int32) (
	distance, probability []float32, err error) {
	leftRows, rightRows := m.rows(embeddings, left), m.rows(embeddings, right)
	list, err := m.CompareEmbeddings(context.Background(), leftRows, rightRows)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range list {
		distance = append(distance, c.Distance)
	}
	probability, err = m.Probabilities(context.Background(), leftRows, rightRows)
	return distance, probability, err
}

// rows returns the given rows of embeddings [N,D], one after another.
func (m exported) rows(embeddings []float32, rows []int32) []float32 {
	dim := m.Dim()
	list := make([]float32, 0, len(rows)*dim)
	for _, r := range rows {
		list = append(list, embeddings[int(r)*dim:(int(r)+1)*dim]...)
	}
	return list
}
