package loss

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// circleOptions are the options of the "circle" loss.
type circleOptions struct {
	Margin float32 `yaml:"margin"` // cosines aim at 1-margin and at margin; in (0,1)
	Scale  float32 `yaml:"scale"`  // what weighted cosines are multiplied by; > 0
}

var circle = named.Row[Loss]{
	Brief: "every positive above every negative, each weighted by how far it has to go",
	Paper: "Sun et al., Circle Loss, 2020, arXiv:2002.10857, equations 6 and 8",
	New: func(raw named.Raw) (Loss, error) {
		o := circleOptions{Margin: 0.4, Scale: 80} // the paper's for image retrieval
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		if !(o.Margin > 0 && o.Margin < 1) {
			return Loss{}, fmt.Errorf("margin must be between 0 and 1, got %g", o.Margin)
		}
		return Loss{Needs: Classes, References: true, Cosine: true, Build: o.build},
			positive("scale", o.Scale)
	},
}

// build adds, for each image, ln(1 + Σ_n e^(γ·w_n·(s_n-m)) · Σ_p e^(-γ·w_p·(s_p-1+m))),
// s the cosine with its negatives n and positives p, m the margin, γ the scale,
// w_n = max(0, s_n+m) and w_p = max(0, 1+m-s_p) without gradients. Images without a
// positive or without a negative do not count.
func (o circleOptions) build(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	m := against(s.SubScope("against"), in)
	constant := op.StopGradient(s.SubScope("constant"), m.cosine)
	down := op.Relu(s.SubScope("down"), plus(s.SubScope("from_bottom"), constant, o.Margin))
	up := op.Relu(s.SubScope("up"), plus(s.SubScope("from_top"),
		op.Neg(s.SubScope("minus"), constant), 1+o.Margin))
	push := op.Mul(s.SubScope("push"), down,
		plus(s.SubScope("negative_gap"), m.cosine, -o.Margin))
	pull := op.Mul(s.SubScope("pull"), up,
		plus(s.SubScope("positive_gap"), m.cosine, o.Margin-1))
	negatives := logSumExp(s.SubScope("negatives"),
		times(s.SubScope("scale"), push, o.Scale), m.negative, false)
	positives := logSumExp(s.SubScope("positives"),
		times(s.SubScope("minus_scale"), pull, -o.Scale), m.positive, false)
	cost := softplus(s.SubScope("cost"), op.AddV2(s.SubScope("product"), negatives, positives))
	valid = both(s.SubScope("valid"), m)
	return where(s.SubScope("valid_values"), valid, cost), valid
}
