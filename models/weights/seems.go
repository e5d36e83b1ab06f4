package weights

import (
	"fmt"
	"slices"
	"strings"
)

// resNetBlocks are the blocks of the stages of residual nets.
var resNetBlocks = []struct {
	name       string
	blocks     []int
	bottleneck bool
}{
	{"resnet18", []int{2, 2, 2, 2}, false},
	{"resnet34", []int{3, 4, 6, 3}, false},
	{"resnet50", []int{3, 4, 6, 3}, true},
	{"resnet101", []int{3, 4, 23, 3}, true},
	{"resnet152", []int{3, 8, 36, 3}, true},
}

// seemsOf returns the network that a file which does not fit seems to be of, "" where there
// is no telling. Only the names and the widths of the first block are looked at.
func (i *importer) seemsOf() string {
	squeezes := func(t Tensor) bool { return strings.Contains(t.Name, "_se_reduce") }
	if slices.ContainsFunc(i.file.Tensors, squeezes) {
		return "an EfficientNet with squeeze-excite"
	}
	blocks, third := make([]int, 4), false
	for key := range i.found {
		layer := strings.TrimPrefix(key, ownPrefix)
		layer = layer[:strings.LastIndexByte(layer, '/')]
		if at := resNetLayer(layer); at != nil && at[0] >= 2 && at[0] <= 5 {
			blocks[at[0]-2] = max(blocks[at[0]-2], at[1])
			third = third || at[2] == 3
		}
	}
	for _, of := range resNetBlocks {
		if slices.Equal(of.blocks, blocks) && of.bottleneck == third {
			return of.name + i.width()
		}
	}
	if blocks[0] > 0 {
		return fmt.Sprintf("a residual net with %v blocks", blocks)
	}
	return ""
}

// width says how the first 3×3 convolution of a bottleneck differs from [3,3,64,64].
func (i *importer) width() string {
	shape := i.found[ownPrefix+"conv2_block1_2_conv/kernel"].Shape
	switch {
	case len(shape) != 4:
		return ""
	case shape[2] < shape[3]:
		return fmt.Sprintf(" with convolutions in %d groups (a ResNeXt)", shape[3]/max(1, shape[2]))
	case shape[3] > 64:
		return fmt.Sprintf(", %g times as wide", float64(shape[3])/64)
	}
	return ""
}
