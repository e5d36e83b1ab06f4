package optimizer

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// adamOptions are the options of the "adam" optimizer.
type adamOptions struct {
	Common  `yaml:",inline"`
	Beta1   float32 `yaml:"beta1"`   // decay of the mean of gradients; 0 <= beta1 < 1
	Beta2   float32 `yaml:"beta2"`   // decay of the mean of their squares; 0 <= beta2 < 1
	Epsilon float32 `yaml:"epsilon"` // added to the root of the mean square; > 0
}

var adam = named.Row[Optimizer]{
	Brief: "adaptive steps from running means of the gradient and its square",
	Paper: "Kingma and Ba, Adam, 2015, arXiv:1412.6980, algorithm 1 in the form that ends section 2",
	New: func(raw named.Raw) (Optimizer, error) {
		o := adamOptions{
			Common: commonOf(0.001), // this and the next three are Keras' values
			Beta1:  0.9, Beta2: 0.999, Epsilon: 1e-7,
		}
		if err := named.Options(raw, &o); err != nil {
			return Optimizer{}, err
		}
		for _, beta := range []float32{o.Beta1, o.Beta2} {
			if !(beta >= 0 && beta < 1) {
				return Optimizer{}, fmt.Errorf("beta1 and beta2 must be in [0,1), got %g", beta)
			}
		}
		if !(o.Epsilon > 0) {
			return Optimizer{}, fmt.Errorf("epsilon must be positive, got %g", o.Epsilon)
		}
		return newOptimizer(o.Common, o.rule)
	},
}

// rule adds, with t the number of this update, from 1:
//
//	m ← m + (1-β1)(g-m)    v ← v + (1-β2)(g²-v)
//	value ← value - lr·√(1-β2ᵗ)/(1-β1ᵗ) · m/(√v+ε)
//
// ε stands outside the bias correction, as in Keras; PyTorch has it inside, √(v/(1-β2ᵗ))+ε.
func (o adamOptions) rule(s *op.Scope, f Feeds) rule {
	one := tg.Const(s.SubScope("one"), float32(1))
	t := op.AddV2(s.SubScope("t"), f.Step, one)
	beta1 := tg.Const(s.SubScope("beta1"), o.Beta1)
	beta2 := tg.Const(s.SubScope("beta2"), o.Beta2)
	epsilon := tg.Const(s.SubScope("epsilon"), o.Epsilon)
	power1 := op.Pow(s.SubScope("beta1_power"), beta1, t)
	power2 := op.Pow(s.SubScope("beta2_power"), beta2, t)
	return func(s *op.Scope, slots *variable.Set, u update) *tf.Operation {
		m := slots.Sub("adam_m").Create(u.Key, u.Shape, variable.Zeros)
		v := slots.Sub("adam_v").Create(u.Key, u.Shape, variable.Zeros)
		return op.ResourceApplyAdam(s.SubScope("adam"), u.Handle, m.Handle, v.Handle,
			power1, power2, u.rate, beta1, beta2, epsilon, u.gradient)
	}
}
