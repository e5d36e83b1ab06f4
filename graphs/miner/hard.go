package miner

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// hard chooses, of each anchor's triplets, that of its farthest positive and its
// nearest negative: ap >= ap' and an <= an' for all triplets ' of the same anchor.
// Triplets that tie are all chosen.
var hard = plain("of each anchor the farthest positive with the nearest negative",
	"Hermans et al., In Defense of the Triplet Loss, 2017, arXiv:1703.07737, equation 5",
	func(s *op.Scope, t Triplets) tf.Output {
		ap := op.StopGradient(s.SubScope("ap"), t.AnchorPositive)
		an := op.StopGradient(s.SubScope("an"), t.AnchorNegative)
		farthest := op.UnsortedSegmentMax(s.SubScope("farthest"), ap, t.Anchor, t.Images)
		nearest := op.UnsortedSegmentMin(s.SubScope("nearest"), an, t.Anchor, t.Images)
		return op.LogicalAnd(s.SubScope("both"),
			op.GreaterEqual(s.SubScope("is_farthest"), ap, ofAnchor(s.SubScope("farthest"), farthest, t)),
			op.LessEqual(s.SubScope("is_nearest"), an, ofAnchor(s.SubScope("nearest"), nearest, t)))
	})

// ofAnchor adds the element of x [N] that belongs to each triplet's anchor: [M].
func ofAnchor(s *op.Scope, x tf.Output, t Triplets) tf.Output {
	return op.GatherV2(s.SubScope("of_anchor"), x, t.Anchor, tg.Const(s.SubScope("axis"), int32(0)))
}
