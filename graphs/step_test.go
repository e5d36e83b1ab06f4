package graphs

import (
	"testing"

	"github.com/tfpair/tfpair/internal/names"
)

// rowTransposes are those of a step: the gradient of a gather turns rows [M,D], of either side of a pair, twice,
// each time into the order that they have, which costs nothing.
const rowTransposes = 4

// TestStepIsTheNetwork: an update computes no gradient of images, none of what is not trained, and turns no
// picture round. ResNet50 has 53 convolutions, of which 11 are in stages 1 and 2; where stage 3 begins, two
// convolutions see what nothing before is trained for.
func TestStepIsTheNetwork(t *testing.T) {
	for backbone, want := range map[string]struct{ kernels, inputs int }{
		"backbone={smallconv: {filters: [3, 4], dense: 5}}": {2, 1},
		"backbone={resnet50: {freeze: stage2}}":             {42, 40},
	} {
		g, err := decoded(mustBuild(t, small(t, "input.size=32", backbone)).TF)
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := g.Needed(names.Train)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, n := range nodes {
			found[n.Op]++
		}
		if found["Conv2DBackpropFilter"] != want.kernels || found["Conv2DBackpropInput"] != want.inputs || found["Transpose"] != rowTransposes {
			t.Errorf("%s: %d gradients of kernels, %d of their inputs, %d transposes; want %d, %d, %d", backbone,
				found["Conv2DBackpropFilter"], found["Conv2DBackpropInput"], found["Transpose"], want.kernels, want.inputs, rowTransposes)
		}
	}
}
