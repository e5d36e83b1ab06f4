// Package gate says what a SavedModel can do, and refuses what can do more than compute, before
// TensorFlow sees it:
//
//	saved_model.pb, its folder → Inspect → *Report: operations by kind, refusals → Err → *Error
//
// A SavedModel is a program. Its operations can read and write files, talk to other machines and
// end the process, while it is loaded or when it runs. The gate knows the operations that only
// compute, by name, and refuses all others. The saver's operations may stand where the saver alone
// reaches them. It does not bound the time and the memory that honest operations take.
package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// Refusal is one reason why a model is not loaded. Fields that do not apply are "".
type Refusal struct {
	Graph    string `json:"graph,omitempty"`    // tags of the graph, by commas
	Function string `json:"function,omitempty"` // "": the node stands in the graph itself
	Node     string `json:"node,omitempty"`
	Op       string `json:"op,omitempty"`
	Reason   string `json:"reason"` // half a sentence
}

// String returns r as `node "save" (WriteFile) of function "f": it writes files`.
func (r Refusal) String() string {
	var where []string
	if r.Node != "" {
		where = append(where, fmt.Sprintf("node %q", r.Node))
	}
	if r.Op != "" {
		where = append(where, "("+r.Op+")")
	}
	switch {
	case r.Function != "" && r.Node != "":
		where = append(where, fmt.Sprintf("of function %q", r.Function))
	case r.Function != "":
		where = append(where, fmt.Sprintf("function %q", r.Function))
	}
	if r.Graph != "" && r.Graph != savedmodel.Tag {
		where = append(where, fmt.Sprintf("in the graph with the tags %q", r.Graph))
	}
	if len(where) == 0 {
		return r.Reason
	}
	return strings.Join(where, " ") + ": " + r.Reason
}

// Graph is what one graph of a model consists of.
type Graph struct {
	Tags      []string                  `json:"tags"`
	Served    bool                      `json:"served"`    // it is the one that is loaded
	Functions int                       `json:"functions"` // in its library
	Ops       map[string]map[string]int `json:"ops"`       // how many nodes of each operation, by kind
}

// Report is what a model can do.
type Report struct {
	Graphs   []Graph   `json:"graphs"`
	Refusals []Refusal `json:"refusals"` // none: it only computes
}

// Kinds says what the operations of each kind do, in the order of a report.
func Kinds() (list [][2]string) {
	for _, k := range kinds {
		list = append(list, [2]string{k.name, k.does})
	}
	return append(list, [2]string{saverKind, "files of the model's variables, read when it is loaded"},
		[2]string{assetKind, "files of the model's tables, read when it is loaded"},
		[2]string{unknownKind, "what is refused"})
}

// Kinds of operations outside of kinds.
const (
	saverKind   = "saver"
	assetKind   = "assets"
	unknownKind = "other"
)

// Error says that a model can do more than compute, and was not loaded.
type Error struct {
	Path     string
	Refusals []Refusal // at least one
}

// told is how many refusals an Error tells; the rest it counts.
const told = 3

func (e *Error) Error() string {
	var lines []string
	for _, r := range e.Refusals[:min(told, len(e.Refusals))] {
		lines = append(lines, r.String())
	}
	text := fmt.Sprintf("model %q may do more than compute, so it was not loaded: %s", e.Path, strings.Join(lines, "; "))
	if more := len(e.Refusals) - told; more > 0 {
		text += fmt.Sprintf("; and %s", plural.Count(more, "more reason"))
	}
	return text
}

// Err returns the refusals of the model at path as an *Error, nil where there are none.
func (r *Report) Err(path string) error {
	if len(r.Refusals) == 0 {
		return nil
	}
	return &Error{path, r.Refusals}
}

// Inspect looks at each graph of the model in folder, which saved describes: at each node, each
// function, and what attributes hold. runs names the tensors or operations that the caller runs
// besides those of the signatures. It reads no file but the names in folder.
func Inspect(folder string, saved *proto.SavedModel, runs []string) *Report {
	r := &Report{Refusals: folderRefusals(folder)}
	if field := unknownField(saved); field != "" {
		r.Refusals = append(r.Refusals, Refusal{Reason: field})
	}
	served := savedmodel.Served(saved)
	for _, meta := range saved.GetMetaGraphs() {
		g := newGraph(folder, meta, runs)
		g.inspect()
		r.Refusals = append(r.Refusals, g.refusals...)
		r.Graphs = append(r.Graphs, Graph{Tags: meta.GetMetaInfoDef().GetTags(), Served: meta == served,
			Functions: len(meta.GetGraphDef().GetLibrary().GetFunction()), Ops: g.count()})
	}
	return r
}

