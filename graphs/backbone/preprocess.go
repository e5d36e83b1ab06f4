package backbone

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
)

// preprocess is how a network wants its pixels: (channel - mean)/scale of each, in the network's order. Padding comes after
// it: zeros then stand for the mean.
type preprocess struct {
	bgr         bool       // the network's first channel is blue, else red
	mean, scale [3]float32 // in the network's order
}

// preprocesses are the ways to normalize pixels that imported weights know, by the names of Keras Applications.
var preprocesses = map[string]preprocess{
	// BGR minus ImageNet's mean, not scaled.
	"caffe": {bgr: true, mean: [3]float32{103.939, 116.779, 123.68}, scale: [3]float32{1, 1, 1}},
	// RGB in [0,1], minus ImageNet's mean, over its standard deviation.
	"torch": {mean: [3]float32{0.485 * 255, 0.456 * 255, 0.406 * 255},
		scale: [3]float32{0.229 * 255, 0.224 * 255, 0.225 * 255}},
	// RGB in [-1,1].
	"tf": {mean: [3]float32{127.5, 127.5, 127.5}, scale: [3]float32{127.5, 127.5, 127.5}},
}

// start adds what comes before the stem of a network in this mode.
func (p preprocess) start(s *op.Scope, images tf.Output, m layer.Mode) tf.Output {
	if m.Folded {
		return p.centre(s, images)
	}
	return p.normalize(s, images)
}

// normalize adds images [N,H,W,3] uint8 RGB → [N,H,W,3] float32.
func (p preprocess) normalize(s *op.Scope, images tf.Output) tf.Output {
	if p.bgr {
		channels := tg.Const(s.SubScope("channels"), []int32{3})
		images = op.ReverseV2(s.SubScope("bgr"), images, channels)
	}
	return op.Div(s.SubScope("scale"), centred(s, images, p.mean), each(s.SubScope("deviation"), p.scale))
}

// centre adds the part of normalize that a kernel cannot do, because padding comes between: images minus the mean, in the
// order of the images. The kernel of the stem does the rest, of inputs.
func (p preprocess) centre(s *op.Scope, images tf.Output) tf.Output {
	mean := p.mean
	if p.bgr {
		mean[0], mean[2] = mean[2], mean[0]
	}
	return centred(s, images, mean)
}

// inputs says which channels of the images a kernel sees behind centre.
func (p preprocess) inputs() []layer.Input {
	list := make([]layer.Input, len(p.mean))
	for c := range list {
		of := c
		if p.bgr {
			of = len(list) - 1 - c
		}
		list[c] = layer.Input{Channel: of, Scale: p.scale[of]}
	}
	return list
}

func centred(s *op.Scope, images tf.Output, mean [3]float32) tf.Output {
	x := op.Cast(s.SubScope("float"), images, tf.Float)
	return op.Sub(s.SubScope("centre"), x, row(s.SubScope("mean"), mean, x))
}

// row is each, repeated over a row of pixels of x where its width is known: the runtime takes such numbers from one another as a
// row, and three of them a pixel at a time, which takes five times as long.
func row(s *op.Scope, values [3]float32, x tf.Output) tf.Output {
	width := int64(-1)
	if x.Op != nil && x.Shape().NumDimensions() == 4 {
		width = x.Shape().Size(2)
	}
	if width < 1 || values[0] == values[1] && values[1] == values[2] {
		return each(s, values)
	}
	pixels := make([][3]float32, width)
	for i := range pixels {
		pixels[i] = values
	}
	return tg.Const(s, pixels)
}

// each adds a constant for each channel, or one number where they are equal: the runtime then need not repeat three numbers
// over all pixels, which takes longer than the arithmetic.
func each(s *op.Scope, values [3]float32) tf.Output {
	if values[0] == values[1] && values[1] == values[2] {
		return tg.Const(s, values[0])
	}
	return tg.Const(s, values[:])
}
