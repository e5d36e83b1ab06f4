// Package quantize makes convolutions of a folded graph compute with 8-bit integers:
//
//	folded graph → Find → Layers → ranges of what they give (Observed, Choose) → Rewrite → graph with int8 layers
//
// Kernels are symmetric, with a scale for each output channel. Activations are uint8, from 0 to the range of their
// tensor. Where a tensor has negative numbers, a constant for each channel is added to it, so that it has none; it is part of
// the bias of the layer that gives the tensor, and taken off again in the biases of those that take it:
//
//	relu(x) = x  where  x = y + shift ≥ 0        W·(y + shift) + (b - W·shift) = W·y + b
//
// Where a depthwise layer alone takes a tensor, each of its channels has a range of its own, which is part of both kernels. What
// the rounding of kernels adds to the mean of a channel is taken off its bias.
//
// So every layer is one of the operations that oneDNN has behind a relu, also where the network has none. What cannot be
// int8 stays as it is, between a Cast and a QuantizeV2. The first layer takes the bytes of images. It runs nothing and does not need the TensorFlow runtime.
package quantize

import (
	"strings"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// unit is a layer in one of the towers of a graph:
//
//	input → conv → bias [→ add of summand] [→ act]
type unit struct {
	layer   string // Layer.Name
	conv    *graphdef.Node
	bias    *graphdef.Node
	input   string // tensor that conv takes
	summand string // tensor that is added; "": none
	output  string // node of the result
	act     string // "Relu", "Relu6" or ""
	split   bool   // Layer.Split
}

func (u *unit) depthwise() bool { return u.conv.Op == "DepthwiseConv2dNative" }

// Layer is a convolution that can be int8.
type Layer struct {
	Name   string // of its kernel in the weights, without its room: "conv2_block1_1_conv"
	Output string // tensor whose range must be known
	Input  string // likewise, where no layer gives it; "": one does

	// Pooled is the tensor that the layer takes where it lies behind pools. Its mean must be known. "": it does not.
	Pooled string

	// Split says that a depthwise layer alone takes what the layer gives, so that each channel can have a range of its own.
	Split bool

	// Convolved is the tensor that a summand is added to. Its extremes must be known. "": the layer adds none.
	Convolved string
}

// Find returns the layers that output depends on, in the order of a run. Of towers that share weights it is those of
// the first.
func Find(g *graphdef.Graph, output string) ([]Layer, error) {
	units, err := find(g, output)
	if err != nil {
		return nil, err
	}
	by := byOutput(units)
	var layers []Layer
	known := map[string]bool{}
	for _, u := range units {
		if known[u.layer] {
			continue
		}
		known[u.layer] = true
		l := Layer{Name: u.layer, Output: u.output, Split: u.split}
		if by[through(g, u.input)] == nil {
			l.Input = u.input
		}
		if taken := unpadded(g, u.input); l.Input == "" && by[taken] == nil {
			l.Pooled = taken
		}
		if u.summand != "" {
			l.Convolved = u.bias.Name
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// through returns the tensor whose numbers, and zeros, are those of a tensor: that behind pools and paddings.
func through(g *graphdef.Graph, tensor string) string {
	for {
		n := g.Node(tensor)
		if n.GetOp() != "MaxPool" && n.GetOp() != "Pad" {
			return tensor
		}
		tensor = n.Input[0]
	}
}

// unpadded returns the tensor behind paddings.
func unpadded(g *graphdef.Graph, tensor string) string {
	for g.Node(tensor).GetOp() == "Pad" {
		tensor = g.Node(tensor).Input[0]
	}
	return tensor
}

func byOutput(units []*unit) map[string]*unit {
	by := map[string]*unit{}
	for _, u := range units {
		by[u.output] = u
	}
	return by
}

// find returns the units that outputs depend on.
func find(g *graphdef.Graph, outputs ...string) ([]*unit, error) {
	nodes, err := g.Needed(outputs...)
	if err != nil {
		return nil, err
	}
	takers := map[string][]*graphdef.Node{}
	for _, n := range nodes {
		for _, input := range n.Input {
			name := graphdef.Parse(input).Node
			takers[name] = append(takers[name], n)
		}
	}
	only := func(name, op string) *graphdef.Node {
		if t := takers[name]; len(t) == 1 && t[0].Op == op {
			return t[0]
		}
		return nil
	}
	var units []*unit
	added := map[string]bool{}
	for _, n := range nodes {
		if n.Op != "Conv2D" && n.Op != "DepthwiseConv2dNative" || g.Node(n.Input[1]).GetOp() != "Const" {
			continue
		}
		bias := only(n.Name, "BiasAdd")
		if bias == nil || g.Node(bias.Input[1]).GetOp() != "Const" {
			continue
		}
		u := &unit{layer: layerOf(n.Input[1]), conv: n, bias: bias, input: n.Input[0], output: bias.Name}
		if add := only(bias.Name, "AddV2"); add != nil && !added[add.Name] && !u.depthwise() {
			added[add.Name] = true
			u.summand, u.output = other(add, bias.Name), add.Name
		}
		for _, act := range []string{"Relu", "Relu6"} {
			if n := only(u.output, act); n != nil {
				u.act, u.output = act, n.Name
			}
		}
		next := takers[u.output]
		for len(next) == 1 && next[0].Op == "Pad" {
			next = takers[next[0].Name]
		}
		u.split = len(next) == 1 && next[0].Op == "DepthwiseConv2dNative"
		units = append(units, u)
	}
	return units, nil
}

// other returns what an addition takes beside one of its inputs.
func other(add *graphdef.Node, input string) string {
	if add.Input[0] == input {
		return add.Input[1]
	}
	return add.Input[0]
}

// layerOf returns the name of the layer of a kernel.
func layerOf(kernel string) string {
	return strings.TrimSuffix(strings.TrimPrefix(kernel, names.Backbone+"/"), "/kernel")
}
