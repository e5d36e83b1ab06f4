package head

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// mlpOptions are the options of the "mlp" head.
type mlpOptions struct {
	width      `yaml:",inline"`
	Hidden     int64 `yaml:"hidden"`     // H, width of the hidden layer; > 0
	BatchNorm  bool  `yaml:"batch_norm"` // behind the hidden layer, before relu
	layer.Norm `yaml:",inline"`
}

var mlp = named.Row[Head]{
	Brief: "a hidden layer with batch norm and relu, then a dense layer",
	Paper: "Chen et al., A Simple Framework for Contrastive Learning, 2020, arXiv:2002.05709, section 2.1; " +
		"batch norm: their appendix B.9",
	New: func(raw named.Raw) (Head, error) {
		// PyTorch's momentum, for trainings of hundreds of steps, and Keras' ε.
		o := mlpOptions{width: width{128}, Hidden: 512, BatchNorm: true, Norm: layer.Norm{Momentum: 0.9, Epsilon: 1e-3}}
		if err := named.Options(raw, &o); err != nil {
			return Head{}, err
		}
		if o.Hidden <= 0 {
			return Head{}, fmt.Errorf("hidden must be positive, got %d", o.Hidden)
		}
		return Head{Build: o.build, Modes: o.BatchNorm, Trained: true}, errors.Join(o.check(), o.Validate())
	},
}

// build adds relu(hidden(features)) · kernel + bias.
func (o mlpOptions) build(s *op.Scope, v *variable.Set, m layer.Mode, features tf.Output) tf.Output {
	hidden := o.hidden(s, v, m, features)
	return o.dense(s, v, op.Relu(s.SubScope("relu"), hidden))
}

// hidden adds features · kernel + bias, or batch norm of features · kernel: [N,H].
func (o mlpOptions) hidden(s *op.Scope, v *variable.Set, m layer.Mode, features tf.Output) tf.Output {
	at, variables := s.SubScope("hidden"), v.Sub("hidden")
	if !o.BatchNorm {
		return layer.Dense(at, variables, features, o.Hidden)
	}
	if m.Folded {
		return layer.Fold(v.Sub("norm"), o.Hidden, o.Norm).Dense(at, variables, features, o.Hidden)
	}
	x := layer.Multiply(at, variables, features, o.Hidden)
	at = s.SubScope("norm")
	pixels := op.Reshape(at.SubScope("pixels"), x, tg.Const(at.SubScope("pixel"), []int32{-1, 1, 1, int32(o.Hidden)}))
	y := layer.BatchNorm(at, v.Sub("norm"), m, pixels, o.Norm) // of N images of one pixel
	return op.Reshape(at.SubScope("flat"), y, tg.Const(at.SubScope("row"), []int32{-1, int32(o.Hidden)}))
}
