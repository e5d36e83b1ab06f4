package backbone

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// smallResNetOptions are the options of the "smallresnet" backbone.
type smallResNetOptions struct {
	Depth      int     `yaml:"depth"`   // layers with weights on the way through: 8, 14, 20, … = 6n + 2
	Width      int64   `yaml:"width"`   // the three stages have 16, 32 and 64 times as many channels; > 0
	Dropout    float32 `yaml:"dropout"` // share dropped between the two convolutions of a block; 0 <= dropout < 1
	layer.Norm `yaml:",inline"`
}

var smallResNet = named.Row[Backbone]{
	Brief: "residual blocks in three stages for small images, then the average over pixels",
	Paper: "He et al., Deep Residual Learning, 2016, arXiv:1512.03385, section 4.2; width and dropout: " +
		"Zagoruyko and Komodakis, Wide Residual Networks, 2016, arXiv:1605.07146",
	New: func(raw named.Raw) (Backbone, error) {
		// Two blocks a stage and twice He's channels: 0.7 M parameters.
		o := smallResNetOptions{Depth: 14, Width: 2, Norm: layer.Norm{Momentum: 0.9, Epsilon: 1e-3}}
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		switch {
		case o.Depth < 8 || o.Depth%6 != 2:
			return Backbone{}, fmt.Errorf("depth must be 8, 14, 20 or more, 6n + 2, got %d", o.Depth)
		case o.Width <= 0:
			return Backbone{}, fmt.Errorf("width must be positive, got %d", o.Width)
		case !(o.Dropout >= 0 && o.Dropout < 1):
			return Backbone{}, fmt.Errorf("dropout must be in [0,1), got %g", o.Dropout)
		}
		return Backbone{MinSize: 4, Modes: true, Build: o.build}, o.Validate() // 4 → 2 → 1 pixel
	},
}

// build adds conv → batch norm → relu, three stages of blocks, the later two
// starting with stride 2, and the average over pixels.
func (o smallResNetOptions) build(s *op.Scope, v *variable.Set, m layer.Mode,
	images tf.Output) tf.Output {
	p := part{scope: s, variables: v, mode: m, norm: o.Norm}
	x := m.Enter(s, layer.Pixels(s.SubScope("pixels"), images))
	x = op.Relu(s.SubScope("relu"), p.convNorm("conv", "norm", x, 16*o.Width, layer.Same(3)))
	for stage := range 3 {
		for block := range (o.Depth - 2) / 6 {
			w := layer.Same(3)
			if stage > 0 && block == 0 {
				w.Stride = 2
			}
			name := fmt.Sprintf("stage%d/block%d", stage+1, block+1)
			x = o.block(p.sub(name), name, x, 16*o.Width<<stage, w)
		}
	}
	return layer.GlobalAverage(s.SubScope("average"), x)
}

// block adds relu(x + conv → batch norm → relu → dropout → conv → batch norm). Where
// the shape changes, a 1×1 convolution with batch norm brings x to it: He's option B.
func (o smallResNetOptions) block(p part, name string, x tf.Output, filters int64,
	w layer.Window) tf.Output {
	y := op.Relu(p.scope.SubScope("relu1"), p.convNorm("conv1", "norm1", x, filters, w))
	y = layer.Dropout(p.scope.SubScope("dropout"), p.mode, name, y, o.Dropout)
	y = p.convNorm("conv2", "norm2", y, filters, layer.Same(3))
	if w.Stride > 1 || channels(x) != filters {
		x = p.convNorm("conv0", "norm0", x, filters, layer.Window{Size: 1, Stride: w.Stride})
	}
	return op.Relu(p.scope.SubScope("relu2"), op.AddV2(p.scope.SubScope("add"), x, y))
}
