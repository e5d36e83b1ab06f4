package graphs

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// Graph is a finished graph: it embeds, compares and trains. Its operations
// carry the names of package names.
type Graph struct {
	TF           *tf.Graph
	Variables    []variable.Variable // what a model is: kept, exported
	Slots        []variable.Variable // what the optimizer remembers: kept, not exported
	Trained      []variable.Variable // what a step trains: of Variables, or of Slots where these follow it
	EmbeddingDim int                 // D
	Modes        bool                // names.TrainingEmbedding exists: training is a network of its own
	Features     []int64             // shape of an image's names.Features; nil where nothing is frozen
	Frozen       []variable.Variable // those that they are made with: the first ones of Variables
	Probable     bool                // names.Probability exists
	Tower        int                 // how many of Trained the embedding depends on, the first ones; the others are the loss's
	OneRun       bool                // of several processes, each of which waits for the others in the middle of a run, see names.SumsTake
	Sums         Sums                // where it does, and batch norm sees the images of all processes
	Moved        []variable.Variable // what the tower moves at each step beside them, such as the averages of batch norm
}

// BuildError says which operation of a graph could not be added.
type BuildError struct {
	Err   error
	Stack string // where it was found; no part of Error
}

func (e *BuildError) Error() string { return fmt.Sprintf("build graph: %v", e.Err) }

// Unwrap returns the cause.
func (e *BuildError) Unwrap() error { return e.Err }

// newBuildError parts the stack that the binding writes into the errors of a scope.
func newBuildError(err error) *BuildError {
	text, stack, found := strings.Cut(err.Error(), " (Stacktrace: ")
	if !found {
		return &BuildError{Err: err}
	}
	return &BuildError{Err: errors.New(text), Stack: strings.TrimSuffix(stack, ")")}
}

// Build returns the graph of p, training included. Errors are *BuildError.
func Build(p *Parts) (*Graph, error) {
	a := newAssembly(p)
	graph, err := finish(a.root, func() {
		a.embed()
		a.minimize(a.lose(a.inputs()))
		a.assign()
	})
	if err != nil {
		return nil, err
	}
	if a.inOneRun() {
		a.graph.OneRun = true
		if graph, err = a.waiting(graph); err != nil {
			return nil, &BuildError{Err: err}
		}
	}
	if a.graph.TF, err = lean(graph); err != nil {
		return nil, &BuildError{Err: err}
	}
	a.graph.Variables, a.graph.Slots = a.variables.All(), a.remembered()
	return a.graph, nil
}

// finish calls describe, which adds operations to root, and returns the graph. The
// error is a *BuildError.
func finish(root *op.Scope, describe func()) (graph *tf.Graph, err error) {
	// The wrappers index into empty results after an error in a scope, and tfgo
	// panics on errors: both end here, and only here.
	defer func() {
		switch r := recover(); {
		case r == nil:
		case root.Err() != nil: // what led to the panic
			graph, err = nil, newBuildError(root.Err())
		default:
			graph, err = nil, &BuildError{Err: fmt.Errorf("%v", r), Stack: string(debug.Stack())}
		}
	}()
	describe()
	if graph, err = root.Finalize(); err != nil {
		return nil, newBuildError(err)
	}
	return graph, nil
}

// assembly is a graph in the making.
type assembly struct {
	parts     *Parts
	root      *op.Scope
	seed      uint64
	variables *variable.Set
	trained   *variable.Set // variables, or those whose moving average they are
	slots     *variable.Set
	ema       float64   // see average
	images    tf.Output // [N,H,W,3] uint8
	cut       tf.Output // [N,…] what towers start from: images, or names.Features
	step      tf.Output // [] float32, the feed names.Step
	inference network
	training  network   // inference itself, where both compute the same
	distance  tf.Output // [M] float32: of each pair, in inference
	graph     *Graph

	towerUpdates int // how many of the updates beside the optimizer's are the tower's, the first ones
}

// network is what computes embeddings, in one mode: the zero mode is inference.
type network struct {
	scope     *op.Scope
	variables *variable.Set
	mode      layer.Mode
	embedding tf.Output // [N,D] float32
}

func newAssembly(p *Parts) *assembly {
	s, root := p.Spec, tg.NewRoot()
	size := int64(s.Input.Size)
	variables := variable.NewSet(root, "")
	trained := variables
	if s.Train.EMA > 0 {
		trained = variable.NewSet(root, names.Live)
	}
	return &assembly{
		parts:     p,
		root:      root,
		seed:      uint64(s.Train.Seed),
		ema:       s.Train.EMA,
		variables: variables,
		trained:   trained,
		slots:     variable.NewSet(root, names.Optimizer),
		images:    feed(root, names.Images, tf.Uint8, tf.MakeShape(-1, size, size, 3)),
		step:      feed(root, names.Step, tf.Float, tf.ScalarShape()),
		graph:     &Graph{},
	}
}

