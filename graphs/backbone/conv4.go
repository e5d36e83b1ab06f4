package backbone

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// conv4Options are the options of the "conv4" backbone.
type conv4Options struct {
	Filters    int64  `yaml:"filters"` // channels of each of the four convolutions; > 0
	Pool       string `yaml:"pool"`    // how pixels become features: flatten, average or gem
	layer.Norm `yaml:",inline"`
}

var conv4 = named.Row[Backbone]{
	Brief: "four times 3×3 convolution, batch norm, relu and 2×2 max pooling: the few-shot net",
	Paper: "Vinyals et al., Matching Networks, 2016, arXiv:1606.04080, section 4.1.1; " +
		"Snell et al., Prototypical Networks, 2017, arXiv:1703.05175, section 3.1",
	New: func(raw named.Raw) (Backbone, error) {
		o := conv4Options{Filters: 64, Pool: flatten, // the papers' values
			// PyTorch's momentum, for trainings of hundreds of steps, and Keras' ε
			Norm: layer.Norm{Momentum: 0.9, Epsilon: 1e-3}}
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		if o.Filters <= 0 {
			return Backbone{}, fmt.Errorf("filters must be positive, got %d", o.Filters)
		}
		if o.Pool != flatten && o.Pool != average && o.Pool != gem {
			return Backbone{}, fmt.Errorf("pool must be %s, %s or %s, got %q", flatten, average, gem, o.Pool)
		}
		return Backbone{MinSize: 1 << conv4Blocks, Modes: true, Build: o.build}, o.Validate()
	},
}

const conv4Blocks = 4

// How the last feature map becomes features.
const (
	flatten = "flatten" // [N,H,W,C] → [N,H·W·C]
	average = "average" // [N,H,W,C] → [N,C]
	gem     = "gem"     // likewise, the generalized mean, whose power is learned
)

// build adds four blocks [conv → batch norm → pool → relu], then flatten or a mean.
// Relu keeps the order of numbers, so behind the pool it gives the same on a
// quarter of them; folded it stands in front of it, as part of the convolution. The convolutions
// have no bias: batch norm would take it away.
func (o conv4Options) build(s *op.Scope, v *variable.Set, m layer.Mode,
	images tf.Output) tf.Output {
	p := part{scope: s, variables: v, mode: m, norm: o.Norm}
	x := m.Enter(s, layer.Pixels(s.SubScope("pixels"), images))
	for i := range conv4Blocks {
		relu := func() { x = op.Relu(s.SubScope(fmt.Sprintf("relu%d", i+1)), x) }
		x = p.convNorm(fmt.Sprintf("conv%d", i+1), fmt.Sprintf("norm%d", i+1), x, o.Filters, layer.Same(3))
		if m.Folded {
			relu()
		}
		x = layer.MaxPool(s.SubScope(fmt.Sprintf("pool%d", i+1)), x, layer.Halve())
		if !m.Folded {
			relu()
		}
	}
	switch o.Pool {
	case gem:
		return layer.GeneralizedMean(s.SubScope("pool"), v.Sub("pool"), x)
	case average:
		return layer.GlobalAverage(s.SubScope("average"), x)
	}
	return layer.Float(s, layer.Flatten(s.SubScope("flatten"), x))
}
