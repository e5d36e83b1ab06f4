package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// supConOptions are the options of the "supcon" loss.
type supConOptions struct {
	Temperature float32 `yaml:"temperature"` // what cosines are divided by; > 0
}

var supCon = named.Row[Loss]{
	Brief: "each image picks those of its class out of all others of the batch, by cosine",
	Paper: "Khosla et al., Supervised Contrastive Learning, 2020, arXiv:2004.11362, equation 2",
	New: func(raw named.Raw) (Loss, error) {
		o := supConOptions{Temperature: 0.1} // the paper's
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		return Loss{Needs: Classes, References: true, Cosine: true, Build: o.build},
			positive("temperature", o.Temperature)
	},
}

// build adds, for each image i, -1/|P| Σ_p ln(e^(s_ip/t) / Σ_a e^(s_ia/t)), s the
// cosine, p over P, the others of i's class, a over all others. Images without a
// positive or without a negative do not count.
func (o supConOptions) build(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	m := against(s.SubScope("against"), in)
	scaled := times(s.SubScope("temperature"), m.cosine, 1/o.Temperature)
	others := op.AddV2(s.SubScope("others"), m.positive, m.negative)
	all := logSumExp(s.SubScope("all"), scaled, others, false)
	mean := op.DivNoNan(s.SubScope("mean"),
		rowSum(s.SubScope("positives"), op.Mul(s.SubScope("of_positives"), scaled, m.positive)),
		rowSum(s.SubScope("count"), m.positive))
	valid = both(s.SubScope("valid"), m)
	return where(s.SubScope("valid_values"), valid, op.Sub(s.SubScope("minus_log"), all, mean)), valid
}

// both adds which images have a positive and a negative: [N] bool.
func both(s *op.Scope, m matrix) tf.Output {
	return op.LogicalAnd(s.SubScope("both"), anyOf(s.SubScope("positive"), m.positive),
		anyOf(s.SubScope("negative"), m.negative))
}
