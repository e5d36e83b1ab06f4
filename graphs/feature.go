package graphs

import (
	"fmt"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

var feature = named.Row[topology]{
	Brief: "photos and label images: a photo is to be where the picture that stands for it is",
	Paper: "Frome et al., DeViSE: A Deep Visual-Semantic Embedding Model, 2013, with images for words",
	New: func(named.Raw) (topology, error) {
		return topology{gives: loss.Targets, inputs: photoInputs}, nil
	},
}

// photoInputs adds photos [M,D], references [R,D], the embeddings of label images, and
// the target [M,D] of each photo, one of the references. Where the target side is
// frozen, references are fed and all images are photos. The distance of pairs is there
// for evaluation alone.
func photoInputs(a *assembly) loss.In {
	a.compare()
	targets := feed(a.root, names.Targets, tf.Int32, tf.MakeShape(-1))
	in := loss.In{Embeddings: a.training.embedding, Labels: targets}
	if a.parts.Spec.Target.Side == spec.FrozenTargets {
		dim := int64(a.graph.EmbeddingDim)
		in.References = feed(a.root, names.References, tf.Float, tf.MakeShape(-1, dim))
		in.ReferenceLabels = a.rows("references", in.References)
	} else {
		photos := feed(a.root, names.Photos, tf.Int32, tf.MakeShape(-1))
		labelImages := feed(a.root, names.LabelImages, tf.Int32, tf.MakeShape(-1))
		in.Embeddings = gather(a.root.SubScope("gather_photos"), a.training.embedding, photos)
		in.References = fetch(a.root, names.References,
			gather(a.root.SubScope("gather_references"), a.training.embedding, labelImages))
		in.ReferenceLabels = a.rows("label_images", labelImages)
	}
	in.Targets = gather(a.root.SubScope("gather_targets"), in.References, targets)
	in.Comparable = every(a.root.SubScope("comparable"), targets, in.ReferenceLabels)
	return in
}

// rows adds 0, 1, … for the rows of x [N,…], which must be fed: [N] int32.
func (a *assembly) rows(scope string, x tf.Output) tf.Output {
	s := a.root.SubScope("rows").SubScope(scope)
	shape := op.Shape(s.SubScope("shape"), x)
	first, step := tg.Const(s.SubScope("first"), int32(0)), tg.Const(s.SubScope("step"), int32(1))
	n := op.GatherV2(s.SubScope("count"), shape, first, tg.Const(s.SubScope("axis"), int32(0)))
	return op.Range(s.SubScope("range"), first, n, step)
}

// every adds true for each of x [M] with each of y [R]: [M,R].
func every(s *op.Scope, x, y tf.Output) tf.Output {
	column := op.ExpandDims(s.SubScope("column"), x, tg.Const(s.SubScope("axis"), int32(1)))
	return op.LogicalOr(s.SubScope("either"), op.Equal(s.SubScope("equal"), column, y),
		op.NotEqual(s.SubScope("different"), column, y))
}

// fillTarget fills in the defaults of the section target. Only topology "feature" has one.
func (p *Parts) fillTarget() error {
	s := p.Spec
	if p.topology.gives != loss.Targets {
		if s.Target != (spec.Target{}) {
			return fmt.Errorf("target says what embeds label images, topology %q has none: "+
				"set topology to %s, or leave target out", s.Topology,
				strings.Join(giving(loss.Targets), " or "))
		}
		return nil
	}
	if s.Target.Side == "" {
		s.Target.Side = spec.FrozenTargets
	}
	if s.Target.Resize == "" {
		s.Target.Resize = s.Input.Resize
	}
	return nil
}

// fitTarget says why the target side and the loss do not go together, or nil.
func (p *Parts) fitTarget() error {
	s := p.Spec
	switch {
	case s.Target.Side == spec.FrozenTargets && s.Target.Augment:
		return fmt.Errorf("target.augment changes label images in each step, target.side=%s embeds "+
			"them once: set target.side to %s, or target.augment to false", spec.FrozenTargets, spec.SharedTargets)
	case s.Target.Side == spec.SharedTargets && p.Loss.Needs == loss.Targets:
		return fmt.Errorf("loss %q is smallest where all embeddings are alike, and a trained target "+
			"side goes there: set target.side to %s, or loss to one of %s", s.Loss.Name, spec.FrozenTargets,
			strings.Join(loss.ForReferences(), ", "))
	}
	return nil
}

// targetNotes says what a frozen target side may not know.
func (p *Parts) targetNotes() []string {
	s := p.Spec
	if s.Target.Side != spec.FrozenTargets || s.Head.Name == "none" || p.Head.Fit != nil {
		return nil
	}
	return []string{fmt.Sprintf("head %q starts from random values, so that frozen targets are a "+
		"random projection of the backbone's features: target.side=%s trains both sides",
		s.Head.Name, spec.SharedTargets)}
}
