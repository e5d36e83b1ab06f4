package gate

import (
	"maps"
	"slices"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
)

// saverOps write and read the files of variables. They may stand where the saver alone reaches them.
var saverOps = map[string]bool{"SaveV2": true, "RestoreV2": true, "ShardedFilename": true,
	"ShardedFilespec": true, "MergeV2Checkpoints": true}

// assetOps fill a table from a file of the model. They may stand where what runs when the model is
// loaded alone reaches them.
var assetOps = map[string]bool{"InitializeTableFromTextFile": true, "InitializeTableFromTextFileV2": true}

// loops may have no end. A run has a deadline and loading has none, so nothing loops while loading.
var loops = map[string]bool{"While": true, "StatelessWhile": true, "For": true, "NextIteration": true,
	"RefNextIteration": true}

// node refuses a node of b, which is reached in the given roles, where it can do more than compute.
func (g *graph) node(b *body, n *node_def_go_proto.NodeDef, r role) {
	op, loading := n.GetOp(), r&(restoring|starting) != 0
	switch {
	case g.functions[op] != nil: // a call; the function itself is looked at
	case saverOps[op]:
		g.saver(b, n, r)
	case assetOps[op]:
		if r != starting {
			g.refuse(b, n, "%s, and something else than the start of the model reaches it", reasonOf(op))
		}
	case kindOf[op] == "":
		g.refuse(b, n, "%s", reasonOf(op))
	case loading && (loops[op] || kindOf[op] == "printing"):
		g.refuse(b, n, "it may run while the model is loaded, where nothing may loop or print")
	}
	g.attributes(b, n, n.GetAttr())
	g.sizes(b, n)
	g.settings(b, n)
}

// saver refuses an operation of the saver where something else reaches it, or where it would write
// while the model is loaded.
func (g *graph) saver(b *body, n *node_def_go_proto.NodeDef, r role) {
	switch op := n.GetOp(); {
	case r == 0:
		g.refuse(b, n, "%s, and the saver does not reach it", reasonOf(op))
	case r&^(saving|restoring) != 0:
		g.refuse(b, n, "%s, and something else than the saver reaches it", reasonOf(op))
	case r&restoring != 0 && (op == "SaveV2" || op == "MergeV2Checkpoints"):
		g.refuse(b, n, "%s while the model is loaded", reasonOf(op))
	}
}

// settings refuses values of attributes with which an operation does more than compute.
func (g *graph) settings(b *body, n *node_def_go_proto.NodeDef) {
	attr := n.GetAttr()
	if n.GetOp() == "PrintV2" {
		// stdout is where answers go; any other word is the name of a file.
		if to := string(attr["output_stream"].GetS()); !slices.Contains([]string{"", "stderr", "log(info)", "log(warning)", "log(error)"}, to) {
			g.refuse(b, n, "it prints to %q; stderr is allowed", to)
		}
	}
	// TensorFlow's graph optimizer ends the process on this form.
	if n.GetOp() == "DepthwiseConv2dNative" && (string(attr["padding"].GetS()) == "EXPLICIT" || len(attr["explicit_paddings"].GetList().GetI()) > 0) {
		g.refuse(b, n, "a depthwise convolution that pads explicitly can end the program")
	}
	if a, ok := attr["parallel_iterations"]; ok && (a.GetI() < 1 || a.GetI() > maxParallel) {
		g.refuse(b, n, "it asks for %d parallel iterations, want 1 to %d", a.GetI(), maxParallel)
	}
}

// maxParallel is the largest number of iterations of a loop at once; TensorFlow's is 10.
const maxParallel = 1024

// swapped refuses a function that reads or writes files and may be run in place of another: the
// graph optimizer swaps functions that claim to implement the same.
func (g *graph) swapped(b *body, attr map[string]*attr_value_go_proto.AttrValue) {
	files := slices.ContainsFunc(b.nodes, func(n *node_def_go_proto.NodeDef) bool { return saverOps[n.GetOp()] || assetOps[n.GetOp()] })
	for _, key := range slices.Sorted(maps.Keys(attr)) {
		if files && (strings.HasPrefix(key, "api_") || strings.HasPrefix(key, "_implements") || strings.HasPrefix(key, "_api")) {
			g.refuse(b, nil, "it uses files, and its attribute %q lets TensorFlow run it in place of another function", key)
			return
		}
	}
}

// calls returns the names of the functions that n calls: by its name, or through attributes.
func (g *graph) calls(n *node_def_go_proto.NodeDef) []string {
	var names []string
	if g.functions[n.GetOp()] != nil {
		names = append(names, n.GetOp())
	}
	for _, key := range slices.Sorted(maps.Keys(n.GetAttr())) {
		names = append(names, namesIn(n.GetAttr()[key], 0)...)
	}
	return names
}

// namesIn returns the names of functions in an attribute, and in attributes of these.
func namesIn(a *attr_value_go_proto.AttrValue, depth int) []string {
	var names []string
	if depth > maxNesting {
		return nil // refused by attributes
	}
	functions := a.GetList().GetFunc()
	if f := a.GetFunc(); f != nil {
		functions = append(slices.Clip(functions), f)
	}
	for _, f := range functions {
		names = append(names, f.GetName())
		for _, key := range slices.Sorted(maps.Keys(f.GetAttr())) {
			names = append(names, namesIn(f.GetAttr()[key], depth+1)...)
		}
	}
	return names
}
