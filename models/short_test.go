package models

import (
	"errors"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
)

// TestMultiplies: convolutions count once for each place of the image, matrices once, and only what the output needs. What
// cannot be counted is said to be so.
func TestMultiplies(t *testing.T) {
	shapes := map[string][]int64{
		"kernel": {3, 3, 3, 8}, "conv": {-1, 10, 20, 8}, "each": {5, 5, 8, 1}, "depthwise": {-1, 5, 10, 8}, "weights": {400, 7}, "dense": {-1, 7},
		"unknown": {-1, -1, -1, 8},
	}
	shape := func(name string) ([]int64, error) {
		if s, ok := shapes[name]; ok {
			return s, nil
		}
		return nil, errors.New("no such tensor")
	}
	graph := &graph_go_proto.GraphDef{}
	for _, n := range [][]string{
		{"x", "Placeholder"}, {"kernel", "Const"}, {"each", "Const"}, {"weights", "Const"}, {"v", "VarHandleOp"},
		{"conv", "Conv2D", "x", "kernel"},
		{"depthwise", "DepthwiseConv2dNative", "conv:0", "each"},
		{"dense", "MatMul", "depthwise", "weights", "^x"},
		{"unknown", "Conv2D", "x", "kernel"},
		{"attention", "Einsum", "dense", "dense"},
		{"read", "ReadVariableOp", "v"},
		{"without shape", "Conv2D", "x", "kernel"},
		{"lost", "Relu", "nobody"},
	} {
		graph.Node = append(graph.Node, &node_def_go_proto.NodeDef{Name: n[0], Op: n[1], Input: n[2:]})
	}
	conv := int64(10 * 20 * 3 * 3 * 3 * 8)
	for _, c := range []struct {
		output string
		want   int64
		ok     bool
	}{
		{"x", 0, true},
		{"conv", conv, true},
		{"dense", conv + 5*10*5*5*8 + 400*7, true},
		{"unknown", 0, false},
		{"attention", 0, false},
		{"read", 0, false},
		{"without shape", 0, false},
		{"lost", 0, false},
		{"absent", 0, false},
	} {
		if got, ok := multiplies(graph, c.output, shape); got != c.want || ok != c.ok {
			t.Errorf("%s: %d multiply-adds, %v; want %d, %v", c.output, got, ok, c.want, c.ok)
		}
	}
}
