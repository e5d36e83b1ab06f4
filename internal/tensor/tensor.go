// Package tensor holds named arrays of numbers, and their form in files, safetensors:
//
//	tensors → Encode → bytes → Decode → tensors
//
// Of that format it knows what checkpoints and converted weights are made of: float32.
package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/nlpodyssey/safetensors"
)

// Named is a named array of float32.
type Named struct {
	Name  string
	Shape []int64
	Data  []float32 // row-major
}

// Encode returns tensors, and what is to be known about them, as a safetensors file.
// Equal ones give equal bytes, whatever their order.
func Encode(tensors []Named, about map[string]string) ([]byte, error) {
	views := make(map[string]safetensors.TensorView, len(tensors))
	for _, t := range tensors {
		if _, ok := views[t.Name]; ok {
			return nil, fmt.Errorf("tensor %q is there twice", t.Name)
		}
		data := make([]byte, 0, 4*len(t.Data))
		for _, x := range t.Data {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		shape := make([]uint64, len(t.Shape))
		for i, n := range t.Shape {
			shape[i] = uint64(n)
		}
		view, err := safetensors.NewTensorView(safetensors.F32, shape, data)
		if err != nil {
			return nil, fmt.Errorf("tensor %q of shape %v with %d elements: %w", t.Name, t.Shape, len(t.Data), err)
		}
		views[t.Name] = view
	}
	return safetensors.Serialize(views, about)
}

// Decode returns the tensors of a safetensors file, sorted by name.
func Decode(data []byte) ([]Named, error) {
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, err
	}
	var tensors []Named
	for _, named := range file.Tensors() {
		view := named.TensorView
		if view.DType() != safetensors.F32 {
			return nil, fmt.Errorf("tensor %q is of type %v, want F32", named.Name, view.DType())
		}
		t := Named{Name: named.Name, Data: make([]float32, len(view.Data())/4)}
		for i := range t.Data {
			t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(view.Data()[4*i:]))
		}
		for _, n := range view.Shape() {
			t.Shape = append(t.Shape, int64(n))
		}
		tensors = append(tensors, t)
	}
	slices.SortFunc(tensors, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return tensors, nil
}
