package optimizer

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// sgdOptions are the options of the "sgd" optimizer.
type sgdOptions struct {
	Common   `yaml:",inline"`
	Momentum float32 `yaml:"momentum"` // share of the last step that is kept; 0 <= momentum < 1
	Nesterov bool    `yaml:"nesterov"` // look ahead along the momentum; needs momentum > 0
}

var sgd = named.Row[Optimizer]{
	Brief: "steps along the gradient, with momentum or Nesterov momentum",
	Paper: "Sutskever et al., On the importance of initialization and momentum in deep learning, 2013, section 2",
	New: func(raw named.Raw) (Optimizer, error) {
		o := sgdOptions{Common: Common{LR: 0.01}} // Keras' value
		if err := named.Options(raw, &o); err != nil {
			return Optimizer{}, err
		}
		if !(o.Momentum >= 0 && o.Momentum < 1) {
			return Optimizer{}, fmt.Errorf("momentum must be in [0,1), got %g", o.Momentum)
		}
		if o.Nesterov && o.Momentum == 0 {
			return Optimizer{}, fmt.Errorf("nesterov needs a momentum above 0")
		}
		return Optimizer{LR: o.LR, common: o.Common, rule: o.rule}, o.validate()
	},
}

// rule adds a ← momentum·a - lr·g, value ← value + a; with Nesterov,
// value ← value + momentum·a - lr·g.
func (o sgdOptions) rule(s *op.Scope, f Feeds) rule {
	momentum := tg.Const(s.SubScope("momentum"), o.Momentum)
	return func(s *op.Scope, slots *variable.Set, v variable.Variable, g tf.Output) *tf.Operation {
		if o.Momentum == 0 {
			return op.ResourceApplyGradientDescent(s.SubScope("descend"), v.Handle, f.LearningRate, g)
		}
		a := slots.Sub("sgd_momentum").Create(v.Key, v.Shape, variable.Zeros)
		return op.ResourceApplyKerasMomentum(s.SubScope("momentum"), v.Handle, a.Handle,
			f.LearningRate, g, momentum, op.ResourceApplyKerasMomentumUseNesterov(o.Nesterov))
	}
}
