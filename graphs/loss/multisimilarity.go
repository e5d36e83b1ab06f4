package loss

import (
	"errors"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// multiSimilarityOptions are the options of the "multisimilarity" loss.
type multiSimilarityOptions struct {
	Alpha     float32 `yaml:"alpha"` // sharpness for positives; > 0
	Beta      float32 `yaml:"beta"`  // sharpness for negatives; > 0
	Base      float32 `yaml:"base"`  // cosine that divides near from far
	reduction `yaml:",inline"`
}

var multiSimilarity = named.Row[Loss]{
	Brief: "positives below a cosine and negatives above it, weighted by how far",
	Paper: "Wang et al., Multi-Similarity Loss, 2019, arXiv:1904.06627, equation 15",
	New: func(raw named.Raw) (Loss, error) {
		// The paper's sharpness; base is that of the authors' code. The paper averages
		// over all images.
		o := multiSimilarityOptions{Alpha: 2, Beta: 50, Base: 0.5, reduction: reduction{"mean"}}
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		nonZero, err := o.nonZero()
		return Loss{Needs: Classes, References: true, Cosine: true, Build: o.build, NonZero: nonZero},
			errors.Join(positive("alpha", o.Alpha), positive("beta", o.Beta), err)
	},
}

// build adds, for each image i, 1/α ln(1 + Σ_p e^(-α(s_ip-λ))) + 1/β ln(1 + Σ_n
// e^(β(s_in-λ))), s the cosine, p and n over i's positives and negatives, λ the
// base. The paper's choice of pairs before it is left out. An image without either
// costs nothing, and counts.
func (o multiSimilarityOptions) build(
	s *op.Scope, _ *variable.Set, in In,
) (values, valid tf.Output) {
	m := against(s.SubScope("against"), in)
	above := plus(s.SubScope("above"), m.cosine, -o.Base)
	pull := logSumExp(s.SubScope("pull"),
		times(s.SubScope("alpha"), above, -o.Alpha), m.positive, true)
	push := logSumExp(s.SubScope("push"),
		times(s.SubScope("beta"), above, o.Beta), m.negative, true)
	values = op.AddV2(s.SubScope("sum"), times(s.SubScope("per_alpha"), pull, 1/o.Alpha),
		times(s.SubScope("per_beta"), push, 1/o.Beta))
	return values, all(s.SubScope("valid"), values)
}
