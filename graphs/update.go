package graphs

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs/optimizer"
	"github.com/tfpair/tfpair/internal/names"
)

// update adds what a step does about the loss [] float32, whole and in two parts:
//
//	names.Train = gradients ─ updates of weights and statistics ─ averages
//	names.Statistics and the gradients of a batch, then names.Apply of gradients that are fed
//
// The parts are for gradients that are looked at, summed over batches, or reduced across
// machines on the way. They have updates of their own, so that the whole knows nothing of them.
// There is none of it where nothing is trained, for no steps or since members of an ensemble were.
func (a *assembly) update(loss tf.Output) {
	a.graph.Trained = a.trained.Trained()
	if len(a.graph.Trained) == 0 && (a.parts.Spec.Train.Steps == 0 || a.parts.Backbone.Members != nil) {
		return
	}
	f := optimizer.Feeds{
		LearningRate: feed(a.root, names.LearningRate, tf.Float, tf.ScalarShape()),
		Step:         a.step,
	}
	s := a.root.SubScope("optimizer")
	gradients := optimizer.Gradients(s, loss, a.graph.Trained)
	a.chunks(loss)
	updates := a.parts.Optimizer.Update(s, a.graph.Trained, gradients, a.slots, f)
	updates = append(updates, a.trained.Updates()...)
	target(a.root, names.Train, append(updates, a.average(a.root.SubScope("average"), updates)...))

	target(a.root, names.Statistics, a.trained.Updates())
	apart := a.root.SubScope("apart")
	fed := a.gradients(gradients)
	applied := a.parts.Optimizer.Update(apart, a.graph.Trained, fed, a.slots.Reuse(), f)
	target(a.root, names.Apply, append(applied, a.average(apart.SubScope("average"), applied)...))
}

// gradients gives the gradient of each trained variable its stored name, and returns the
// feeds of gradients in their place.
func (a *assembly) gradients(gradients []tf.Output) []tf.Output {
	if a.root.Err() != nil {
		return nil
	}
	fed := make([]tf.Output, len(gradients))
	for i, v := range a.graph.Trained {
		fetch(a.root, v.Key+names.Gradient, gradients[i])
		fed[i] = feed(a.root, v.Key+names.Gradient+names.Value, tf.Float, tf.MakeShape(v.Shape...))
	}
	return fed
}
