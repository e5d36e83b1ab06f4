package layer

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
)

// Window is where a convolution or a pool looks, in both directions. The
// gradients of the runtime drop explicit paddings and dilations, so there is no
// dilation, and padding is an operation of its own.
type Window struct {
	Size   int64 // side, in pixels; > 0
	Stride int64 // pixels from one window to the next; > 0
	Before int64 // rows and columns of zeros put in front of the image
	After  int64 // and behind it
}

// Same returns the window of stride 1 whose output is as large as its input;
// size is odd.
func Same(size int64) Window {
	return Window{Size: size, Stride: 1, Before: (size - 1) / 2, After: (size - 1) / 2}
}

// place adds the zeros of w to x [N,H,W,C] float32, and returns what an operation
// with this window takes: input, strides and padding. The runtime's own padding copies nothing; it is
// taken wherever it adds the same zeros, also none.
func (w Window) place(s *op.Scope, x tf.Output) (padded tf.Output, strides []int64, padding string) {
	strides = []int64{1, w.Stride, w.Stride, 1}
	switch {
	case w.same(x.Shape().Size(1)) && w.same(x.Shape().Size(2)):
		return x, strides, "SAME"
	case w.Before+w.After == 0:
		return x, strides, "VALID"
	}
	before, after := int32(w.Before), int32(w.After)
	zeros := tg.Const(s.SubScope("zeros"), [][]int32{{0, 0}, {before, after}, {before, after}, {0, 0}})
	return op.Pad(s.SubScope("pad"), x, zeros), strides, "VALID"
}

// same reports whether "SAME" adds the zeros of w to this side: so many that there are ⌈side/stride⌉
// windows, the odd one behind.
func (w Window) same(side int64) bool {
	windows := (side + w.Stride - 1) / w.Stride
	zeros := max((windows-1)*w.Stride+w.Size-side, 0)
	return w.Before == zeros/2 && w.After == zeros-zeros/2
}

// Conv convolves x [N,H,W,C] float32 with a kernel [size,size,C,filters], without
// bias: y [N,H',W',filters], H' = (H + before + after - size)/stride + 1, rounded down.
func Conv(s *op.Scope, v *variable.Set, x tf.Output, filters int64, w Window) tf.Output {
	channels, ok := dimension(s, x, 4, 3)
	if !ok {
		return x
	}
	kernel := v.Create("kernel", []int64{w.Size, w.Size, channels, filters}, variable.GlorotUniform)
	return convolve(s, x, kernel.Read, w)
}

func convolve(s *op.Scope, x, kernel tf.Output, w Window) tf.Output {
	x, strides, padding := w.place(s, x)
	return op.Conv2D(s.SubScope("convolve"), x, as(s.SubScope("kernel"), kernel, x), strides, padding)
}

// DepthwiseConv convolves each channel of x [N,H,W,C] float32 with a kernel of its
// own, [size,size,C,1], without bias: y [N,H',W',C], sizes as in Conv.
func DepthwiseConv(s *op.Scope, v *variable.Set, x tf.Output, w Window) tf.Output {
	channels, ok := dimension(s, x, 4, 3)
	if !ok {
		return x
	}
	kernel := v.Create("kernel", []int64{w.Size, w.Size, channels, 1}, variable.DepthwiseUniform)
	return convolveDepthwise(s, x, kernel.Read, w)
}

func convolveDepthwise(s *op.Scope, x, kernel tf.Output, w Window) tf.Output {
	x, strides, padding := w.place(s, x)
	return op.DepthwiseConv2dNative(s.SubScope("convolve"), x, as(s.SubScope("kernel"), kernel, x), strides, padding)
}
