package quantize

import (
	"errors"
	"fmt"
	"slices"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// ErrNothing says that no layer can be int8.
var ErrNothing = errors.New("no layer of the network can be int8")

// Plan says which layers of a graph are int8, and how.
type Plan struct {
	Ranges   map[string]Range    // of outputs, by Layer.Name, and of inputs, by InputKey of it
	Channels map[string]Channels // of all that is watched, by its key
	Float    []string            // names of layers that stay as they are
}

// InputKey is the name in a Plan of what a layer takes.
func InputKey(layer string) string { return layer + "/input" }

// convolvedKey is the name in a Plan of what a summand is added to.
func convolvedKey(layer string) string { return layer + "/convolved" }

// pooledKey is the name in a Plan of the result of pools that a layer takes.
func pooledKey(layer string) string { return layer + "/pooled" }

// Watched lists the tensors of layers that must be observed, and the keys of a Plan for them.
func Watched(layers []Layer) (keys, tensors []string) {
	for _, l := range layers {
		keys, tensors = append(keys, l.Name), append(tensors, l.Output)
		if l.Input != "" {
			keys, tensors = append(keys, InputKey(l.Name)), append(tensors, l.Input)
		}
		if l.Pooled != "" {
			keys, tensors = append(keys, pooledKey(l.Name)), append(tensors, l.Pooled)
		}
		if l.Convolved != "" {
			keys, tensors = append(keys, convolvedKey(l.Name)), append(tensors, l.Convolved)
		}
	}
	return keys, tensors
}

// NewPlan returns the plan, by a method, of what was observed of tensors, by the keys of Watched.
func NewPlan(seen map[string]*Observed, m Method) (Plan, error) {
	p := Plan{Ranges: map[string]Range{}, Channels: map[string]Channels{}}
	for key, o := range seen {
		var err error
		if p.Ranges[key], err = o.Choose(m); err != nil {
			return p, err
		}
		p.Channels[key] = o.Channels()
	}
	return p, nil
}

// Rewrite makes the layers of g int8 that outputs depend on, in all towers, and returns their names, in order.
// The error is ErrNothing, or says which range is missing.
func (p Plan) Rewrite(g *graphdef.Graph, outputs ...string) ([]string, error) {
	units, err := find(g, outputs...)
	if err != nil {
		return nil, err
	}
	w := &rewriter{plan: p, graph: g, units: byOutput(units), made: map[string]*source{}, layers: map[string]string{}}
	var done []string
	for _, u := range units {
		w.layers[u.output] = u.layer
		if slices.Contains(p.Float, u.layer) {
			delete(w.units, u.output)
		}
	}
	for _, u := range units {
		if err := w.try(u.output); err != nil {
			return nil, err
		}
		if w.units[u.output] != nil && !slices.Contains(done, u.layer) {
			done = append(done, u.layer)
		}
	}
	if len(done) == 0 {
		return nil, ErrNothing
	}
	return done, nil
}

// rewriter is a graph that is rewritten, unit by unit, in the order of a run.
type rewriter struct {
	plan  Plan
	graph *graphdef.Graph
	units map[string]*unit   // that are or will be int8, by output
	made  map[string]*source // by tensor

	layers map[string]string // of each unit, int8 or not, by output
}

// try makes the unit int8 that gives a tensor, unless none does, or it is. A unit that cannot be is no
// longer among the units.
func (w *rewriter) try(tensor string) error {
	u := w.units[tensor]
	if u == nil || w.made[tensor] != nil {
		return nil
	}
	ok, err := w.unit(u)
	if err != nil {
		return fmt.Errorf("layer %q: %w", u.layer, err)
	}
	if !ok {
		delete(w.units, tensor)
	}
	return nil
}

// source is a tensor as integers: x + shift = q·max·share/255, or x = q·max/127 where it is signed.
type source struct {
	ref    [3]string // numbers, least and largest, as inputs of a node
	shift  []float32 // nil: 0
	share  []float32 // nil: 1
	step   float32   // what 1 stands for, where share is 1
	signed bool
	padded bool // what the layer that takes it puts around it is there already
}

func (s *source) dtype() types_go_proto.DataType {
	if s.signed {
		return types_go_proto.DataType_DT_QINT8
	}
	return types_go_proto.DataType_DT_QUINT8
}

// unit makes u int8; false says that it stays as it is, since what it takes cannot be integers.
func (w *rewriter) unit(u *unit) (bool, error) {
	in, err := w.pixels(u)
	if err != nil {
		return false, err
	}
	bytes := in != nil
	if !bytes {
		if in, err = w.source(u, u.input); err != nil {
			return false, err
		}
	}
	if !bytes && in.shift != nil && !pointwise(w.graph, u) { // zeros around the image would be something else
		if in, err = w.border(u.input+"/unshifted", u.input, w.rangeOf(u, u.input), true); err != nil {
			return false, err
		}
	}
	if in.signed && u.depthwise() {
		return false, nil
	}
	out, ok := w.plan.Ranges[u.layer]
	if !ok {
		return false, fmt.Errorf("the range of what it gives is not known")
	}
	sum, err := w.summand(u, in)
	if err != nil {
		return false, err
	}
	if u.summand != "" && sum == nil {
		return false, nil
	}
	if u.act != "" {
		out.Shift = nil
	}
	if u.act == "Relu6" {
		out.Max = min(out.Max, 6)
	}
	return true, w.put(u, in, sum, out)
}

// summand returns what is added to u as integers, nil where nothing is, or where that cannot be.
func (w *rewriter) summand(u *unit, in *source) (*source, error) {
	if u.summand == "" {
		return nil, nil
	}
	sum, err := w.source(u, u.summand)
	if err != nil || sum.signed || in.signed {
		return nil, err
	}
	return sum, nil
}

// source returns a tensor as integers. It makes what is missing: a summand may be given by a unit that is listed later.
func (w *rewriter) source(of *unit, tensor string) (*source, error) {
	if err := w.try(through(w.graph, tensor)); err != nil {
		return nil, err
	}
	if s := w.made[tensor]; s != nil {
		return s, nil
	}
	n := w.graph.Node(tensor)
	if op := n.GetOp(); (op == "MaxPool" || op == "Pad") && w.units[through(w.graph, tensor)] != nil {
		s, err := w.source(of, n.Input[0])
		if err != nil {
			return nil, err
		}
		if op == "MaxPool" {
			return w.pool(n, s), nil
		}
		if s.shift == nil {
			return w.pad(n, s), nil
		}
	}
	r := w.rangeOf(of, tensor)
	return w.border(tensor, tensor, r, r.Shift != nil)
}

// rangeOf returns the range of a tensor that of takes.
func (w *rewriter) rangeOf(of *unit, tensor string) Range {
	if layer, ok := w.layers[through(w.graph, tensor)]; ok {
		return w.plan.Ranges[layer]
	}
	return w.plan.Ranges[InputKey(of.layer)]
}
