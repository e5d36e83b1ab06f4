package distance

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

var sqEuclidean = plain("squared Euclidean distance, Σ(a-b)²", squared)

// squared adds Σ(a-b)².
func squared(s *op.Scope, a, b tf.Output) tf.Output {
	difference := op.SquaredDifference(s.SubScope("difference"), a, b)
	return op.Sum(s.SubScope("sum"), difference, tg.Const(s.SubScope("axis"), int32(1)))
}