// embed adds the tower, and gives its embedding its stored name. Its frozen part is
// there once, and no gradient goes into it. A tower that computes something else in
// training is added once more, over the same variables; so is one whose weights are
// averaged, over those that are trained.
func (a *assembly) embed() {
	a.inference = network{scope: a.root, variables: a.variables}
	a.cut = a.frozen()
	image, mirror := a.views()
	x := a.parts.head(a.inference, a.headInput(a.parts.features(a.inference, image)))
	if a.parts.viewed() {
		n := network{scope: a.root.SubScope("mirror"), variables: a.variables.Reuse()}
		x = together(a.root.SubScope("together"), x, a.parts.tower(n, mirror))
	}
	if a.root.Err() == nil {
		a.graph.EmbeddingDim = int(x.Shape().Size(1))
	}
	a.inference.embedding = fetch(a.root, names.Embedding, x)
	a.training = a.inference
	if a.twice() {
		variables := a.trained
		if variables == a.variables {
			variables = variables.Reuse()
		}
		a.training = network{scope: a.root.SubScope("training"), variables: variables,
			mode: layer.Mode{Training: true, Seed: a.seed, Step: a.step, Shared: a.parts.sharesNorm(), BFloat16: a.parts.bf16()}}
		a.training.embedding = fetch(a.root, names.TrainingEmbedding, a.parts.tower(a.training, image))
		a.graph.Modes = true
	}
	a.graph.Tower, a.towerUpdates = len(a.trained.Trained()), len(a.trained.Updates())
	a.graph.Moved = slices.Clone(a.trained.Moved())
}

// views adds what towers start from, of an image as it is and of its mirror image: the same
// twice where embeddings are of the image alone.
func (a *assembly) views() (image, mirror tf.Output) {
	switch {
	case !a.parts.viewed():
		return a.cut, a.cut
	case a.parts.Backbone.Frozen != nil:
		return apart(a.root, a.cut)
	}
	return a.images, mirrored(a.root, a.images)
}

// headInput gives what the head sees its stored name, where it starts from a closed form of it.
func (a *assembly) headInput(features tf.Output) tf.Output {
	if a.parts.Head.Fit == nil {
		return features
	}
	return fetch(a.root, names.HeadInput, features)
}

// frozen adds the part of the tower that is never trained, and gives what it makes of
// the images its stored name; the images are returned where there is none.
func (a *assembly) frozen() tf.Output {
	if a.parts.Backbone.Frozen == nil {
		return a.images
	}
	x := a.parts.frozen(network{scope: a.root, variables: a.variables}, a.images)
	if a.root.Err() == nil {
		a.graph.Features = tail(x.Shape())
	}
	a.graph.Frozen = slices.Clone(a.variables.All())
	return first(a.root.AddOperation(tf.OpSpec{Name: names.Features, Type: "StopGradient",
		Input: []tf.Input{x}}))
}

// frozen adds images [N,H,W,3] uint8 → frozen part of the backbone → [N,…], of both views [N,2,…].
func (p *Parts) frozen(n network, images tf.Output) tf.Output {
	s, v := n.scope.SubScope("frozen"), n.variables.Sub(names.Backbone)
	x := p.Backbone.Frozen(s, v, n.mode, images)
	if !p.viewed() {
		return x
	}
	s = s.SubScope("mirror")
	return stacked(n.scope, x, p.Backbone.Frozen(s, v.Reuse(), n.mode, mirrored(s, images)))
}

// tail returns the sizes of all axes but the first.
func tail(shape tf.Shape) []int64 {
	var sizes []int64
	for axis := 1; axis < shape.NumDimensions(); axis++ {
		sizes = append(sizes, shape.Size(axis))
	}
	return sizes
}

// twice reports whether training and inference are two networks.
func (a *assembly) twice() bool {
	return a.parts.Backbone.Modes || a.parts.Head.Modes || a.parts.viewed() || a.trained != a.variables || a.parts.bf16()
}

// compare adds the distance [M] float32 of each pair of a batch, once for inference
// under its stored name, and returns that of training.
func (a *assembly) compare() tf.Output {
	left := feed(a.root, names.Left, tf.Int32, tf.MakeShape(-1))
	right := feed(a.root, names.Right, tf.Int32, tf.MakeShape(-1))
	measure := func(n network) tf.Output {
		return a.parts.Distance(n.scope.SubScope("compare"),
			gather(n.scope.SubScope("gather_left"), n.embedding, left),
			gather(n.scope.SubScope("gather_right"), n.embedding, right))
	}
	a.distance = fetch(a.root, names.Distance, measure(a.inference))
	if a.twice() {
		return measure(a.training)
	}
	return a.distance
}

