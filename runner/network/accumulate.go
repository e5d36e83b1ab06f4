package network

import (
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
)

// accumulated is the sum of the gradients of some batches, each times its tuples.
type accumulated struct {
	batches, tuples int
	gradients       []checkpoint.Tensor
	loss, active    float64 // likewise
}

// tuplesIn returns over how many tuples of b its loss is the mean.
func (n *Network) tuplesIn(b *pipeline.Batch) int {
	switch n.Parts.Tuples() {
	case loss.Triplets:
		return len(b.Anchor)
	case loss.Targets:
		return len(b.Targets)
	}
	return len(b.Left)
}

// Accumulate takes one more batch of an update, which it makes with the last of train.accumulate batches:
// done is true then, and the update is that of one batch of all their tuples, but that batch norm sees each
// by itself.
func (n *Network) Accumulate(b *pipeline.Batch, step int) (u Update, done bool, err error) {
	one, gradients, err := n.Gradients(b, step)
	if err != nil {
		return Update{}, false, err
	}
	s, tuples := &n.sum, n.tuplesIn(b)
	if s.gradients == nil {
		s.gradients = n.noGradients()
	}
	for i, g := range gradients {
		addTo(s.gradients[i].Data, g.Data, float32(tuples))
	}
	s.batches, s.tuples = s.batches+1, s.tuples+tuples
	s.loss += float64(one.Loss) * float64(tuples)
	s.active += float64(one.Active) * float64(tuples)
	if s.batches < n.Parts.Spec.Train.Accumulate {
		return Update{}, false, nil
	}
	all := float64(max(s.tuples, 1))
	for _, g := range s.gradients {
		for i := range g.Data {
			g.Data[i] = float32(float64(g.Data[i]) / all)
		}
	}
	u = Update{Loss: float32(s.loss / all), Active: float32(s.active / all)}
	err = n.Apply(s.gradients, step)
	n.sum = accumulated{}
	return u, true, err
}
