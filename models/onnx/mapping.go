package onnx

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// mapping is a model in the making.
type mapping struct {
	graph   *graphdef.Graph
	input   Port
	uses    map[string]int   // how often a node is taken, by its name
	values  map[string]value // what nodes give, by their names
	written map[string]bool  // names of tensors that are there: towers share weights
	nodes   []*node
	tensors []tensor
	in, out port
}

// value is what a node of TensorFlow gives, as ONNX has it.
type value struct {
	name  string  // of the output in ONNX
	shape []int64 // as TensorFlow has it; -1 is the size of the batch
	// constant is what a constant holds. It has no name: it becomes a tensor in the form that its user wants.
	constant *graphdef.Tensor
	zeros    border  // around a picture, in shape and not yet in ONNX
	positive bool    // no element is below 0
	step     float32 // what 1 stands for, where elements are integers; 0: they are float32
	kind     int64   // of the integers
	bytes    bool    // elements are bytes of images: who takes them says what 1 stands for
	unit     float32 // elements are this many times TensorFlow's, whose next operation multiplies them; 0: once
	open     *node   // what made it and can take a bias, where nothing else takes it
}

// border is a number of rows and columns around a picture.
type border struct{ top, left, bottom, right int64 }

// run maps all that output needs.
func (m *mapping) run(output Port) error {
	nodes, err := m.graph.Needed(output.Operation)
	if err != nil {
		return fmt.Errorf("ONNX: %w", err)
	}
	for _, n := range nodes {
		for _, input := range n.Input {
			m.uses[graphdef.Parse(input).Node]++
		}
	}
	for _, n := range nodes {
		row, ok := table[n.Op]
		if !ok {
			return &OperationError{n.Name, n.Op, "no row of the table writes it"}
		}
		v, err := row(m, n)
		if err != nil {
			return &OperationError{n.Name, n.Op, err.Error()}
		}
		if m.uses[n.Name] != 1 {
			v.open = nil
		}
		m.values[n.Name] = v
	}
	return m.finish(output)
}

// finish gives the output its name.
func (m *mapping) finish(output Port) error {
	v := m.values[output.Operation]
	if m.in.name == "" || len(v.shape) != 2 || v.constant != nil {
		return &OperationError{output.Operation, m.graph.Node(output.Operation).Op, "the output is no [N,D] that depends on the input"}
	}
	for _, n := range m.nodes {
		for _, names := range [][]string{n.inputs, n.outputs} {
			for i := range names {
				if names[i] == v.name {
					names[i] = output.Name
				}
			}
		}
	}
	m.out = port{output.Name, float32Elements, v.shape}
	return nil
}

// take returns input i of n. Zeros around it are there.
func (m *mapping) take(n *graphdef.Node, i int) (value, error) {
	v, err := m.takeBare(n, i)
	if err == nil && v.constant != nil {
		err = fmt.Errorf("its input %q is a constant", n.Input[i])
	}
	if err != nil || v.zeros == (border{}) {
		return v, err
	}
	z, name := v.zeros, v.name+"/padded"
	if !m.written[name] {
		m.written[name] = true
		pads := m.constant(int64s(name+"/pads", 0, 0, z.top, z.left, 0, 0, z.bottom, z.right))
		m.append(&node{name: name, operation: "Pad", inputs: []string{v.name, pads}, outputs: []string{name}})
	}
	v.name, v.zeros, v.open = name, border{}, nil
	return v, nil
}

// takeBare is take without the zeros, which are in the value.
func (m *mapping) takeBare(n *graphdef.Node, i int) (value, error) {
	v, err := m.takeSteps(n, i)
	if err == nil && v.unit != 0 {
		err = fmt.Errorf("its input %q is of integers that nothing has multiplied", n.Input[i])
	}
	return v, err
}

// takeSteps is takeBare of what can have a unit.
func (m *mapping) takeSteps(n *graphdef.Node, i int) (value, error) {
	if i >= len(n.Input) {
		return value{}, fmt.Errorf("it has %d inputs, want %d", len(n.Input), i+1)
	}
	ref := graphdef.Parse(n.Input[i])
	v, ok := m.values[ref.Node]
	if !ok || ref.Output != 0 || ref.Control {
		return value{}, fmt.Errorf("its input %q is no first output of an operation", n.Input[i])
	}
	return v, nil
}

// takeConstant returns input i of n, which must be a constant.
func (m *mapping) takeConstant(n *graphdef.Node, i int) (*graphdef.Tensor, error) {
	v, err := m.takeBare(n, i)
	if err == nil && v.constant == nil {
		err = fmt.Errorf("its input %q is no constant", n.Input[i])
	}
	return v.constant, err
}

// takeInts returns input i of n, which must be a constant of whole numbers: sizes or axes.
func (m *mapping) takeInts(n *graphdef.Node, i int) ([]int64, error) {
	c, err := m.takeConstant(n, i)
	if err != nil {
		return nil, err
	}
	list := make([]int64, len(c.Ints))
	for i, x := range c.Ints {
		list[i] = int64(x)
	}
	return list, nil
}

// add appends an operation that makes the value of n.
func (m *mapping) add(n *graphdef.Node, operation string, shape []int64, attributes map[string]any, inputs ...string) value {
	made := &node{name: n.Name, operation: operation, inputs: inputs, outputs: []string{n.Name}, attributes: attributes}
	m.append(made)
	return value{name: n.Name, shape: shape, open: made}
}

// step appends an operation on the way to a value, and returns its output.
func (m *mapping) step(name, operation string, attributes map[string]any, inputs ...string) string {
	m.append(&node{name: name, operation: operation, inputs: inputs, outputs: []string{name}, attributes: attributes})
	return name
}

func (m *mapping) append(n *node) { m.nodes = append(m.nodes, n) }

// constant keeps t, unless it is there, and returns its name.
func (m *mapping) constant(t tensor) string {
	if !m.written[t.name] {
		m.written[t.name] = true
		m.tensors = append(m.tensors, t)
	}
	return t.name
}

// beside returns input i of n as a side of an operation that goes element by element over so many axes.
// ONNX compares shapes from the last axis on, as TensorFlow does, and there channels are not the last.
func (m *mapping) beside(n *graphdef.Node, i, axes int) (string, error) {
	v, err := m.takeBare(n, i)
	switch {
	case err != nil:
		return "", err
	case v.constant == nil && len(v.shape) != axes && elements(v.shape) != 1:
		return "", fmt.Errorf("its inputs have %d and %d axes, and the smaller is no constant", len(v.shape), axes)
	case v.constant == nil:
		v, err = m.take(n, i)
		return v.name, err
	case v.constant.Floats == nil:
		return "", fmt.Errorf("its input %q is not of float32", n.Input[i])
	}
	return m.constant(spread(graphdef.Parse(n.Input[i]).Node, v.constant, axes)), nil
}

// elements returns how many elements a shape has: below 0 where the batch is one of its axes.
func elements(shape []int64) int64 {
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	return n
}

// joint returns the shape of an operation that goes element by element over shapes a and b.
func joint(a, b []int64) ([]int64, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	shape, lead := slices.Clone(a), len(a)-len(b)
	for i, size := range b {
		switch at := &shape[lead+i]; {
		case *at == size || size == 1:
		case *at == 1:
			*at = size
		default:
			return nil, fmt.Errorf("shapes %v and %v do not go together", a, b)
		}
	}
	return shape, nil
}
