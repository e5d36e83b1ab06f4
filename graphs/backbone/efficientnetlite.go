package backbone

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/internal/named"
)

var efficientNetLite0 = named.Row[Backbone]{
	Brief: "mobile inverted bottlenecks without squeeze-excite, then the average over pixels",
	Paper: "Tan and Le, EfficientNet, 2019, arXiv:1905.11946, table 1, in the form for quantization " +
		"(EfficientNet-Lite0): relu6, no squeeze-excite, stem and head not scaled",
	New: func(raw named.Raw) (Backbone, error) {
		o := tuned{Freeze: "none", Pool: average, Norm: layer.Norm{Momentum: 0.99, Epsilon: 1e-3}} // the released model's
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		return o.stack(32, liteNormalize, liteStages()) // five halvings leave a pixel
	},
}

// liteNormalize adds (images - 127)/128.
func liteNormalize(s *op.Scope, images tf.Output) tf.Output {
	return centred(s, images, []float32{127, 127, 127}, []float32{128, 128, 128})
}

// liteStage is a row of the paper's table: the first of its blocks has the stride.
type liteStage struct {
	blocks              int
	size, stride        int64
	expand, in, filters int64
}

// liteStages returns stages 1 to 9 of the paper's table.
func liteStages() []stage {
	stages := []stage{func(p part, x tf.Output) tf.Output {
		return p.relu6("stem_relu", p.convNorm("stem_conv", "stem_bn", x, 32, halving(3)))
	}}
	first := 0
	for _, row := range []liteStage{
		{1, 3, 1, 1, 32, 16},
		{2, 3, 2, 6, 16, 24},
		{2, 5, 2, 6, 24, 40},
		{3, 3, 2, 6, 40, 80},
		{3, 5, 1, 6, 80, 112},
		{4, 5, 2, 6, 112, 192},
		{1, 3, 1, 6, 192, 320},
	} {
		at := first
		stages = append(stages, func(p part, x tf.Output) tf.Output { return row.add(p, x, at) })
		first += row.blocks
	}
	return append(stages, func(p part, x tf.Output) tf.Output {
		return p.relu6("head_relu", p.convNorm("head_conv", "head_bn", x, 1280, layer.Same(1)))
	})
}

// halving is the window of stride 2 that the released model pads with zeros as
// TensorFlow's SAME does for an even side, whatever the side: one more behind.
func halving(size int64) layer.Window {
	return layer.Window{Size: size, Stride: 2, Before: (size - 2) / 2, After: (size - 1) / 2}
}

// add adds the blocks of r, numbered from first in the whole net.
func (r liteStage) add(p part, x tf.Output, first int) tf.Output {
	for i := range r.blocks {
		w, in := layer.Same(r.size), r.filters
		if i == 0 {
			in = r.in
			if r.stride == 2 {
				w = halving(r.size)
			}
		}
		x = r.block(p.sub(fmt.Sprintf("block%d", first+i)), x, in, w)
	}
	return x
}

// block adds 1×1 expansion → depthwise convolution → 1×1 projection, each with batch
// norm, relu6 behind the first two; and x, where the shapes allow it.
func (r liteStage) block(p part, x tf.Output, in int64, w layer.Window) tf.Output {
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
