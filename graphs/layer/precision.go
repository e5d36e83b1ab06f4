package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
)

// Enter returns x float32, of any shape, in the type that m trains in: float32, or bfloat16 where m says so. A stack
// calls it behind the pixels. Its layers compute in the type of what they are given, over variables in float32.
// Dense layers, layers that take a mean or a maximum over all pixels, and Float give float32 back.
func (m Mode) Enter(s *op.Scope, x tf.Output) tf.Output {
	if !m.BFloat16 || s.Err() != nil {
		return x
	}
	return op.Cast(s.SubScope("bfloat16"), x, tf.Bfloat16)
}

// Float returns x, of any shape, as float32.
func Float(s *op.Scope, x tf.Output) tf.Output {
	if s.Err() != nil || x.DataType() == tf.Float {
		return x
	}
	return op.Cast(s.SubScope("float32"), x, tf.Float)
}

// as returns a variable's value, float32, in the type of x.
func as(s *op.Scope, value, x tf.Output) tf.Output {
	if s.Err() != nil || x.DataType() == value.DataType() {
		return value
	}
	return op.Cast(s.SubScope("as_input"), value, x.DataType())
}
