package backbone

import (
	"math"

	"github.com/tfpair/tfpair/graphs/layer"
)

// The members of the family. A new one is a row.
var (
	efficientNetLite0 = liteMember{width: 1, depth: 1, pixels: 224}.net()
	efficientNetLite1 = liteMember{width: 1, depth: 1.1, pixels: 240}.net()
	efficientNetLite2 = liteMember{width: 1.1, depth: 1.2, pixels: 260}.net()
)

// liteMember says how a member of the family differs from the first.
type liteMember struct {
	width, depth float64 // times the filters and the blocks of the first
	pixels       int64   // side of the images that it was made for
}

// liteStages are stages 2 to 8 of the paper's table.
var liteStages = []invertedStage{
	{1, 3, 1, 1, 16},
	{2, 3, 2, 6, 24},
	{2, 5, 2, 6, 40},
	{3, 3, 2, 6, 80},
	{3, 5, 1, 6, 112},
	{4, 5, 2, 6, 192},
	{1, 3, 1, 6, 320},
}

// net returns the network. The stem, the last convolution, and the numbers of blocks of the first
// and of the last stage are not scaled.
func (m liteMember) net() inverted {
	n := inverted{
		brief: "mobile inverted bottlenecks without squeeze-excite, then the average over pixels",
		paper: "Tan and Le, EfficientNet, 2019, arXiv:1905.11946, table 1, in the form for quantization " +
			"(EfficientNet-Lite): relu6, no squeeze-excite, stem and head not scaled",
		// (pixel - 127)/128
		preprocess: preprocess{mean: [3]float32{127, 127, 127}, scale: [3]float32{128, 128, 128}},
		norm:       layer.Norm{Momentum: 0.99, Epsilon: 1e-3}, // the released model's
		pixels:     m.pixels,
	}
	for i, row := range liteStages {
		row.filters = m.filters(row.filters)
		if i > 0 && i < len(liteStages)-1 {
			row.blocks = int(math.Ceil(m.depth * float64(row.blocks)))
		}
		n.stages = append(n.stages, row)
	}
	return n
}

// filters returns the multiple of 8 that is nearest to so many, scaled, and not below nine tenths
// of that.
func (m liteMember) filters(n int64) int64 {
	scaled := m.width * float64(n)
	rounded := max(8, int64(scaled+4)/8*8)
	if float64(rounded) < 0.9*scaled {
		rounded += 8
	}
	return rounded
}
