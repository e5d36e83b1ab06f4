package graphs

import (
	"fmt"
	"slices"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/miner"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

// topology is the shape of a graph: what follows the embedding.
type topology struct {
	gives  loss.Needs                // of the tuples in a batch
	inputs func(a *assembly) loss.In // adds the graph up to what the loss reads
}

// Topologies lists every topology. A new one is a new file here and a new row.
var Topologies = named.Table[topology]{Kind: "topology", Rows: map[string]named.Row[topology]{
	"feature": feature,
	"siamese": siamese,
	"triplet": triplet,
}}

// Tuples returns what a batch must hold for the loss to read.
func (p *Parts) Tuples() loss.Needs {
	if p.topology.gives == loss.Targets {
		return loss.Targets
	}
	return p.Loss.Needs
}

// fit says why parts do not go together, or nil.
func (p *Parts) fit() error {
	for _, misfit := range []func() error{p.fitLoss, p.fitMiner, p.fitTarget, p.fitEnsemble, p.fitTrained, p.fitViews, p.fitAccumulate, p.fitSync} {
		if err := misfit(); err != nil {
			return err
		}
	}
	return nil
}

// fitLoss says why topology and loss do not go together, or nil.
func (p *Parts) fitLoss() error {
	s, needs, gives := p.Spec, p.Loss.Needs, p.topology.gives
	ofClasses := loss.For(loss.Classes)
	if gives == loss.Targets {
		ofClasses = loss.ForReferences()
	}
	able := strings.Join(append(loss.For(gives), ofClasses...), ", ")
	switch {
	case needs == gives:
		return nil
	case needs == loss.Classes && (gives != loss.Targets || p.Loss.References):
		return nil
	case needs == loss.Classes:
		return fmt.Errorf("loss %q does not compare images with label images, as topology %q has it: "+
			"set loss to one of %s", s.Loss.Name, s.Topology, able)
	}
	return fmt.Errorf("loss %q needs %s, topology %q gives %s: set topology to %s, or loss to one of %s",
		s.Loss.Name, needs, s.Topology, gives, strings.Join(giving(needs), " or "), able)
}

// fitTrained says that nothing is trained, or nil.
func (p *Parts) fitTrained() error {
	s := p.Spec
	if s.Train.Steps == 0 || p.Backbone.Members != nil || !p.untrained() || p.Loss.Logit != nil || p.Loss.PerClass {
		return nil
	}
	thaw := fmt.Sprintf("backbone.%s.freeze to none, ", s.Backbone.Name)
	if p.Backbone.Towers != nil { // which are always frozen
		thaw = ""
	}
	return fmt.Errorf("nothing to train: backbone %q is frozen and head %q has no weights to train: "+
		"set train.steps to 0, %sor head to linear", s.Backbone.Name, s.Head.Name, thaw)
}

// untrained reports whether no step changes the embedding.
func (p *Parts) untrained() bool { return p.Backbone.AllFrozen && !p.Head.Trained }

// fitMiner says why miner and loss do not go together, or nil.
func (p *Parts) fitMiner() error {
	s, needs := p.Spec, p.Loss.Needs
	if needs != loss.Triplets && s.Miner.Name != miner.Every {
		return fmt.Errorf("miner %q chooses triplets, loss %q needs %s: "+
			"set miner to %s, or loss to one of %s",
			s.Miner.Name, s.Loss.Name, needs, miner.Every, strings.Join(loss.For(loss.Triplets), ", "))
	}
	if s.Miner.Name == miner.Relative && s.Distance.Name != "cosine" {
		return fmt.Errorf("miner %q compares similarities, which distance %q does not give: set distance to cosine",
			s.Miner.Name, s.Distance.Name)
	}
	return nil
}

// notes says what works, but not as well as it could.
func (p *Parts) notes() []string {
	s, notes := p.Spec, slices.Concat(p.targetNotes(), p.chunkNotes(), p.precisionNotes())
	if !p.Loss.Cosine || s.Distance.Name == "cosine" {
		return notes
	}
	return append(notes, fmt.Sprintf("loss %q compares directions, distance %q lengths as well: "+
		"distance=cosine measures what is trained", s.Loss.Name, s.Distance.Name))
}

// giving returns the names of the topologies that give what a loss needs.
func giving(needs loss.Needs) []string {
	var list []string
	for _, name := range Topologies.Names() {
		if t, err := Topologies.New(&named.Choice{Name: name}); err == nil && t.gives == needs {
			list = append(list, name)
		}
	}
	return list
}

// lose adds the loss per tuple, and the probability of "same" where the loss has one.
func (a *assembly) lose(in loss.In) (values, valid tf.Output) {
	scope := a.root.SubScope("objective")
	if a.parts.Loss.Logit != nil {
		in.Logit = a.logit(a.inference, a.distance)
		fetch(a.root, names.Probability, op.Sigmoid(scope.SubScope("sigmoid"), in.Logit))
		a.graph.Probable = true
		if a.twice() {
			in.Logit = a.logit(a.training, in.Distance)
		}
	}
	return a.parts.Loss.Build(scope.SubScope("loss"), a.trained.Sub(names.Objective).Paced(a.parts.Optimizer.ProxyLR).Free(), in)
}

// logit adds the log-odds of "same" at distance [M] float32: [M].
func (a *assembly) logit(n network, distance tf.Output) tf.Output {
	return a.parts.Loss.Logit(n.scope.SubScope("logit"), n.variables.Sub(names.LossScope), distance)
}

// inputs adds the graph up to what the loss reads: tuples as the topology makes
// them, or the images themselves with their classes.
func (a *assembly) inputs() loss.In {
	if a.parts.Tuples() != loss.Classes {
		return a.parts.topology.inputs(a)
	}
	labels := feed(a.root, names.Labels, tf.Int32, tf.MakeShape(-1))
	return loss.In{Distance: a.compare(), Embeddings: a.training.embedding, Labels: labels,
		References: a.training.embedding, ReferenceLabels: labels, Comparable: a.others(labels)}
}

// others adds which images an image may be compared with, all but itself: [N,N] bool.
// It counts labels [N] and not embeddings, behind which every operation would need a
// gradient.
func (a *assembly) others(labels tf.Output) tf.Output {
	s := a.root.SubScope("others")
	first, step := tg.Const(s.SubScope("first"), int32(0)), tg.Const(s.SubScope("step"), int32(1))
	rows := op.Range(s.SubScope("rows"), first, a.count(labels), step)
	column := op.ExpandDims(s.SubScope("column"), rows, tg.Const(s.SubScope("axis"), int32(1)))
	return op.NotEqual(s.SubScope("different"), column, rows)
}

// gather adds the rows of x [N,…] at index [M] int32: [M,…].
func gather(s *op.Scope, x, index tf.Output) tf.Output {
	return op.GatherV2(s.SubScope("rows"), x, index, tg.Const(s.SubScope("axis"), int32(0)))
}
