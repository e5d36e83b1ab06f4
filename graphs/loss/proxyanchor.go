package loss

import (
	"errors"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// proxyAnchorOptions are the options of the "proxyanchor" loss.
type proxyAnchorOptions struct {
	// Margin is the cosine with its proxy above which an image is near enough; that
	// with another proxy is far enough below -margin; > 0.
	Margin   float32 `yaml:"margin"`
	Alpha    float32 `yaml:"alpha"` // sharpness; > 0
	perClass `yaml:",inline"`
}

var proxyAnchor = named.Row[Loss]{
	Brief: "a learned proxy of each class, near its images and far from others, by cosine",
	Paper: "Kim et al., Proxy Anchor Loss, 2020, arXiv:2003.13911, equation 4",
	New: func(raw named.Raw) (Loss, error) {
		o := proxyAnchorOptions{Margin: 0.1, Alpha: 32} // the paper's
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		return Loss{Needs: Classes, Cosine: true, Build: o.build, PerClass: true, Classes: o.Classes},
			errors.Join(positive("margin", o.Margin), positive("alpha", o.Alpha), o.check())
	},
}

// build adds, for each proxy p of C, ln(1 + Σ e^(α(s+δ))) over the images of other
// classes, plus C/|P⁺| ln(1 + Σ e^(-α(s-δ))) over those of its own, s the cosine, δ
// the margin, P⁺ the proxies with images in the batch. The mean over all proxies is
// the paper's sum of two means.
func (o proxyAnchorOptions) build(s *op.Scope, v *variable.Set, in In) (values, valid tf.Output) {
	cosine := turned(s.SubScope("by_proxy"), o.cosines(s.SubScope("proxies"), v, "proxies", in))
	own := turned(s.SubScope("own_by_proxy"), o.members(s.SubScope("own"), in))
	others := op.Sub(s.SubScope("others"), tg.Const(s.SubScope("one"), float32(1)), own)
	pull := times(s.SubScope("pull"), plus(s.SubScope("near"), cosine, -o.Margin), -o.Alpha)
	push := times(s.SubScope("push"), plus(s.SubScope("far"), cosine, o.Margin), o.Alpha)
	near := logSumExp(s.SubScope("positives"), pull, own, true)
	far := logSumExp(s.SubScope("negatives"), push, others, true)
	present := op.Cast(s.SubScope("present"), anyOf(s.SubScope("any"), own), tf.Float)
	classes := tg.Const(s.SubScope("classes"), float32(o.Classes))
	weight := op.DivNoNan(s.SubScope("weight"), classes, op.Sum(s.SubScope("count"), present,
		tg.Const(s.SubScope("axis"), int32(0))))
	values = op.AddV2(s.SubScope("sum"), far, op.Mul(s.SubScope("weighted"), near, weight))
	return values, all(s.SubScope("valid"), values)
}

// turned adds x [N,C] as [C,N].
func turned(s *op.Scope, x tf.Output) tf.Output {
	return op.Transpose(s.SubScope("turn"), x, tg.Const(s.SubScope("axes"), []int32{1, 0}))
}
