package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// MaxPool takes the maximum of each window of x [N,H,W,C] float32: y [N,H',W',C],
// sizes as in Conv. Where w has zeros around the image, x must not be negative.
func MaxPool(s *op.Scope, x tf.Output, w Window) tf.Output {
	x, strides, padding := w.place(s, x)
	return op.MaxPool(s.SubScope("maximum"), x, []int64{1, w.Size, w.Size, 1}, strides, padding)
}

// Halve returns the window of non-overlapping 2×2 blocks; an odd last row or column is
// left out.
func Halve() Window { return Window{Size: 2, Stride: 2} }

// GlobalAverage takes the mean over the pixels of x [N,H,W,C] float32: y [N,C].
func GlobalAverage(s *op.Scope, x tf.Output) tf.Output {
	return op.Mean(s.SubScope("mean"), Float(s, x), tg.Const(s.SubScope("pixels"), []int32{1, 2}))
}

// GlobalMax takes the maximum over the pixels of x [N,H,W,C] float32: y [N,C].
func GlobalMax(s *op.Scope, x tf.Output) tf.Output {
	return op.Max(s.SubScope("maximum"), Float(s, x), tg.Const(s.SubScope("pixels"), []int32{1, 2}))
}

// GeneralizedMean takes the generalized mean over the pixels of x [N,H,W,C] float32: y [N,C] > 0.
//
//	y = (mean max(x, ε)^p)^(1/p)
//
// p is a variable of one number, which starts at 3 and counts as at least 1: at 1 it is the average, and
// the larger it is the nearer it comes to the maximum. Radenović et al., Fine-tuning CNN Image Retrieval with No
// Human Annotation, 2018, arXiv:1711.02512, section 3.2; ε is that of their code.
func GeneralizedMean(s *op.Scope, v *variable.Set, x tf.Output) tf.Output {
	if _, ok := dimension(s, x, 4, 3); !ok {
		return x
	}
	x = Float(s, x)
	power := v.Free().Create(names.Power, []int64{1}, variable.Three)
	p := op.Maximum(s.SubScope("power"), power.Read, tg.Const(s.SubScope("least_power"), float32(1)))
	x = op.Maximum(s.SubScope("positive"), x, tg.Const(s.SubScope("epsilon"), float32(1e-6)))
	pixels := tg.Const(s.SubScope("pixels"), []int32{1, 2})
	// In shares of the largest pixel, no power overflows and no mean is 0, whose root has no gradient. The
	// result does not depend on what it is a share of.
	largest := op.StopGradient(s.SubScope("constant"), op.Max(s.SubScope("largest"), x, pixels, op.MaxKeepDims(true)))
	shares := op.Div(s.SubScope("shares"), x, largest)
	mean := op.Mean(s.SubScope("mean"), op.Pow(s.SubScope("powers"), shares, p), pixels)
	root := op.Pow(s.SubScope("root"), mean, op.Reciprocal(s.SubScope("inverse"), p))
	return op.Mul(s.SubScope("whole"), root, op.Squeeze(s.SubScope("flat"), largest, op.SqueezeAxis([]int64{1, 2})))
}
