package graphs

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

var siamese = named.Row[topology]{
	Brief: "pairs of images, same or different",
	Paper: "Bromley et al., Signature Verification using a Siamese Time Delay Neural Network, 1993",
	New: func(named.Raw) (topology, error) {
		return topology{gives: loss.Pairs, inputs: pairInputs}, nil
	},
}

// pairInputs adds gather left and right → distance [M] of each pair.
func pairInputs(a *assembly) loss.In {
	return loss.In{
		Distance: a.compare(),
		Same:     feed(a.root, names.Same, tf.Float, tf.MakeShape(-1)),
	}
}
