package miner

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
)

// all chooses every triplet.
var all = plain("every triplet", "", func(s *op.Scope, t Triplets) tf.Output {
	return op.Equal(s.SubScope("every"), t.Anchor, t.Anchor)
})
