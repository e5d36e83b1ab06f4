package weights

import (
	"fmt"
	"regexp"
	"strconv"
)

var mobileModule = regexp.MustCompile(`^features\.(\d+)\.(?:(\d+)|conv\.(\d+))$`)

// What the modules of a block are, by number: the first block does not expand.
var (
	mobileFirst = map[string]string{"0": "depthwise_conv", "1": "depthwise_bn", "3": "project_conv", "4": "project_bn"}
	mobileBlock = map[string]string{"0": "expand_conv", "1": "expand_bn", "3": "depthwise_conv", "4": "depthwise_bn",
		"6": "project_conv", "7": "project_bn"}
)

// mobileNames are those of MobileNetV2 as a list of modules: the stem is 0, the last convolution 18,
// and block I is I+1.
func mobileNames(*File, Network) naming {
	ends := map[string]string{"0.0": "stem_conv", "0.1": "stem_bn", "18.0": "head_conv", "18.1": "head_bn"}
	return torchNames(func(module string) string {
		groups := mobileModule.FindStringSubmatch(module)
		if groups == nil {
			return ""
		}
		if groups[2] != "" {
			return ends[groups[1]+"."+groups[2]]
		}
		number, err := strconv.Atoi(groups[1])
		if err != nil {
			return ""
		}
		of := mobileBlock
		if number == 1 {
			of = mobileFirst
		}
		if layer := of[groups[3]]; layer != "" {
			return fmt.Sprintf("block%d/%s", number-1, layer)
		}
		return ""
	}, "classifier", "classifier.1")
}
