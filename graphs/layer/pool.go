package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
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
	return op.Mean(s.SubScope("mean"), x, tg.Const(s.SubScope("pixels"), []int32{1, 2}))
}

// GlobalMax takes the maximum over the pixels of x [N,H,W,C] float32: y [N,C].
func GlobalMax(s *op.Scope, x tf.Output) tf.Output {
	return op.Max(s.SubScope("maximum"), x, tg.Const(s.SubScope("pixels"), []int32{1, 2}))
}
