package backbone

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// preprocesses are the ways to normalize pixels that imported weights know, by the
// names of Keras Applications: images [N,H,W,3] uint8 RGB → [N,H,W,3] float32.
var preprocesses = map[string]func(s *op.Scope, images tf.Output) tf.Output{
	// BGR minus ImageNet's mean, not scaled.
	"caffe": func(s *op.Scope, images tf.Output) tf.Output {
		channels := tg.Const(s.SubScope("channels"), []int32{3})
		bgr := op.ReverseV2(s.SubScope("bgr"), images, channels)
		return centred(s, bgr, []float32{103.939, 116.779, 123.68}, []float32{1, 1, 1})
	},
	// RGB in [0,1], minus ImageNet's mean, over its standard deviation.
	"torch": func(s *op.Scope, images tf.Output) tf.Output {
		return centred(s, images, []float32{0.485 * 255, 0.456 * 255, 0.406 * 255},
			[]float32{0.229 * 255, 0.224 * 255, 0.225 * 255})
	},
	// RGB in [-1,1].
	"tf": func(s *op.Scope, images tf.Output) tf.Output {
		return centred(s, images, []float32{127.5, 127.5, 127.5}, []float32{127.5, 127.5, 127.5})
	},
}

// centred adds (images - mean)/scale, both per channel. Padding comes after it: zeros
// then stand for the mean.
func centred(s *op.Scope, images tf.Output, mean, scale []float32) tf.Output {
	x := op.Cast(s.SubScope("float"), images, tf.Float)
	x = op.Sub(s.SubScope("centre"), x, tg.Const(s.SubScope("mean"), mean))
	return op.Div(s.SubScope("scale"), x, tg.Const(s.SubScope("deviation"), scale))
}
