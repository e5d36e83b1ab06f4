package graphs

import (
	"slices"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// lean returns graph whose gradients of relu6 look at what relu6 gave. The runtime has them look at what it took, which nothing else needs
// by then: a third of what a step of EfficientNet keeps. A gradient passes where that is between 0 and 6, and so is, there and nowhere
// else, what relu6 gave. Gradients stay as they are, to the bit.
func lean(graph *tf.Graph) (*tf.Graph, error) {
	if !slices.ContainsFunc(graph.Operations(), func(o tf.Operation) bool { return o.Type() == "Relu6Grad" }) {
		return graph, nil
	}
	g, err := decoded(graph)
	if err != nil {
		return nil, err
	}
	gives, gradients := map[string]string{}, []*graphdef.Node{} // relu6, by what it takes
	for _, n := range g.All() {
		switch n.Op {
		case "Relu6":
			gives[n.Input[0]] = n.Name
		case "Relu6Grad": // of a gradient, and of what relu6 took
			gradients = append(gradients, n)
		}
	}
	for _, n := range gradients {
		if y, ok := gives[n.Input[1]]; ok {
			n.Input[1] = y
		}
	}
	def, err := g.EncodeInOrder()
	if err != nil {
		return nil, err
	}
	kept := tf.NewGraph()
	return kept, kept.Import(def, "")
}
