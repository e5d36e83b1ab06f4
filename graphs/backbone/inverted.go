package backbone

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/internal/named"
)

// inverted is a net of mobile inverted bottlenecks (Sandler et al., MobileNetV2, 2018,
// arXiv:1801.04381, section 3.3), as a table: a stem with stride 2, stages of blocks, and a last
// convolution.
type inverted struct {
	brief, paper string
	preprocess   preprocess
	norm         layer.Norm // of the released model
	// pixels is the side of the images that the released model was made for. It pads with zeros as
	// TensorFlow's SAME does for the sides that maps then have, whatever side they have. 0: as
	// PyTorch does, (size-1)/2 on all sides.
	pixels int64
	stages []invertedStage
}

// invertedStage is a row of the table: the first of its blocks has the stride.
type invertedStage struct {
	blocks          int
	size, stride    int64
	expand, filters int64
}

// What all nets here begin and end with.
const (
	stemFilters = 32
	headFilters = 1280
)

// row returns the backbone. Its stages are numbered from 1, the stem, on; the last is the last
// convolution. Five halvings leave a pixel of 32.
func (n inverted) row() named.Row[Backbone] {
	return named.Row[Backbone]{Brief: n.brief, Paper: n.paper, New: func(raw named.Raw) (Backbone, error) {
		o := tuned{Freeze: "none", Pool: average, Norm: n.norm}
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		return o.stack(32, n.preprocess, n.all())
	}}
}

// all returns the stem, the stages and the last convolution.
func (n inverted) all() []stage {
	side := n.pixels
	stem := n.window(3, 2, side)
	stages := []stage{func(p part, x tf.Output) tf.Output {
		return p.relu6("stem_relu", p.stem("stem_conv", "stem_bn", x, stemFilters, stem))
	}}
	side = (side + 1) / 2
	first, in := 0, int64(stemFilters)
	for _, row := range n.stages {
		of, at, from := n.window(row.size, row.stride, side), first, in
		stages = append(stages, func(p part, x tf.Output) tf.Output { return row.add(p, x, of, at, from) })
		side, first, in = (side+row.stride-1)/row.stride, first+row.blocks, row.filters
	}
	return append(stages, func(p part, x tf.Output) tf.Output {
		return p.relu6("head_relu", p.convNorm("head_conv", "head_bn", x, headFilters, layer.Same(1)))
	})
}

// window returns that of a convolution of this size and stride on a map of this side.
func (n inverted) window(size, stride, side int64) layer.Window {
	w := layer.Same(size)
	if w.Stride = stride; stride == 2 && n.pixels > 0 && side%2 == 0 {
		w.Before, w.After = (size-2)/2, (size-1)/2
	}
	return w
}

// add adds the blocks of r, numbered from first in the whole net. The first of them has the window w
// and so many channels in.
func (r invertedStage) add(p part, x tf.Output, w layer.Window, first int, in int64) tf.Output {
	for i := range r.blocks {
		x = r.block(p.sub(fmt.Sprintf("block%d", first+i)), x, in, w)
		w, in = layer.Same(r.size), r.filters
	}
	return x
}

// block adds 1×1 expansion → depthwise convolution → 1×1 projection, each with batch
// norm, relu6 behind the first two; and x, where the shapes allow it.
func (r invertedStage) block(p part, x tf.Output, in int64, w layer.Window) tf.Output {
	y := x
	if r.expand > 1 {
		y = p.relu6("expand_relu", p.convNorm("expand_conv", "expand_bn", y, r.expand*in, layer.Same(1)))
	}
	y = p.relu6("depthwise_relu", p.depthwiseNorm("depthwise_conv", "depthwise_bn", y, w))
	y = p.convNorm("project_conv", "project_bn", y, r.filters, layer.Same(1))
	if w.Stride == 1 && in == r.filters {
		y = op.AddV2(p.scope.SubScope("add"), y, x)
	}
	return y
}

func (p part) relu6(name string, x tf.Output) tf.Output {
	return op.Relu6(p.scope.SubScope(name), x)
}
