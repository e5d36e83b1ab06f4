package gate

import (
	"slices"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
)

// role says when a node may run. A node may have several.
type role uint8

const (
	answering role = 1 << iota // for a signature, or for what the caller runs
	starting                   // once, when the model is loaded, after its variables are there
	restoring                  // once, when the model is loaded, to read its variables
	saving                     // when somebody saves it; nothing of ours does
)

// Names by which TensorFlow finds what runs when a model is loaded.
const initSignature = "__saved_model_init_op"

var initCollections = []string{"saved_model_main_op", "legacy_init_op"}

// assign finds the roles of all nodes and functions: what TensorFlow runs for a tensor is what its
// node depends on, through data and control edges and calls.
func (g *graph) assign(runs []string) {
	for _, run := range runs {
		g.reach(run, answering)
	}
	for name, s := range g.meta.GetSignatureDef() {
		r := answering
		if name == initSignature {
			r = starting
		}
		for _, tensors := range []map[string]*proto.TensorInfo{s.GetInputs(), s.GetOutputs()} {
			for _, t := range tensors {
				for _, tensor := range tensorsOf(t) {
					g.reach(tensor, r)
				}
			}
		}
	}
	for _, key := range initCollections {
		for _, name := range g.meta.GetCollectionDef()[key].GetNodeList().GetValue() {
			g.reach(name, starting)
		}
	}
	saver := g.meta.GetSaverDef()
	g.reach(saver.GetRestoreOpName(), restoring)
	g.reach(saver.GetSaveTensorName(), saving)
}

// tensorsOf returns the names of the tensors that an input or an output of a signature consists of.
func tensorsOf(t *proto.TensorInfo) []string {
	sparse := t.GetCooSparse()
	list := []string{t.GetName(), sparse.GetValuesTensorName(), sparse.GetIndicesTensorName(), sparse.GetDenseShapeTensorName()}
	for _, c := range t.GetCompositeTensor().GetComponents() {
		list = append(list, tensorsOf(c)...)
	}
	return slices.DeleteFunc(list, func(name string) bool { return name == "" })
}

// nodeOf returns the name of the node in "node:0", "node:out:0" or "^node".
func nodeOf(input string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(input, "^"), ":")
	return name
}

// reach gives r to the node of the graph that makes a tensor, and to all that this needs.
func (g *graph) reach(tensor string, r role) {
	open := []*node_def_go_proto.NodeDef{g.top.byName[nodeOf(tensor)]}
	for len(open) > 0 {
		n := open[len(open)-1]
		open = open[:len(open)-1]
		if n == nil || g.roles[n]&r != 0 {
			continue
		}
		g.roles[n] |= r
		for _, name := range g.calls(n) {
			g.call(name, r)
		}
		for _, input := range n.GetInput() {
			open = append(open, g.top.byName[nodeOf(input)])
		}
	}
}

// call gives r to a function and to all functions that any node of it calls.
func (g *graph) call(name string, r role) {
	open := []string{name}
	for len(open) > 0 {
		b := g.functions[open[len(open)-1]]
		open = open[:len(open)-1]
		if b == nil || g.called[b.function]&r != 0 {
			continue
		}
		g.called[b.function] |= r
		for _, n := range b.nodes {
			open = append(open, g.calls(n)...)
		}
	}
}
