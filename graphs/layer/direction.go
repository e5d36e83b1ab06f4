package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// smallestNorm2 is the clamp of a squared norm: without it the direction of an
// embedding of zeros is 0/0. 1e-12 is the value of tf.math.l2_normalize.
const smallestNorm2 = 1e-12

// Direction adds x/‖x‖ for each row of x [M,D] float32; that of zeros is zeros.
func Direction(s *op.Scope, x tf.Output) tf.Output {
	square := op.Square(s.SubScope("square"), x)
	axis := tg.Const(s.SubScope("axis"), int32(1))
	norm2 := op.Sum(s.SubScope("norm2"), square, axis, op.SumKeepDims(true))
	clamp := tg.Const(s.SubScope("clamp"), float32(smallestNorm2))
	inverse := op.Rsqrt(s.SubScope("inverse"), op.Maximum(s.SubScope("at_least"), norm2, clamp))
	return op.Mul(s.SubScope("scale"), x, inverse)
}
