package head

import (
	"errors"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// whitenOptions are the options of the "whiten" head.
type whitenOptions struct {
	width  `yaml:",inline"`
	fitted `yaml:",inline"` // a large ridge keeps the lengths of the components, a small one makes them alike
}

var whiten = named.Row[Head]{
	Brief: "the principal components of training images, each scaled to the same spread; no steps",
	Paper: "Jégou and Chum, Negative Evidences and Co-occurrences in Image Retrieval: the Benefit " +
		"of PCA and Whitening, 2012, section 2.2",
	New: func(raw named.Raw) (Head, error) {
		o := whitenOptions{width: width{128}, fitted: fitted{10}} // see docs/spec.md, Heads
		if err := named.Options(raw, &o); err != nil {
			return Head{}, err
		}
		return Head{Build: o.build, Fit: o.fit}, errors.Join(o.width.check(), o.fitted.check())
	},
}

// build adds features · kernel + bias, which no step changes.
func (o whitenOptions) build(s *op.Scope, v *variable.Set, _ layer.Mode, features tf.Output) tf.Output {
	o.enough(s, features)
	return o.dense(s, v.Frozen(), features)
}

// fit adds, with μ the mean of the images x:
//
//	cov(x-μ) = VΛVᵀ    kernel = V_D (Λ_D + ridge·mean(Λ)·I)^(-½)    bias = -μ·kernel
func (o whitenOptions) fit(s *op.Scope, x Examples) (kernel, bias tf.Output) {
	mean := average(s.SubScope("all"), x.Features)
	all := covariance(s.SubScope("covariance"), op.Sub(s.SubScope("centred"), x.Features, mean))
	lengths, directions := longest(s.SubScope("longest"), all, o.EmbeddingDim)
	typical := op.Mean(s.SubScope("mean_length"), op.DiagPart(s.SubScope("diagonal"), all), tg.Const(s.SubScope("axis"), int32(0)))
	added := op.Mul(s.SubScope("ridge"), typical, tg.Const(s.SubScope("share"), o.Ridge))
	scale := op.Mul(s.SubScope("known_scale"), known(s.SubScope("known"), lengths),
		op.Rsqrt(s.SubScope("scale"), op.AddV2(s.SubScope("regular"), lengths, added)))
	kernel = op.Mul(s.SubScope("kernel"), directions, scale)
	return kernel, centring(s.SubScope("bias"), mean, kernel)
}
