package network

import (
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
)

// fed is a value of a batch under the name of its feed.
type fed struct {
	name string
	of   func(*pipeline.Batch) session.Value
}

// rowsOf is a fed vector of whole numbers.
func rowsOf(name string, of func(*pipeline.Batch) []int32) fed {
	return fed{name, func(b *pipeline.Batch) session.Value { return session.Vector(of(b)) }}
}

// What a loss may be fed of a batch, its images apart.
var (
	labels   = rowsOf(names.Labels, func(b *pipeline.Batch) []int32 { return b.Labels })
	left     = rowsOf(names.Left, func(b *pipeline.Batch) []int32 { return b.Left })
	right    = rowsOf(names.Right, func(b *pipeline.Batch) []int32 { return b.Right })
	anchor   = rowsOf(names.Anchor, func(b *pipeline.Batch) []int32 { return b.Anchor })
	positive = rowsOf(names.Positive, func(b *pipeline.Batch) []int32 { return b.Positive })
	negative = rowsOf(names.Negative, func(b *pipeline.Batch) []int32 { return b.Negative })
	targets  = rowsOf(names.Targets, func(b *pipeline.Batch) []int32 { return b.Targets })
	photos   = rowsOf(names.Photos, func(b *pipeline.Batch) []int32 { photos, _ := rows(b); return photos })
	answers  = rowsOf(names.LabelImages, func(b *pipeline.Batch) []int32 { _, labels := rows(b); return labels })
	same     = fed{names.Same, func(b *pipeline.Batch) session.Value { return session.Vector(b.Same) }}
)

// tupleFeeds returns what the loss of n is fed of a batch.
func (n *Network) tupleFeeds() []fed {
	switch needs := n.Parts.Tuples(); {
	case needs == loss.Classes:
		return []fed{labels}
	case needs == loss.Targets && n.FrozenTargets():
		return []fed{targets, {names.References, n.references}}
	case needs == loss.Targets:
		return []fed{targets, photos, answers}
	case needs == loss.Triplets:
		return []fed{left, right, anchor, positive, negative}
	}
	return []fed{left, right, same}
}

// tupleNames returns the names of what the loss is fed.
func (n *Network) tupleNames() []string {
	list := make([]string, len(n.tuples))
	for i, f := range n.tuples {
		list[i] = f.name
	}
	return list
}

// valuesOf returns b's values for what the loss is fed.
func (n *Network) valuesOf(b *pipeline.Batch) []session.Value {
	values := make([]session.Value, 0, len(n.tuples)+3) // room for images, learning rate and step
	for _, f := range n.tuples {
		values = append(values, f.of(b))
	}
	return values
}
