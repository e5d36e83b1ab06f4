package head

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// linearOptions are the options of the "linear" head.
type linearOptions struct {
	width  `yaml:",inline"`
	Start  string           `yaml:"start"` // random, or ridge: a closed form on training images
	fitted `yaml:",inline"` // of start: ridge
}

// What Start may be.
const (
	random = "random"
	ridge  = "ridge"
)

var linear = named.Row[Head]{
	Brief: "one dense layer without activation, from random values or from a closed form",
	Paper: "start ridge: Mikolajczyk and Matas, Improving Descriptors for Fast Tree Matching by Optimal " +
		"Linear Projection, 2007; its ridge: Friedman, Regularized Discriminant Analysis, 1989",
	New: func(raw named.Raw) (Head, error) {
		o := linearOptions{width: width{128}, // as wide as program 1's tower
			Start: random, fitted: fitted{0.1}} // see docs/spec.md, Heads
		if err := named.Options(raw, &o); err != nil {
			return Head{}, err
		}
		h := Head{Build: o.build, Trained: true}
		switch o.Start {
		case random:
		case ridge:
			h.Fit, h.Classes = o.fit, true
		default:
			return Head{}, fmt.Errorf("start must be %s or %s, got %q", random, ridge, o.Start)
		}
		return h, errors.Join(o.width.check(), o.fitted.check())
	},
}

// build adds features · kernel + bias.
func (o linearOptions) build(s *op.Scope, v *variable.Set, _ layer.Mode, features tf.Output) tf.Output {
	if o.Start == ridge {
		o.enough(s, features)
	}
	return o.dense(s, v, features)
}

// fit adds the projection in which images of one class are near each other for the distance
// between any two. With x an image, m the mean of its class, μ that of all:
//
//	cov(x-m) + ridge·mean(diagonal)·I = LLᵀ    L⁻¹ cov(x-μ) L⁻ᵀ = UΛUᵀ
//	kernel = L⁻ᵀU_D    bias = -μ·kernel
//
// L⁻¹ shortens the directions in which images of one class differ; of what is left, the D
// longest directions are kept.
func (o linearOptions) fit(s *op.Scope, x Examples) (kernel, bias tf.Output) {
	mean := average(s.SubScope("all"), x.Features)
	all := covariance(s.SubScope("all_covariance"), op.Sub(s.SubScope("centred"), x.Features, mean))
	within := covariance(s.SubScope("within"), withoutClass(s.SubScope("without_class"), x))
	l := op.Cholesky(s.SubScope("root"), ridged(s.SubScope("regular"), within, o.Ridge))
	half := op.MatrixTriangularSolve(s.SubScope("half"), l, all)
	axes := tg.Const(s.SubScope("axes"), []int32{1, 0})
	short := op.MatrixTriangularSolve(s.SubScope("short"), l, op.Transpose(s.SubScope("turned"), half, axes))
	lengths, directions := longest(s.SubScope("longest"), short, o.EmbeddingDim)
	directions = op.Mul(s.SubScope("known_directions"), directions, known(s.SubScope("known"), lengths))
	kernel = op.MatrixTriangularSolve(s.SubScope("kernel"), l, directions, op.MatrixTriangularSolveAdjoint(true))
	return kernel, centring(s.SubScope("bias"), mean, kernel)
}

// withoutClass adds the features [n,F] minus the mean of each one's class.
func withoutClass(s *op.Scope, x Examples) tf.Output {
	sums := op.UnsortedSegmentSum(s.SubScope("sums"), x.Features, x.Labels, x.Classes)
	ones := op.OnesLike(s.SubScope("ones"), op.Cast(s.SubScope("float"), x.Labels, tf.Double))
	counts := op.UnsortedSegmentSum(s.SubScope("counts"), ones, x.Labels, x.Classes)
	column := op.ExpandDims(s.SubScope("column"), counts, tg.Const(s.SubScope("last"), int32(1)))
	means := op.Div(s.SubScope("means"), sums, column)
	own := op.GatherV2(s.SubScope("own"), means, x.Labels, tg.Const(s.SubScope("axis"), int32(0)))
	return op.Sub(s.SubScope("rest"), x.Features, own)
}
