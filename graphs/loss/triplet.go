package loss

import (
	"math"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// tripletOptions are the options of the "triplet" loss.
type tripletOptions struct {
	Margin    float32 `yaml:"margin"` // wanted gap of an and ap, in units of the distance; > 0
	Soft      bool    `yaml:"soft"`   // ln(1+e^(ap-an)) in place of the hinge, without a margin
	reduction `yaml:",inline"`
}

var triplet = named.Row[Loss]{
	Brief: "keep each positive closer to its anchor than the negative, by a margin",
	Paper: "Schroff et al., FaceNet, 2015, arXiv:1503.03832, section 3.1; " +
		"soft: Hermans et al., 2017, arXiv:1703.07737, section 2",
	New: func(raw named.Raw) (Loss, error) {
		// The margin is program 2's; the paper has 0.2, on the unit sphere. The papers
		// and program 2 average over all triplets.
		o := tripletOptions{Margin: 1, reduction: reduction{"mean"}}
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		if err := positive("margin", o.Margin); err != nil {
			return Loss{}, err
		}
		nonZero, err := o.nonZero()
		l := Loss{Needs: Triplets, NonZero: nonZero}
		if o.Soft {
			// With all distances 0 each triplet costs ln(1+e^0).
			l.Build, l.Margin, l.Trivial = softMargin, float32(math.Inf(1)), math.Ln2
		} else {
			l.Build, l.Margin, l.Trivial = o.hinge, o.Margin, float64(o.Margin)
		}
		return l, err
	},
}

// hinge adds max(0, ap - an + margin).
func (o tripletOptions) hinge(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	gap := op.Sub(s.SubScope("gap"), in.AnchorPositive, in.AnchorNegative)
	margin := tg.Const(s.SubScope("margin"), o.Margin)
	values = op.Relu(s.SubScope("hinge"), op.AddV2(s.SubScope("violation"), gap, margin))
	return values, in.Mined
}

// softMargin adds ln(1 + e^(ap-an)).
func softMargin(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	gap := op.Sub(s.SubScope("gap"), in.AnchorPositive, in.AnchorNegative)
	return softplus(s.SubScope("softplus"), gap), in.Mined
}
