// Package optimizer holds the rules that turn gradients into updates, and the
// schedules of their learning rate.
//
//	loss → Gradients → Update: (clip) → (decay) → rule → one update per variable
//
// The learning rate and the number of updates done are fed at every step, so a
// graph never changes and a checkpoint needs only the slots.
package optimizer

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// Common are the options that every optimizer has.
type Common struct {
	LR          float32 `yaml:"lr"`           // base learning rate, what a schedule scales; > 0
	BackboneLR  float32 `yaml:"backbone_lr"`  // factor on the learning rate of the backbone; > 0
	ProxyLR     float32 `yaml:"proxy_lr"`     // factor on the learning rate of what the loss learns for each class; > 0
	WeightDecay float32 `yaml:"weight_decay"` // each step subtracts lr · weight_decay · value of kernels, decoupled from the gradient; 0 is none
	ClipNorm    float32 `yaml:"clip_norm"`    // largest joint L2 norm of all gradients, which are scaled down to it; 0 is no limit
}

// commonOf returns the defaults at a base learning rate.
func commonOf(lr float32) Common { return Common{LR: lr, BackboneLR: 1, ProxyLR: 1} }

func (c Common) validate() error {
	switch {
	case !(c.BackboneLR > 0):
		return fmt.Errorf("backbone_lr must be positive, got %g", c.BackboneLR)
	case !(c.ProxyLR > 0):
		return fmt.Errorf("proxy_lr must be positive, got %g", c.ProxyLR)
	case !(c.LR > 0):
		return fmt.Errorf("lr must be positive, got %g", c.LR)
	case !(c.WeightDecay >= 0):
		return fmt.Errorf("weight_decay must be 0 or more, got %g", c.WeightDecay)
	case !(c.ClipNorm >= 0):
		return fmt.Errorf("clip_norm must be 0 or more, got %g", c.ClipNorm)
	}
	return nil
}

// Feeds are the numbers that change from step to step.
type Feeds struct {
	LearningRate tf.Output // [] float32: this step's learning rate
	Step         tf.Output // [] float32: updates done before this one
}

// rule adds the update of one variable to s; its slots come from slots.
type rule func(s *op.Scope, slots *variable.Set, u update) *tf.Operation

// update is what changes one variable.
type update struct {
	variable.Variable
	gradient tf.Output // of the variable's shape
	rate     tf.Output // [] float32: its learning rate
}

// Optimizer is one rule with its options.
type Optimizer struct {
	LR         float32 // base learning rate
	BackboneLR float32 // factor on the learning rate of the backbone
	ProxyLR    float32 // factor on the learning rate of what the loss learns for each class
	common     Common
	rule       func(s *op.Scope, f Feeds) rule
}

// newOptimizer returns a rule with its options c, checked.
func newOptimizer(c Common, rule func(s *op.Scope, f Feeds) rule) (Optimizer, error) {
	return Optimizer{LR: c.LR, BackboneLR: c.BackboneLR, ProxyLR: c.ProxyLR, common: c, rule: rule}, c.validate()
}

// Table lists every optimizer. A new optimizer is a new file here and a new row.
var Table = named.Table[Optimizer]{Kind: "optimizer", Rows: map[string]named.Row[Optimizer]{
	"adam": adam,
	"sgd":  sgd,
}}

// Gradients adds the gradient of loss [] float32 of each of variables, of its shape; nil where
// the scope has an error.
func Gradients(s *op.Scope, loss tf.Output, variables []variable.Variable) []tf.Output {
	if len(variables) == 0 {
		s.UpdateErr("Gradients", errors.New("nothing to train: all of the backbone is frozen, "+
			"and neither head nor loss has variables"))
		return nil
	}
	reads := make([]tf.Output, len(variables))
	for i, v := range variables {
		reads[i] = v.Read
	}
	gradients := op.Gradients(s.SubScope("gradients"), []tf.Output{loss}, reads)
	if s.Err() != nil {
		return nil
	}
	for i, g := range gradients {
		if g.Op == nil || g.Index < 0 {
			s.UpdateErr("Gradients", fmt.Errorf("the loss does not depend on variable %q", variables[i].Key))
			return nil
		}
	}
	return gradients
}

// Update adds one update of each of variables by its gradient, and returns the updates: run
// them all. Slots, one or more for each variable, come from slots.
func (o Optimizer) Update(s *op.Scope, variables []variable.Variable, gradients []tf.Output,
	slots *variable.Set, f Feeds) []*tf.Operation {
	if s.Err() != nil {
		return nil
	}
	gradients = o.common.clip(s.SubScope("clip"), gradients)
	rule := o.rule(s, f)
	updates := make([]*tf.Operation, len(variables))
	for i, v := range variables {
		at := s.SubScope("update").SubScope(v.Key)
		u := update{Variable: v, gradient: gradients[i], rate: f.LearningRate}
		if v.Pace != 1 {
			u.rate = op.Mul(at.SubScope("rate"), u.rate, tg.Const(at.SubScope("pace"), v.Pace))
		}
		updates[i] = rule(o.common.decay(at, u), slots, u)
	}
	return updates
}

// clip scales gradients by min(1, clip_norm/‖all gradients‖):
// Pascanu et al., On the difficulty of training recurrent neural networks, 2013, section 3.2.
func (c Common) clip(s *op.Scope, gradients []tf.Output) []tf.Output {
	if c.ClipNorm == 0 {
		return gradients
	}
	halves := make([]tf.Output, len(gradients))
	for i, g := range gradients {
		halves[i] = op.L2Loss(s.SubScope("half_square"), g)
	}
	two := tg.Const(s.SubScope("two"), float32(2))
	square := op.Mul(s.SubScope("square"), op.AddN(s.SubScope("sum"), halves), two)
	limit := tg.Const(s.SubScope("limit"), c.ClipNorm)
	norm := op.Sqrt(s.SubScope("norm"), square)
	// max(norm, limit) is never 0, so that gradients of 0 stay 0.
	scale := op.Div(s.SubScope("scale"), limit, op.Maximum(s.SubScope("larger"), norm, limit))
	clipped := make([]tf.Output, len(gradients))
	for i, g := range gradients {
		clipped[i] = op.Mul(s.SubScope("clipped"), g, scale)
	}
	return clipped
}

// decay subtracts lr · weight_decay · value from u's variable once the gradient is
// known, unless the variable is free of it, and returns a scope whose operations come after that: Loshchilov and Hutter,
// Decoupled Weight Decay Regularization, 2019, arXiv:1711.05101, algorithm 2.
func (c Common) decay(s *op.Scope, u update) *op.Scope {
	if c.WeightDecay == 0 || u.Free {
		return s
	}
	rate := op.Mul(s.SubScope("decay_rate"), u.rate, tg.Const(s.SubScope("decay"), c.WeightDecay))
	amount := op.Mul(s.SubScope("decay_amount"), u.Read, rate)
	after := s.WithControlDependencies(u.gradient.Op)
	decayed := op.AssignSubVariableOp(after.SubScope("shrink"), u.Handle, amount)
	return s.WithControlDependencies(decayed)
}
