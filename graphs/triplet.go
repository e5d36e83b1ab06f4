package graphs

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/miner"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

var triplet = named.Row[topology]{
	Brief: "triplets: an anchor, a positive of its class, a negative of another",
	Paper: "Wang et al., Learning Fine-grained Image Similarity with Deep Ranking, 2014, " +
		"arXiv:1404.4661",
	New: func(named.Raw) (topology, error) {
		return topology{gives: loss.Triplets, inputs: tripletInputs}, nil
	},
}

// tripletInputs adds distance [M] of each pair → ap and an [T] of each
// triplet, two of the pairs. A pair in many triplets is measured once.
func tripletInputs(a *assembly) loss.In {
	distance := a.compare()
	anchor := feed(a.root, names.Anchor, tf.Int32, tf.MakeShape(-1))
	positive := feed(a.root, names.Positive, tf.Int32, tf.MakeShape(-1))
	negative := feed(a.root, names.Negative, tf.Int32, tf.MakeShape(-1))
	in := loss.In{
		Distance:       distance,
		AnchorPositive: gather(a.root.SubScope("anchor_positive"), distance, positive),
		AnchorNegative: gather(a.root.SubScope("anchor_negative"), distance, negative),
	}
	in.Mined = a.parts.Miner(a.root.SubScope("mine"), miner.Triplets{
		Anchor: anchor, AnchorPositive: in.AnchorPositive, AnchorNegative: in.AnchorNegative,
		Images: fetch(a.root, names.Count, a.count(a.cut)), Margin: a.parts.Loss.Margin,
	})
	return in
}

// count adds N, the number of rows of x [N,…]: [] int32.
func (a *assembly) count(x tf.Output) tf.Output {
	s := a.root.SubScope("count")
	shape := op.Shape(s.SubScope("shape"), x)
	return op.GatherV2(s.SubScope("images"), shape, tg.Const(s.SubScope("first"), int32(0)),
		tg.Const(s.SubScope("axis"), int32(0)))
}
