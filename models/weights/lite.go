package weights

import (
	"fmt"
	"regexp"
	"strings"
)

var liteBlock = regexp.MustCompile(
	`^_blocks\.(\d+)\._(expand_conv|bn0|depthwise_conv|bn1|project_conv|bn2)$`)

// liteNames are those of the package for PyTorch: batch norms are counted within a block.
func liteNames(*File, Network) naming {
	outside := map[string]string{"_conv_stem": "stem_conv", "_bn0": "stem_bn", "_conv_head": "head_conv",
		"_bn1": "head_bn"}
	inside := map[string]string{"bn0": "expand_bn", "bn1": "depthwise_bn", "bn2": "project_bn"}
	return torchNames(func(module string) string {
		if layer, ok := outside[module]; ok {
			return layer
		}
		groups := liteBlock.FindStringSubmatch(module)
		if groups == nil {
			return ""
		}
		layer := groups[2]
		if norm, ok := inside[layer]; ok {
			layer = norm
		}
		return fmt.Sprintf("block%s/%s", groups[1], layer)
	}, "_fc")
}

// ownPrefix begins the keys of a backbone's variables, livePrefix with it those that a moving
// average follows: the average is the model.
const (
	ownPrefix  = "backbone/"
	livePrefix = "live/"
)

// ownNames are the keys of variables. What a checkpoint holds beside the backbone is left out.
func ownNames(*File, Network) naming {
	return func(name string) place {
		rest, ok := strings.CutPrefix(name, ownPrefix)
		slash := strings.LastIndexByte(rest, '/')
		if !ok || slash < 0 {
			return place{role: skipped}
		}
		return place{rest[:slash], rest[slash+1:], wanted}
	}
}
