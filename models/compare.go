package models

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/distance"
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
//
// The distance is the one that a search finds for the same two rows, to the last digit, and
// Same agrees with Hit.Accepted where one threshold is of both: package distance computes it.
// The SavedModel's own signature "compare" computes in float32 and rounds otherwise, in the
// last digits. The probability is Manifest.Probability where there is one, which was calibrated on
// validation, at a prevalence of a half; else the graph's.
func (m *Model) CompareEmbeddings(ctx context.Context, left, right []float32) ([]Comparison, error) {
	dim := m.Dim()
	if len(left) != len(right) || len(left)%dim != 0 {
		panic(fmt.Sprintf("models: %d and %d numbers are no pairs of embeddings of length %d", len(left), len(right), dim))
	}
	list := make([]Comparison, len(left)/dim)
	if len(list) == 0 {
		return list, ctx.Err()
	}
	return list, m.use(ctx, func() error { return m.compare(list, left, right) })
}

// compare fills list.
func (m *Model) compare(list []Comparison, left, right []float32) error {
	dim, threshold, calibrated := m.Dim(), m.info.Manifest.Threshold, m.info.Manifest.Probability
	for i := range list {
		d := m.distance.Between(left[i*dim:][:dim], right[i*dim:][:dim])
		if math.IsNaN(float64(d)) {
			return fmt.Errorf("distance %d is not a number: the embeddings are not finite", i)
		}
		list[i] = Comparison{Distance: d, Same: threshold.Accepts(d)}
		if calibrated != nil {
			p := float32(calibrated.At(d, distance.EvenPrevalence))
			list[i].Probability = &p
		}
	}
	if calibrated != nil {
		return nil
	}
	probability, err := m.graphs(left, right)
	for i := range probability {
		list[i].Probability = &probability[i]
	}
	return err
}

// Probabilities returns the probability of "same" that the graph itself computes for the
// rows of left [N,D] and right [N,D], nil where it has none. It was learnt with the network,
// not calibrated. Errors: ErrClosed, that of ctx, and the runtime's.
func (m *Model) Probabilities(ctx context.Context, left, right []float32) (probability []float32, err error) {
	err = m.use(ctx, func() error {
		probability, err = m.graphs(left, right)
		return err
	})
	return probability, err
}

// graphs returns what the graph itself computes, nil where it computes none.
func (m *Model) graphs(left, right []float32) ([]float32, error) {
	if m.probable == nil || len(left) == 0 {
		return nil, nil
	}
	return m.probable(left, right)
}

// ofGraph returns what runs the comparison of the graph.
func (m *Model) ofGraph(c *calls) func(left, right []float32) ([]float32, error) {
	return func(left, right []float32) ([]float32, error) {
		rows, dim := int64(len(left)/m.Dim()), int64(m.Dim())
		values, err := c.run(session.Of(left, rows, dim), session.Of(right, rows, dim))
		if err != nil {
			return nil, err
		}
		return m.answer(values[0], names.CompareProbability, rows)
	}
}
