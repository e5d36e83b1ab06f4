package models

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// A float32 network is short up to shortImage multiply-adds for an image: program 1 has 20 million, in 0.3 ms of a core.
const (
	shortImage   = 32 << 20
	shortNetwork = 8 << 20 // bytes: its numbers are held twice
)

// short reports whether one thread is about as soon done with an image of the float32 network in saved as two, which wait for each
// other. shape gives that of a tensor.
func (info Info) short(saved *savedmodel.Model, shape func(tensor string) ([]int64, error)) bool {
	f, err := os.Stat(filepath.Join(info.Path, savedmodel.FileName))
	if err != nil || f.Size() > shortNetwork || info.Manifest.Quantized != nil {
		return false
	}
	n, ok := multiplies(savedmodel.Served(saved.Proto()).GetGraphDef(), names.ServingEmbedding, shape)
	return ok && n <= shortImage
}

// multiplies returns how many multiply-adds convolutions and matrices have for one image on the way to output. It is not ok
// where an operation cannot be counted, or the values of variables are read.
func multiplies(graph *graph_go_proto.GraphDef, output string, shape func(tensor string) ([]int64, error)) (n int64, ok bool) {
	type node struct {
		op     string
		inputs []string
	}
	nodes := map[string]node{}
	for _, d := range graph.GetNode() {
		nodes[d.GetName()] = node{d.GetOp(), d.GetInput()}
	}
	seen, next := map[string]bool{}, []string{output}
	for len(next) > 0 {
		name, _, _ := strings.Cut(strings.TrimPrefix(next[len(next)-1], "^"), ":")
		next = next[:len(next)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		of, found := nodes[name]
		if !found {
			return 0, false
		}
		next = append(next, of.inputs...)
		switch of.op {
		case "Conv2D", "DepthwiseConv2dNative", "MatMul":
			kernel, errKernel := shape(of.inputs[1])
			to, errTo := shape(name)
			if errKernel != nil || errTo != nil || len(to) < 2 || len(kernel) < 2 {
				return 0, false
			}
			places, each := product(to[1:len(to)-1]), product(kernel) // to is [N,…,C]
			if places < 0 || each < 0 {
				return 0, false
			}
			n += places * each
		case "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "Conv3D", "Conv2DBackpropInput", "While", "StatelessWhile", "PartitionedCall",
			"StatefulPartitionedCall", "VarHandleOp", "VariableV2":
			return 0, false
		}
	}
	return n, true
}

// product is −1 where a size is not known.
func product(sizes []int64) int64 {
	n := int64(1)
	for _, size := range sizes {
		if size < 0 {
			return -1
		}
		n *= size
	}
	return n
}
