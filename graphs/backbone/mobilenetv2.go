package backbone

import "github.com/tfpair/tfpair/graphs/layer"

// mobileNetV2 is the network of width 1, as PyTorch's models have it.
var mobileNetV2 = inverted{
	brief:      "mobile inverted bottlenecks, then the average over pixels",
	paper:      "Sandler et al., MobileNetV2, 2018, arXiv:1801.04381, table 2",
	preprocess: preprocesses["torch"],
	norm:       layer.Norm{Momentum: 0.9, Epsilon: 1e-5}, // PyTorch's
	stages: []invertedStage{
		{1, 3, 1, 1, 16},
		{2, 3, 2, 6, 24},
		{3, 3, 2, 6, 32},
		{4, 3, 2, 6, 64},
		{3, 3, 1, 6, 96},
		{3, 3, 2, 6, 160},
		{1, 3, 1, 6, 320},
	},
}
