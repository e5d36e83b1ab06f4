package backbone

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/internal/named"
)

// resNet50Options are the options of the "resnet50" backbone.
type resNet50Options struct {
	StrideOn   string `yaml:"stride_on"`  // the convolution of a block that halves the image: 1x1 or 3x3
	Preprocess string `yaml:"preprocess"` // how pixels are normalized: caffe, torch or tf
	tuned      `yaml:",inline"`
}

var resNet50 = named.Row[Backbone]{
	Brief: "the 50-layer residual net with bottlenecks, then the average over pixels",
	Paper: "He et al., Deep Residual Learning, 2016, arXiv:1512.03385, table 1; stride on the 3×3: " +
		"Goyal et al., Accurate, Large Minibatch SGD, 2017, arXiv:1706.02677, section 5.1",
	New: func(raw named.Raw) (Backbone, error) {
		// As Keras Applications has it. torchvision: 3x3, torch, bn_epsilon 1e-5, bn_momentum 0.9.
		o := resNet50Options{StrideOn: "1x1", Preprocess: "caffe", tuned: tuned{
			Freeze: "none", Pool: average, Norm: layer.Norm{Momentum: 0.99, Epsilon: 1.001e-5}}}
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		if o.StrideOn != "1x1" && o.StrideOn != "3x3" {
			return Backbone{}, fmt.Errorf("stride_on must be 1x1 or 3x3, got %q", o.StrideOn)
		}
		normalize, ok := preprocesses[o.Preprocess]
		if !ok {
			return Backbone{}, fmt.Errorf("preprocess must be caffe, torch or tf, got %q", o.Preprocess)
		}
		stages := []stage{resNet50Stem}
		for i, blocks := range []int{3, 4, 6, 3} {
			stages = append(stages, func(p part, x tf.Output) tf.Output {
				return o.stage(p, x, i+2, blocks)
			})
		}
		return o.stack(32, normalize, stages) // five halvings leave a pixel
	},
}

// resNet50Stem adds stage 1: 7×7 convolution with stride 2, batch norm, relu and,
// at the head of stage 2 in the paper, 3×3 max pooling with stride 2. Both are
// padded alike on all sides; zeros are the smallest values behind a relu.
func resNet50Stem(p part, x tf.Output) tf.Output {
	x = p.stem("conv1_conv", "conv1_bn", x, 64, layer.Window{Size: 7, Stride: 2, Before: 3, After: 3})
	x = op.Relu(p.scope.SubScope("conv1_relu"), x)
	return layer.MaxPool(p.scope.SubScope("pool1"), x, layer.Window{Size: 3, Stride: 2, Before: 1, After: 1})
}

// stage adds stage n: blocks with 64·2ⁿ⁻² channels inside, of which the first one
// of all stages but the second halves the image.
//
// Where that block has its stride on the 1×1, both of its convolutions read every other pixel in both
// directions, a quarter of what the stage before computes. So in inference the last block before it computes
// these alone, and the block itself has no stride. In training the norms of that last block need all pixels.
func (o resNet50Options) stage(p part, x tf.Output, n, blocks int) tf.Output {
	strideOn1 := o.StrideOn == "1x1"
	for block := range blocks {
		b := bottleneck{p: p, name: fmt.Sprintf("conv%d_block%d", n, block+1), stride: 1, every: 1,
			filters: 64 << (n - 2), strideOn3: !strideOn1, project: block == 0}
		if n > 2 && block == 0 && (!strideOn1 || !p.inferred) {
			b.stride = 2
		}
		if n < 5 && block == blocks-1 && strideOn1 && !p.mode.Training {
			b.every = 2
		}
		x = b.add(x)
	}
	return x
}

// bottleneck is one block of ResNet50. Convolutions have no bias: batch norm takes
// it away, and importing weights folds it into the moving mean.
type bottleneck struct {
	p         part
	name      string // as Keras has it: "conv2_block1"
	filters   int64  // of the first two convolutions; the third has four times as many
	stride    int64
	strideOn3 bool  // the 3×3 convolution has the stride, else the first 1×1
	every     int64 // which pixels of the output are read, in both directions: 1 all, 2 every other; needs stride 1
	project   bool  // the shortcut is a convolution
}

// add adds relu(shortcut(x) + 1×1 → 3×3 → 1×1), each with batch norm, relu between.
func (b bottleneck) add(x tf.Output) tf.Output {
	first, second := layer.Window{Size: 1, Stride: b.stride}, layer.Same(3)
	if b.strideOn3 {
		first.Stride, second.Stride = 1, b.stride
	}
	second.Stride *= b.every
	y := b.relu("_1_relu", b.convNorm(1, x, b.filters, first))
	y = b.relu("_2_relu", b.convNorm(2, y, b.filters, second))
	y = b.convNorm(3, y, 4*b.filters, layer.Same(1))
	switch {
	case b.project:
		x = b.convNorm(0, x, 4*b.filters, layer.Window{Size: 1, Stride: b.stride})
	case b.every > 1: // a maximum of one pixel is that pixel
		x = layer.MaxPool(b.p.scope.SubScope(b.name+"_every"), x, layer.Window{Size: 1, Stride: b.every})
	}
	return b.relu("_out", op.AddV2(b.p.scope.SubScope(b.name+"_add"), x, y))
}

func (b bottleneck) relu(suffix string, x tf.Output) tf.Output {
	return op.Relu(b.p.scope.SubScope(b.name+suffix), x)
}

func (b bottleneck) convNorm(i int, x tf.Output, filters int64, w layer.Window) tf.Output {
	name := fmt.Sprintf("%s_%d", b.name, i)
	return b.p.convNorm(name+"_conv", name+"_bn", x, filters, w)
}
