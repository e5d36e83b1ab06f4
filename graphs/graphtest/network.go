package graphtest

import (
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
)

// Network is a Builder that creates variables.
type Network func(s *op.Scope, v *variable.Set, inputs []tf.Output) []tf.Output

// BuildNetwork is Build for a Network; its variables have their starting values of seed 0.
func BuildNetwork(t *testing.T, inputs []Input, build Network) *Graph {
	t.Helper()
	g := buildNetwork(t, inputs, func(root *op.Scope) *variable.Set { return variable.NewSet(root, "") }, build)
	start := map[string][]float32{}
	for _, v := range g.variables.All() {
		start[v.Key] = v.Start(0)
	}
	g.Set(t, start)
	return g
}

// BuildConstant is Build for a Network over constants, with the values of another's variables.
func BuildConstant(t *testing.T, inputs []Input, of *Graph, build Network) *Graph {
	t.Helper()
	values := map[string][]float32{}
	for _, v := range of.Variables() {
		values[v.Key] = of.Get(t, v.Key)
	}
	return buildNetwork(t, inputs, func(root *op.Scope) *variable.Set { return variable.NewConstants(root, values) }, build)
}

func buildNetwork(t *testing.T, inputs []Input, set func(*op.Scope) *variable.Set, build Network) *Graph {
	t.Helper()
	root := tg.NewRoot()
	g := &Graph{variables: set(root)}
	for _, in := range inputs {
		feed := op.Placeholder(root.SubScope("input"), tf.Float, op.PlaceholderShape(tf.MakeShape(in.Shape...)))
		g.feeds, g.shapes = append(g.feeds, feed), append(g.shapes, in.Shape)
	}
	g.fetches = build(root.SubScope("built"), g.variables, g.feeds)
	graph, err := root.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	if g.session, err = session.Open(graph, session.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.session.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// Variables returns the variables of g, in the order they were created.
func (g *Graph) Variables() []variable.Variable { return g.variables.All() }

func (g *Graph) variable(t *testing.T, key string) variable.Variable {
	t.Helper()
	for _, v := range g.variables.All() {
		if v.Key == key {
			return v
		}
	}
	t.Fatalf("no variable %q", key)
	return variable.Variable{}
}

// Set sets variables by key, in one run.
func (g *Graph) Set(t *testing.T, values map[string][]float32) {
	t.Helper()
	var feeds []string
	var targets []*tf.Operation
	var fed []session.Value
	for key, value := range values {
		v := g.variable(t, key)
		feeds, fed = append(feeds, key+names.Value), append(fed, session.Of(value, v.Shape...))
		targets = append(targets, v.Assign)
	}
	if len(targets) > 0 {
		g.call(t, feeds, nil, targets, fed)
	}
}

// Get returns the value of the variable of this key.
func (g *Graph) Get(t *testing.T, key string) []float32 {
	t.Helper()
	return g.call(t, nil, tensors([]tf.Output{g.variable(t, key).Read}), nil, nil)[0]
}

// Update is Run, and what the Network gave to variable.Set.Update happens.
func (g *Graph) Update(t *testing.T, inputs []Input) [][]float32 {
	t.Helper()
	return g.run(t, inputs, g.variables.Updates())
}

// CheckNetwork is CheckGradient for a Network: it compares ∂Σoutput with respect to
// all inputs and all trained variables. reference reads variables by key; start
// are their values, by key, for those that do not stay at their start.
func CheckNetwork(t *testing.T, inputs []Input, start map[string][]float32,
	build func(*op.Scope, *variable.Set, []tf.Output) tf.Output,
	reference func(inputs [][]float64, variables map[string][]float64) float64) {
	t.Helper()
	g := BuildNetwork(t, inputs, func(s *op.Scope, v *variable.Set, in []tf.Output) []tf.Output {
		total := sum(s, build(s, v, in))
		of := append([]tf.Output{}, in...)
		for _, x := range v.Trained() {
			of = append(of, x.Read)
		}
		return op.Gradients(s.SubScope("gradients"), []tf.Output{total}, of)
	})
	g.Set(t, start)
	variables := map[string][]float64{}
	for _, v := range g.Variables() {
		variables[v.Key] = wide(g.Get(t, v.Key))
	}
	var x [][]float64
	for _, in := range inputs {
		x = append(x, wide(in.Data))
	}
	gradients := g.Run(t, inputs)
	value := func() float64 { return reference(x, variables) }
	for i := range inputs {
		check(t, "an input", gradients[i], x[i], value)
	}
	for i, v := range g.variables.Trained() {
		check(t, v.Key, gradients[len(inputs)+i], variables[v.Key], value)
	}
}