// tower adds x, images or what the frozen part makes of them, → rest of the backbone →
// head → embedding [N,D] float32.
func (p *Parts) tower(n network, x tf.Output) tf.Output { return p.head(n, p.features(n, x)) }

// features adds x, as of tower, → rest of the backbone → features [N,F] float32.
func (p *Parts) features(n network, x tf.Output) tf.Output {
	v := n.variables.Sub(names.Backbone).Paced(p.Optimizer.BackboneLR)
	return p.Backbone.Build(n.scope.SubScope("tower"), v, n.mode, x)
}

// whole adds images [N,H,W,3] uint8 → backbone → head → embedding [N,D] float32, of all views.
func (p *Parts) whole(n network, images tf.Output) tf.Output {
	image := p.single(n, images)
	if !p.viewed() {
		return image
	}
	m := network{scope: n.scope.SubScope("mirror"), variables: n.variables.Reuse(), mode: n.mode}
	return together(n.scope.SubScope("together"), image, p.single(m, mirrored(m.scope, images)))
}

// single is whole of the images as they are.
func (p *Parts) single(n network, images tf.Output) tf.Output {
	return p.head(n, p.Backbone.Features(n.scope, n.variables.Sub(names.Backbone), n.mode, images))
}

// head adds features [N,F] → embedding [N,D].
func (p *Parts) head(n network, features tf.Output) tf.Output {
	return p.Head.Build(n.scope.SubScope("head"), n.variables.Sub(names.Head), n.mode, features)
}

// minimize adds the mean of the loss values that count, and the updates that make it smaller.
func (a *assembly) minimize(values, valid tf.Output) {
	s := a.root.SubScope("reduce")
	costs := op.Greater(s.SubScope("costs"), values, tg.Const(s.SubScope("zero"), float32(0)))
	counted := valid
	if a.parts.Loss.NonZero {
		counted = op.LogicalAnd(s.SubScope("counted"), valid, costs)
	}
	loss := mean(s.SubScope("mean"), values, counted)
	fetch(a.root, names.Loss, loss)
	share := op.Cast(s.SubScope("costs_float"), costs, tf.Float)
	fetch(a.root, names.Active, mean(s.SubScope("active"), share, valid))
	a.update(loss)
}

// assign adds the target that sets every variable and slot from its value feed.
func (a *assembly) assign() {
	assign(a.root, slices.Concat(a.variables.All(), a.remembered()))
}

func assign(s *op.Scope, variables []variable.Variable) {
	var all []*tf.Operation
	for _, v := range variables {
		all = append(all, v.Assign)
	}
	target(s, names.Assign, all)
}

// mean adds Σ values over valid / number of valid: [M] float32, [M] bool → []; 0 when none is valid.
func mean(s *op.Scope, values, valid tf.Output) tf.Output {
	axis := tg.Const(s.SubScope("axis"), int32(0))
	mask := op.Cast(s.SubScope("mask"), valid, tf.Float)
	sum := op.Sum(s.SubScope("sum"), op.Mul(s.SubScope("masked"), values, mask), axis)
	return op.DivNoNan(s.SubScope("divide"), sum, op.Sum(s.SubScope("count"), mask, axis))
}

// feed adds a placeholder of exactly this name.
func feed(s *op.Scope, name string, dtype tf.DataType, shape tf.Shape) tf.Output {
	return first(s.AddOperation(tf.OpSpec{Name: name, Type: "Placeholder",
		Attrs: map[string]any{"dtype": dtype, "shape": shape}}))
}

// feedImages adds a feed of images [N,H,W,3] uint8 for a graph that only answers. The runtime takes a feed for a tensor of any
// shape, so it would not know that two shapes behind a stride are equal, and would not fuse their addition.
func feedImages(s *op.Scope, name string, shape tf.Shape) tf.Output {
	return op.EnsureShape(s.SubScope("pictures"), feed(s, name, tf.Uint8, shape), shape)
}

// fetch gives x exactly this name.
func fetch(s *op.Scope, name string, x tf.Output) tf.Output {
	return first(s.AddOperation(tf.OpSpec{Name: name, Type: "Identity", Input: []tf.Input{x}}))
}

// target adds an operation of exactly this name that runs all of ops.
func target(s *op.Scope, name string, ops []*tf.Operation) {
	s.AddOperation(tf.OpSpec{Name: name, Type: "NoOp", ControlDependencies: ops})
}

// first returns the output of an operation; after an error there is none.
func first(o *tf.Operation) tf.Output {
	if o == nil {
		return tf.Output{}
	}
	return o.Output(0)
}
