package distance

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// smallestSquare is the clamp under the root: the gradient of √ is infinite at
// 0. 1e-7 is Keras' epsilon, which the siamese example of Keras uses there.
const smallestSquare = 1e-7

var euclidean = plain("Euclidean distance, √Σ(a-b)²", func(s *op.Scope, a, b tf.Output) tf.Output {
	clamp := tg.Const(s.SubScope("clamp"), float32(smallestSquare))
	square := op.Maximum(s.SubScope("at_least"), squared(s.SubScope("square"), a, b), clamp)
	return op.Sqrt(s.SubScope("root"), square)
})
