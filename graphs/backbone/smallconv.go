package backbone

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// smallConvOptions are the options of the "smallconv" backbone.
type smallConvOptions struct {
	Filters []int64 `yaml:"filters,flow"` // channels of each convolution; at least one, each > 0
	Kernel  int64   `yaml:"kernel"`       // side of the convolutions' kernels, in pixels; > 0
	Dense   int64   `yaml:"dense"`        // width of the dense layer that ends it: F; > 0
}

var smallConv = named.Row[Backbone]{
	Brief: "convolutions with relu and 2×2 max pooling, then one linear dense layer",
	New: func(raw named.Raw) (Backbone, error) {
		o := smallConvOptions{Filters: []int64{32, 64}, Kernel: 3, Dense: 128} // program 1
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		if len(o.Filters) == 0 {
			return Backbone{}, fmt.Errorf("filters must name at least one convolution, got none")
		}
		for _, f := range append([]int64{o.Kernel, o.Dense}, o.Filters...) {
			if f <= 0 {
				return Backbone{}, fmt.Errorf("filters, kernel and dense must be positive, got %d", f)
			}
		}
		return Backbone{MinSize: o.minSize(), Build: o.build}, nil
	},
}

// minSize walks backwards from a single pixel: a pool doubles, a convolution adds kernel-1.
func (o smallConvOptions) minSize() int {
	size := int64(1)
	for range o.Filters {
		size = 2*size + o.Kernel - 1
	}
	return int(size)
}

// build adds [conv → pool → bias → relu] per filter count, then flatten → dense.
// Bias and relu never change which of four numbers is the largest, so behind the
// pool they give what they would give before it, to the bit, on a quarter of the
// numbers: 8 % of a training step of program 1. Folded they stand in front of it, where
// the runtime makes them part of the convolution.
func (o smallConvOptions) build(s *op.Scope, v *variable.Set, m layer.Mode,
	images tf.Output) tf.Output {
	x := m.Enter(s, layer.Pixels(s.SubScope("pixels"), images))
	for i, filters := range o.Filters {
		name := fmt.Sprintf("conv%d", i+1)
		pool := func() { x = layer.MaxPool(s.SubScope(fmt.Sprintf("pool%d", i+1)), x, layer.Halve()) }
		x = layer.Conv(s.SubScope(name), v.Sub(name), x, filters, layer.Window{Size: o.Kernel, Stride: 1})
		if !m.Folded {
			pool()
		}
		x = layer.Bias(s.SubScope(fmt.Sprintf("bias%d", i+1)), v.Sub(name), x)
		x = op.Relu(s.SubScope(fmt.Sprintf("relu%d", i+1)), x)
		if m.Folded {
			pool()
		}
	}
	x = layer.Flatten(s.SubScope("flatten"), x)
	return layer.Dense(s.SubScope("dense"), v.Sub("dense"), x, o.Dense)
}
