package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// infoNCEOptions are the options of the "infonce" loss.
type infoNCEOptions struct {
	Temperature float32 `yaml:"temperature"` // what cosines are divided by; > 0
}

var infoNCE = named.Row[Loss]{
	Brief: "each positive pair against the negatives of its first image, by cosine; NT-Xent",
	Paper: "van den Oord et al., 2018, arXiv:1807.03748, equation 4; " +
		"NT-Xent: Chen et al., SimCLR, 2020, arXiv:2002.05709, section 2.1",
	New: func(raw named.Raw) (Loss, error) {
		o := infoNCEOptions{Temperature: 0.1} // SimCLR's on ImageNet, section 5.1
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		return Loss{Needs: Classes, References: true, Cosine: true, Build: o.build},
			positive("temperature", o.Temperature)
	},
}

// build adds, for each ordered pair (i,p) of one class,
// -ln(e^(s_ip/t) / (e^(s_ip/t) + Σ_n e^(s_in/t))), s the cosine, n over the images
// of other classes. Other positives of i take no part, which with two images of a
// class is NT-Xent. Pairs whose i has no negative cost 0.
func (o infoNCEOptions) build(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	m := against(s.SubScope("against"), in)
	scaled := times(s.SubScope("temperature"), m.cosine, 1/o.Temperature)
	negatives := column(s.SubScope("column"),
		logSumExp(s.SubScope("negatives"), scaled, m.negative, false))
	cost := softplus(s.SubScope("minus_log"), op.Sub(s.SubScope("gap"), negatives, scaled))
	some := op.Cast(s.SubScope("some"), anyOf(s.SubScope("any_negative"), m.negative), tf.Float)
	counts := op.Mul(s.SubScope("counts"), m.positive, column(s.SubScope("some_column"), some))
	values = flat(s.SubScope("values"), op.Mul(s.SubScope("of_pairs"), cost, counts))
	return values, op.Greater(s.SubScope("valid"), flat(s.SubScope("pairs"), m.positive),
		tg.Const(s.SubScope("zero"), float32(0)))
}