// graph is one graph while it is inspected.
type graph struct {
	folder    string
	meta      *proto.MetaGraphDef
	tags      string
	top       *body
	functions map[string]*body
	roles     map[*node_def_go_proto.NodeDef]role // of the nodes of top
	called    map[string]role                     // of functions
	bytes     int64                               // of its constants, so far
	refusals  []Refusal
}

// body is a list of nodes: the graph's own or a function's.
type body struct {
	function string // its name; "": the graph itself
	args     []string
	nodes    []*node_def_go_proto.NodeDef
	byName   map[string]*node_def_go_proto.NodeDef
}

func newGraph(folder string, meta *proto.MetaGraphDef, runs []string) *graph {
	tags := slices.Clone(meta.GetMetaInfoDef().GetTags())
	slices.Sort(tags)
	g := &graph{folder: folder, meta: meta, tags: strings.Join(tags, ","), functions: map[string]*body{},
		roles: map[*node_def_go_proto.NodeDef]role{}, called: map[string]role{}}
	g.top = g.newBody("", nil, meta.GetGraphDef().GetNode())
	for _, f := range meta.GetGraphDef().GetLibrary().GetFunction() {
		var args []string
		for _, a := range f.GetSignature().GetInputArg() {
			args = append(args, a.GetName())
		}
		name := f.GetSignature().GetName()
		if g.functions[name] != nil {
			g.refuse(&body{function: name}, nil, "two functions have this name")
		}
		g.functions[name] = g.newBody(name, args, f.GetNodeDef())
	}
	for _, d := range meta.GetGraphDef().GetLibrary().GetGradient() {
		for _, name := range []string{d.GetFunctionName(), d.GetGradientFunc()} {
			if g.functions[name] == nil {
				g.refuse(&body{function: name}, nil, "a gradient is defined by it, and it is not in the model")
			}
		}
	}
	g.assign(runs)
	return g
}

func (g *graph) newBody(function string, args []string, nodes []*node_def_go_proto.NodeDef) *body {
	b := &body{function: function, args: args, nodes: nodes, byName: make(map[string]*node_def_go_proto.NodeDef, len(nodes))}
	for _, n := range nodes {
		if b.byName[n.GetName()] != nil {
			g.refuse(b, n, "two nodes have this name")
		}
		b.byName[n.GetName()] = n
	}
	return b
}

// refuse notes a reason that lies in a node of b, or in b where the node is nil.
func (g *graph) refuse(b *body, n *node_def_go_proto.NodeDef, format string, args ...any) {
	g.refusals = append(g.refusals, Refusal{Graph: g.tags, Function: b.function, Node: n.GetName(), Op: n.GetOp(),
		Reason: fmt.Sprintf(format, args...)})
}

// inspect notes all reasons against the graph. Functions are looked at in the order of the file.
func (g *graph) inspect() {
	for _, n := range g.top.nodes {
		g.node(g.top, n, g.roles[n])
	}
	for _, f := range g.meta.GetGraphDef().GetLibrary().GetFunction() {
		b := g.functions[f.GetSignature().GetName()]
		r := g.called[b.function]
		g.attributes(b, nil, f.GetAttr())
		for _, of := range f.GetArgAttr() {
			g.attributes(b, nil, of.GetAttr())
		}
		for _, n := range b.nodes {
			g.node(b, n, r)
		}
		g.swapped(b, f.GetAttr())
	}
	g.interfaces()
	if g.nesting() { // else the next has no end
		g.files()
	}
}

// count returns how many nodes of each operation there are, by kind.
func (g *graph) count() map[string]map[string]int {
	ops := map[string]map[string]int{}
	add := func(b *body) {
		for _, n := range b.nodes {
			k := kindOf[n.GetOp()]
			switch {
			case g.functions[n.GetOp()] != nil:
				k = "control"
			case saverOps[n.GetOp()]:
				k = saverKind
			case assetOps[n.GetOp()]:
				k = assetKind
			case k == "":
				k = unknownKind
			}
			if ops[k] == nil {
				ops[k] = map[string]int{}
			}
			ops[k][n.GetOp()]++
		}
	}
	add(g.top)
	for _, b := range g.functions {
		add(b)
	}
	return ops
}
