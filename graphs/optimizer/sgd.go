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
		o := sgdOptions{Common: commonOf(0.01)} // Keras' value
		if err := named.Options(raw, &o); err != nil {
			return Optimizer{}, err
		}
		if !(o.Momentum >= 0 && o.Momentum < 1) {
			return Optimizer{}, fmt.Errorf("momentum must be in [0,1), got %g", o.Momentum)
		}
		if o.Nesterov && o.Momentum == 0 {
			return Optimizer{}, fmt.Errorf("nesterov needs a momentum above 0")
		}
		return newOptimizer(o.Common, o.rule)
	},
}

// rule adds a ← momentum·a - lr·g, value ← value + a; with Nesterov,
// value ← value + momentum·a - lr·g.
func (o sgdOptions) rule(s *op.Scope, _ Feeds) rule {
	momentum := tg.Const(s.SubScope("momentum"), o.Momentum)
	return func(s *op.Scope, slots *variable.Set, u update) *tf.Operation {
		if o.Momentum == 0 {
			return op.ResourceApplyGradientDescent(s.SubScope("descend"), u.Handle, u.rate, u.gradient)
		}
		a := slots.Sub("sgd_momentum").Create(u.Key, u.Shape, variable.Zeros)
		return op.ResourceApplyKerasMomentum(s.SubScope("momentum"), u.Handle, a.Handle,
			u.rate, u.gradient, momentum, op.ResourceApplyKerasMomentumUseNesterov(o.Nesterov))
	}
}
