package miner

import (
	"math"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// semihard chooses the triplets whose negative is farther than the positive, but
// not by the margin: ap < an < ap + margin. A soft margin has no end: ap < an.
var semihard = plain("negatives farther than the positive, but not by the loss's margin",
	"Schroff et al., FaceNet, 2015, arXiv:1503.03832, section 3.2",
	func(s *op.Scope, t Triplets) tf.Output {
		ap := op.StopGradient(s.SubScope("ap"), t.AnchorPositive)
		an := op.StopGradient(s.SubScope("an"), t.AnchorNegative)
		farther := op.Greater(s.SubScope("farther"), an, ap)
		if math.IsInf(float64(t.Margin), 1) {
			return farther
		}
		end := op.AddV2(s.SubScope("end"), ap, tg.Const(s.SubScope("margin"), t.Margin))
		return op.LogicalAnd(s.SubScope("both"), farther, op.Less(s.SubScope("inside"), an, end))
	})
