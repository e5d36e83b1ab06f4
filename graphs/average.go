package graphs

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
)

// average adds to s the move of each variable towards its trained twin, once updates are
// done; the frozen part has no twin: the model is the exponential moving average of what is trained, averages of
// batch norm included, which would else belong to other weights. Polyak and
// Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992, weighed as
// in Tarvainen and Valpola, Mean Teachers, 2017, arXiv:1703.01780, section 2:
//
//	value ← ema·value + (1-ema)·twin, ema at most (1+t)/(10+t) after t updates
//
// The limit is that of TensorFlow's ExponentialMovingAverage; without it a short
// training would be averaged with its start.
func (a *assembly) average(s *op.Scope, updates []*tf.Operation) []*tf.Operation {
	if a.trained == a.variables {
		return nil
	}
	after := s.WithControlDependencies(updates...)
	one, ten := tg.Const(s.SubScope("one"), float32(1)), tg.Const(s.SubScope("ten"), float32(10))
	limit := op.Div(s.SubScope("limit"), op.AddV2(s.SubScope("more"), a.step, one),
		op.AddV2(s.SubScope("most"), a.step, ten))
	kept := op.Minimum(s.SubScope("kept"), tg.Const(s.SubScope("ema"), float32(a.ema)), limit)
	share := op.Sub(s.SubScope("share"), one, kept)
	var moves []*tf.Operation
	for _, v := range a.variables.All()[len(a.graph.Frozen):] {
		twin := a.trained.Reuse().Create(v.Key, v.Shape, nil)
		now := op.ReadVariableOp(after.SubScope(v.Key), twin.Handle, tf.Float)
		moves = append(moves, v.Approach(s.SubScope(v.Key), now, share))
	}
	return moves
}

// remembered returns what a training keeps beside the model.
func (a *assembly) remembered() []variable.Variable {
	if a.trained == a.variables {
		return a.slots.All()
	}
	return append(a.slots.All(), a.trained.All()...)
}
