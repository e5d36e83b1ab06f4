package models

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/tfpair/tfpair/internal/session"
)

// Comparison is what a model says of two images.
type Comparison struct {
	Distance    float32  `json:"distance"` // smaller is closer
	Same        bool     `json:"same"`     // the distance is at most the model's threshold
	Probability *float32 `json:"probability,omitempty"`
}

// Compare embeds two images and compares them. Errors are those of Embed.
func (m *Model) Compare(ctx context.Context, a, b image.Image) (Comparison, error) {
	rows, err := m.Embed(ctx, a, b)
	if err != nil {
		return Comparison{}, err
	}
	list, err := m.CompareEmbeddings(ctx, rows[0], rows[1])
	if err != nil {
		return Comparison{}, err
	}
	return list[0], nil
}

// CompareEmbeddings compares the rows of left [N,D] with the same rows of right
// [N,D], row-major, both made by this model. It panics where the lengths differ or are
// no multiple of D. Errors: ErrClosed, that of ctx, and the runtime's.
func (m *Model) CompareEmbeddings(ctx context.Context, left, right []float32) ([]Comparison, error) {
	dim := m.Dim()
	if len(left) != len(right) || len(left)%dim != 0 {
		panic(fmt.Sprintf("models: %d and %d numbers are no pairs of embeddings of length %d", len(left), len(right), dim))
	}
	n := len(left) / dim
	list := make([]Comparison, n)
	if n == 0 {
		return list, ctx.Err()
	}
	return list, m.use(ctx, func() error { return m.compare(list, left, right) })
}

// fill sets list to values: distances, same, and probabilities where there are any.
func fill(list []Comparison, values []session.Value) error {
	distance, err := session.Data[float32](values[0])
	if err != nil {
		return err
	}
	same, err := session.Data[bool](values[1])
	if err != nil {
		return err
	}
	var probability []float32
	if len(values) > 2 {
		if probability, err = session.Data[float32](values[2]); err != nil {
			return err
		}
	}
	for i := range list {
		if math.IsNaN(float64(distance[i])) {
			return fmt.Errorf("distance %d is not a number: the embeddings are not finite", i)
		}
		list[i] = Comparison{Distance: distance[i], Same: same[i]}
		if probability != nil {
			list[i].Probability = &probability[i]
		}
	}
	return nil
}
