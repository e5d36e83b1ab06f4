package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// MaxPool takes the maximum of each size×size block of x [N,H,W,C] float32:
// y [N,H/size,W/size,C], rounded down.
func MaxPool(s *op.Scope, x tf.Output, size int64) tf.Output {
	window := []int64{1, size, size, 1}
	return op.MaxPool(s.SubScope("maximum"), x, window, window, "VALID")
}

// GlobalAverage takes the mean over the pixels of x [N,H,W,C] float32: y [N,C].
func GlobalAverage(s *op.Scope, x tf.Output) tf.Output {
	return op.Mean(s.SubScope("mean"), x, tg.Const(s.SubScope("pixels"), []int32{1, 2}))
}

// GlobalMax takes the maximum over the pixels of x [N,H,W,C] float32: y [N,C].
func GlobalMax(s *op.Scope, x tf.Output) tf.Output {
	return op.Max(s.SubScope("maximum"), x, tg.Const(s.SubScope("pixels"), []int32{1, 2}))
}
