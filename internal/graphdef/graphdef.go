// Package graphdef reads a graph of TensorFlow as data, and makes another one of it:
//
//	GraphDef → Decode → *Graph: nodes by name, in the order of a run; values of constants → Encode → GraphDef
//
// It knows the format and not what an operation computes. It does not need the TensorFlow runtime. It is for
// graphs that tfpair made: one output of a node is what another one takes, and there are no functions.
package graphdef

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	"google.golang.org/protobuf/proto"
)

// Node is an operation: its Name, Op, Input and Attr. See Parse for what Input holds.
type Node = node_def_go_proto.NodeDef

// Graph is a graph whose nodes may be exchanged. One goroutine at a time may use it.
type Graph struct {
	def   *graph_go_proto.GraphDef
	nodes map[string]*Node
}

// Decode returns the graph of a serialized GraphDef.
func Decode(data []byte) (*Graph, error) {
	def := &graph_go_proto.GraphDef{}
	if err := proto.Unmarshal(data, def); err != nil {
		return nil, fmt.Errorf("decode graph: %w", err)
	}
	g := &Graph{def: def, nodes: make(map[string]*Node, len(def.Node))}
	for _, n := range def.Node {
		if g.nodes[n.Name] != nil {
			return nil, fmt.Errorf("graph has two nodes %q", n.Name)
		}
		g.nodes[n.Name] = n
	}
	return g, nil
}

// Encode returns the serialized GraphDef of those nodes that outputs need, in the order of a run.
// Equal graphs give equal bytes.
func (g *Graph) Encode(outputs ...string) ([]byte, error) {
	nodes, err := g.Needed(outputs...)
	if err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(
		&graph_go_proto.GraphDef{Node: nodes, Versions: g.def.Versions})
}

// EncodeAll is Encode of all nodes.
func (g *Graph) EncodeAll() ([]byte, error) { return g.Encode(slices.Sorted(maps.Keys(g.nodes))...) }

// Node returns the node with this name, nil where there is none.
func (g *Graph) Node(name string) *Node { return g.nodes[name] }

// Put adds a node. It takes the place of one with the same name.
func (g *Graph) Put(n *Node) {
	if g.nodes[n.Name] == nil {
		g.def.Node = append(g.def.Node, n)
	}
	g.nodes[n.Name] = n
}

// All returns all nodes, in the order of the GraphDef; those that were put are behind them.
func (g *Graph) All() []*Node {
	list := make([]*Node, len(g.def.Node))
	for i, n := range g.def.Node {
		list[i] = g.nodes[n.Name]
	}
	return list
}

// EncodeInOrder returns the serialized GraphDef of all nodes, in the order of All.
func (g *Graph) EncodeInOrder() ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(&graph_go_proto.GraphDef{Node: g.All(), Versions: g.def.Versions})
}

// Ref is what a node takes: an output of another, or, where Control, its end alone.
type Ref struct {
	Node    string
	Output  int
	Control bool
}

// Parse reads an input of a node: "node", "node:1" or "^node".
func Parse(input string) Ref {
	if name, ok := strings.CutPrefix(input, "^"); ok {
		return Ref{Node: name, Control: true}
	}
	if name, number, ok := strings.Cut(input, ":"); ok {
		if n, err := strconv.Atoi(number); err == nil {
			return Ref{Node: name, Output: n}
		}
	}
	return Ref{Node: input}
}

// String returns r as an input of a node.
func (r Ref) String() string {
	switch {
	case r.Control:
		return "^" + r.Node
	case r.Output > 0:
		return fmt.Sprintf("%s:%d", r.Node, r.Output)
	}
	return r.Node
}

// Needed returns the nodes that outputs depend on, and these, each behind all that it takes. The order
// depends on the graph alone.
func (g *Graph) Needed(outputs ...string) ([]*Node, error) {
	var list []*Node
	done := map[string]bool{} // false: begun
	var visit func(name, of string) error
	visit = func(name, of string) error {
		whole, begun := done[name]
		n := g.nodes[name]
		switch {
		case whole:
			return nil
		case begun:
			return fmt.Errorf("node %q depends on itself", name)
		case n == nil:
			return fmt.Errorf("graph has no node %q, which %s takes", name, of)
		}
		done[name] = false
		for _, input := range n.Input {
			if err := visit(Parse(input).Node, strconv.Quote(name)); err != nil {
				return err
			}
		}
		done[name] = true
		list = append(list, n)
		return nil
	}
	for _, output := range outputs {
		if err := visit(output, "the caller"); err != nil {
			return nil, err
		}
	}
	return list, nil
}
