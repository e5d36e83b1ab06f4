// Package graphtest runs what a builder adds to a graph, and checks gradients:
//
//	inputs → placeholders → builder → run → values
//
// Only tests import it.
package graphtest

import (
	"fmt"
	"math"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/session"
)

// Input is an array that a builder gets as a placeholder.
type Input struct {
	Shape []int64
	Data  []float32 // row-major
}

// Builder adds operations on inputs, in their order, and returns outputs, all float32.
type Builder func(s *op.Scope, inputs []tf.Output) []tf.Output

// Graph is a built graph that may be run on other inputs.
type Graph struct {
	session   *session.Session
	feeds     []tf.Output
	fetches   []tf.Output
	shapes    [][]int64
	variables *variable.Set
}

// Build builds a graph whose placeholders have the shapes of inputs.
func Build(t *testing.T, inputs []Input, build Builder) *Graph {
	t.Helper()
	return BuildNetwork(t, inputs, func(s *op.Scope, _ *variable.Set, in []tf.Output) []tf.Output {
		return build(s, in)
	})
}

// Run returns the outputs for inputs, flat.
func (g *Graph) Run(t *testing.T, inputs []Input) [][]float32 {
	t.Helper()
	return g.run(t, inputs, nil)
}

func (g *Graph) run(t *testing.T, inputs []Input, targets []*tf.Operation) [][]float32 {
	t.Helper()
	values := make([]session.Value, len(inputs))
	for i, in := range inputs {
		values[i] = session.Of(in.Data, g.shapes[i]...)
	}
	return g.call(t, tensors(g.feeds), tensors(g.fetches), targets, values)
}

// call runs targets and returns the elements of fetches, row-major.
func (g *Graph) call(t *testing.T, feeds, fetches []string, targets []*tf.Operation,
	values []session.Value) [][]float32 {
	t.Helper()
	var operations []string
	for _, o := range targets {
		operations = append(operations, o.Name())
	}
	call, err := g.session.Prepare(feeds, fetches, operations)
	if err != nil {
		t.Fatal(err)
	}
	results, err := call.Run(values...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float32, len(results))
	for i, r := range results {
		if out[i], err = session.Data[float32](r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// tensors returns the names of outputs.
func tensors(list []tf.Output) []string {
	var names []string
	for _, o := range list {
		names = append(names, fmt.Sprintf("%s:%d", o.Op.Name(), o.Index))
	}
	return names
}

// Run builds and runs once.
func Run(t *testing.T, inputs []Input, build Builder) [][]float32 {
	t.Helper()
	return Build(t, inputs, build).Run(t, inputs)
}

// Gradient returns ∂Σoutput/∂input for each input, by the gradients that training
// uses. Inputs that the output does not depend on are an error.
func Gradient(t *testing.T, inputs []Input, build func(*op.Scope, []tf.Output) tf.Output) [][]float32 {
	t.Helper()
	return Run(t, inputs, func(s *op.Scope, in []tf.Output) []tf.Output {
		return op.Gradients(s.SubScope("gradients"), []tf.Output{sum(s, build(s, in))}, in)
	})
}

// sum adds all elements of x: [].
func sum(s *op.Scope, x tf.Output) tf.Output {
	all := op.Reshape(s.SubScope("flat"), x, tg.Const(s.SubScope("any"), []int32{-1}))
	return op.Sum(s.SubScope("total"), all, tg.Const(s.SubScope("axis"), int32(0)))
}

// CheckGradient compares Gradient with central differences of reference, the same
// function in float64: 1e-3 of the largest element of the gradient, which leaves
// room for the rounding of float32 and the curvature over a step of 1e-5.
func CheckGradient(t *testing.T, inputs []Input, build func(*op.Scope, []tf.Output) tf.Output,
	reference func(inputs [][]float64) float64) {
	t.Helper()
	got := Gradient(t, inputs, build)
	x := make([][]float64, len(inputs))
	for i, in := range inputs {
		x[i] = wide(in.Data)
	}
	for i := range x {
		check(t, fmt.Sprintf("input %d", i), got[i], x[i], func() float64 { return reference(x) })
	}
}

// check compares a gradient with central differences of reference as the elements of x move.
func check(t *testing.T, what string, got []float32, x []float64, reference func() float64) {
	t.Helper()
	const step, tolerance = 1e-5, 1e-3
	want, largest := make([]float64, len(x)), 0.0
	for k, at := range x {
		x[k] = at + step
		above := reference()
		x[k] = at - step
		want[k] = (above - reference()) / (2 * step)
		x[k] = at
		largest = max(largest, math.Abs(want[k]))
	}
	for k := range want {
		if !(math.Abs(float64(got[k])-want[k]) <= tolerance*largest) {
			t.Errorf("gradient of %s, element %d = %v, want %v (largest %v)", what, k, got[k], want[k], largest)
		}
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
