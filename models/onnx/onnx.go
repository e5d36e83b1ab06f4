// Package onnx writes a graph of TensorFlow as a model that ONNX Runtime and OpenVINO read:
//
//	graph over constants → a row for each operation → nodes and weights → Encode → model.onnx
//
// It needs neither the TensorFlow runtime nor Python. It is for graphs that embed images: float32, without
// functions, whose weights are constants. Pictures of four axes are [N,H,W,C] in TensorFlow and [N,C,H,W]
// in ONNX; the model takes them as TensorFlow does.
package onnx

import (
	"fmt"
	"math"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// FileName is what the model is called in the folder of a SavedModel.
const FileName = "model.onnx"

// Versions of the format that the model is of. Opset 17 is the oldest whose operations are those of Table.
const (
	Opset     = 17 // of the operations
	irVersion = 8  // of the file, the one that came with opset 17
)

// Port is an input or an output of the model.
type Port struct {
	Operation string // of the graph
	Name      string // in the model
}

// Contents is what goes into a model.
type Contents struct {
	Graph         *graphdef.Graph
	Input, Output Port
	Tool          string            // what writes it, with its version
	Metadata      map[string]string // what the file says of itself
}

// OperationError says that a graph has an operation that cannot be written.
type OperationError struct{ Node, Operation, Reason string }

func (e *OperationError) Error() string {
	return fmt.Sprintf("ONNX: operation %q, a %s: %s", e.Node, e.Operation, e.Reason)
}

// maxBytes is the size that readers of protocol buffers refuse.
const maxBytes = math.MaxInt32

// Encode returns the bytes of a model. Equal contents give equal bytes. The error is an *OperationError
// where the graph holds an operation that Table does not have, or has in another form.
func Encode(c Contents) ([]byte, error) {
	m := &mapping{graph: c.Graph, input: c.Input, uses: map[string]int{}, values: map[string]value{},
		written: map[string]bool{}}
	if err := m.run(c.Output); err != nil {
		return nil, err
	}
	data := m.encode(c)
	if len(data) > maxBytes {
		return nil, fmt.Errorf("ONNX: the model has %d bytes, a file of this format holds at most %d", len(data), maxBytes)
	}
	return data, nil
}
