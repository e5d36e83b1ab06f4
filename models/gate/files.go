package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
)

// origin says where the name of a file comes from.
type origin uint8

const (
	elsewhere origin = iota // from the model itself: it could be any file
	prefix                  // from TensorFlow's loader: the files of the model's variables
	asset                   // from the loader: a file of the model's assets
)

// collectionOfAssets is where TensorFlow 1 lists the assets.
const collectionOfAssets = "saved_model_assets"

// assets returns the assets that the loader knows. It reads the second list where the first is empty.
func (g *graph) assets() []*proto.AssetFileDef {
	if list := g.meta.GetAssetFileDef(); len(list) > 0 {
		return list
	}
	var list []*proto.AssetFileDef
	for _, packed := range g.meta.GetCollectionDef()[collectionOfAssets].GetAnyList().GetValue() {
		a := &proto.AssetFileDef{}
		if err := packed.UnmarshalTo(a); err != nil {
			g.refuse(g.top, nil, "its list of assets is not readable: %v", err)
			continue
		}
		list = append(list, a)
	}
	return list
}

// files refuses operations that read files whose names the loader does not give: the model could
// name any. Where names of assets lead out of the model, these are refused.
func (g *graph) files() {
	fed := map[string]origin{}
	for _, a := range g.assets() {
		fed[tensor(a.GetTensorInfo().GetName())] = asset
		if reason := assetRefusal(g.folder, a.GetFilename()); reason != "" {
			g.refuse(g.top, nil, "%s", reason)
		}
	}
	t := tracer{graph: g, fed: fed, seen: map[string]bool{}}
	t.trace(g.top, nil, starting)
	t.fed = maps.Clone(fed)
	t.fed[tensor(g.meta.GetSaverDef().GetFilenameTensorName())] = prefix
	t.trace(g.top, nil, restoring)
}

// tensor returns the full name of a tensor: "node:0" for "node".
func tensor(name string) string {
	if name != "" && !strings.Contains(name, ":") {
		return name + ":0"
	}
	return name
}

// tracer follows the names of files from the loader to the operations that read.
type tracer struct {
	*graph
	fed  map[string]origin // tensors of the graph that the loader feeds
	seen map[string]bool   // functions with the origins of their arguments
}

// trace looks at the nodes of b that run in a role. bound are the origins of b's arguments.
func (t *tracer) trace(b *body, bound []origin, r role) {
	key := fmt.Sprintf("%d %q %d", r, b.function, bound)
	if t.seen[key] {
		return
	}
	t.seen[key] = true
	for _, n := range b.nodes {
		if b == t.top && t.roles[n]&r == 0 {
			continue
		}
		t.read(b, bound, n, r)
		for _, name := range t.calls(n) {
			f := t.functions[name]
			if f == nil {
				continue
			}
			args := make([]origin, len(f.args))
			// Other operations that call hand their inputs on in other orders.
			if slices.Contains([]string{"PartitionedCall", "StatefulPartitionedCall", name}, n.GetOp()) {
				for i, input := range dataOf(n) {
					if i < len(args) {
						args[i] = t.origin(b, bound, input)
					}
				}
			}
			t.trace(f, args, r)
		}
	}
}

// read refuses n where it reads a file that the loader has not named.
func (t *tracer) read(b *body, bound []origin, n *node_def_go_proto.NodeDef, r role) {
	at, want := 0, prefix
	switch {
	case n.GetOp() == "RestoreV2" && r == restoring:
	case assetOps[n.GetOp()] && r == starting:
		at, want = 1, asset
	default:
		return
	}
	inputs := dataOf(n)
	if at >= len(inputs) || t.origin(b, bound, inputs[at]) != want {
		t.refuse(b, n, "it reads a file that the model names, and not one of its own")
	}
}

// dataOf returns the inputs of n without those that only say what comes first.
func dataOf(n *node_def_go_proto.NodeDef) []string {
	var list []string
	for _, input := range n.GetInput() {
		if !strings.HasPrefix(input, "^") {
			list = append(list, input)
		}
	}
	return list
}

// origin returns where the value of an input of b comes from, through copies.
func (t *tracer) origin(b *body, bound []origin, input string) origin {
	for range b.nodes {
		if b == t.top {
			if o := t.fed[tensor(input)]; o != elsewhere {
				return o
			}
		} else if i := slices.Index(b.args, input); i >= 0 {
			return bound[i]
		}
		n := b.byName[nodeOf(input)]
		switch {
		case n.GetOp() == "Identity" && len(dataOf(n)) > 0:
			input = dataOf(n)[0]
		case n.GetOp() == "ReadVariableOp" && b == t.top && len(dataOf(n)) > 0:
			if input = t.stored(b.byName[nodeOf(dataOf(n)[0])]); input == "" {
				return elsewhere
			}
		default:
			return elsewhere
		}
	}
	return elsewhere
}

// stored returns the one value that a variable of the graph is ever set to, "" where there may be
// others: TensorFlow 2 keeps the name of an asset in a variable while it loads.
func (t *tracer) stored(handle *node_def_go_proto.NodeDef) string {
	name := string(handle.GetAttr()["shared_name"].GetS())
	if handle.GetOp() != "VarHandleOp" || name == "" {
		return ""
	}
	for _, b := range append(slices.Collect(maps.Values(t.functions)), t.top) {
		for _, n := range b.nodes {
			if n != handle && n.GetOp() == "VarHandleOp" && string(n.GetAttr()["shared_name"].GetS()) == name {
				return ""
			}
		}
	}
	value := ""
	for _, n := range t.top.nodes {
		inputs := dataOf(n)
		if !slices.ContainsFunc(inputs, func(input string) bool { return nodeOf(input) == handle.GetName() }) {
			continue
		}
		switch op := n.GetOp(); {
		case op == "VarIsInitializedOp", op == "ReadVariableOp":
		case op == "AssignVariableOp" && value == "" && len(inputs) == 2 && nodeOf(inputs[1]) != handle.GetName():
			value = inputs[1]
		default: // a second value, or a function that may set one
			return ""
		}
	}
	return value
}
