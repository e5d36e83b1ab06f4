package distance

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
)

// cosine is 1 - cos(a,b) written as half the squared distance of the
// directions, which is the same number and can never round below 0.
var cosine = plain("cosine distance, 1 - a·b/(‖a‖‖b‖), 0 to 2", func(s *op.Scope, a, b tf.Output) tf.Output {
	left, right := layer.Direction(s.SubScope("left"), a), layer.Direction(s.SubScope("right"), b)
	half := tg.Const(s.SubScope("half"), float32(0.5))
	return op.Mul(s.SubScope("halve"), squared(s.SubScope("chord"), left, right), half)
})
