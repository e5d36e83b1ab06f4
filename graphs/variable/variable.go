// Package variable holds the variables of a graph: what they are called, how
// they start, and the operations that read and set them.
//
//	key, shape, initializer → resource handle + read + assign from a feed
//
// The key is the name of the handle, its shared name and its name in every
// checkpoint. Starting values are drawn in Go, so that a seed gives the same
// start on every runtime and device. It runs nothing.
package variable

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/internal/names"
)

// Variable is one float32 variable of a graph.
type Variable struct {
	Key     string        // "backbone/conv1/kernel"
	Shape   []int64       // fixed
	Trained bool          // an optimizer may change it: false for statistics and what is frozen
	Handle  tf.Output     // [] resource
	Read    tf.Output     // Shape float32
	Assign  *tf.Operation // target: sets it from the feed Key + names.Value
	Pace    float32       // factor on the learning rate
	Free    bool          // weight decay leaves it out
	initial Initializer   // draws the starting value
	stream  string        // of the random numbers it draws: Key within its NewSet
}

// Start returns the variable's starting value, which depends on seed and Key
// alone: adding a variable changes the start of no other. The prefix that NewSet was
// given does not count, so that two sets of one network start alike.
func (v Variable) Start(seed uint64) []float32 {
	h := fnv.New64a()
	h.Write([]byte(v.stream)) // a hash never returns an error
	return v.initial(rand.New(rand.NewPCG(seed, h.Sum64())), v.Shape)
}

// Approach adds the move of v a share [] float32 of the way to target, of v's shape:
// v ← v - share·(v - target).
func (v Variable) Approach(s *op.Scope, target, share tf.Output) *tf.Operation {
	gap := op.Sub(s.SubScope("gap"), v.Read, target)
	return op.AssignSubVariableOp(s.SubScope("move"), v.Handle, op.Mul(s.SubScope("part"), gap, share))
}

// Set creates variables and remembers them in order. One goroutine builds a
// graph; a Set is not safe for concurrent use.
type Set struct {
	root   *op.Scope
	prefix string
	made   *made
	reuse  bool                 // Create returns what is there
	frozen bool                 // what Create makes is not trained
	pace   float32              // of what Create makes
	free   bool                 // weight decay leaves out what Create makes
	values map[string][]float32 // by key, of a set of constants; nil: what is made are variables
}

// made is what all views of a Set have in common.
type made struct {
	prefix  string // of NewSet
	all     []Variable
	at      map[string]int // index in all of each key
	updates []*tf.Operation
	moved   []Variable           // what updates change, one of each
	derived map[string]tf.Output // what Derive made, by key
}

// NewSet returns an empty set whose variables live in the graph of root, under prefix.
func NewSet(root *op.Scope, prefix string) *Set {
	return &Set{root: root, prefix: prefix, pace: 1, made: &made{prefix: prefix, at: map[string]int{}, derived: map[string]tf.Output{}}}
}

// Sub returns the same set with keys below prefix/name.
func (s *Set) Sub(name string) *Set {
	sub := *s
	sub.prefix = s.path(name)
	return &sub
}

// Reuse returns the same set for a second tower: Create returns the variable that
// has the key already, and a key that no variable has is an error of the scope.
func (s *Set) Reuse() *Set {
	again := *s
	again.reuse = true
	return &again
}

// Frozen returns the same set, whose new variables are not trained: they are kept
// and exported, and only an Update changes them.
func (s *Set) Frozen() *Set {
	frozen := *s
	frozen.frozen = true
	return &frozen
}

// Paced returns the same set, whose new variables are trained at factor times the
// learning rate.
func (s *Set) Paced(factor float32) *Set {
	paced := *s
	paced.pace = factor
	return &paced
}

// Free returns the same set, whose new variables weight decay leaves out: those that are to have a size of
// their own, such as a bias, the scale of batch norm, or a vector that stands for a class.
func (s *Set) Free() *Set {
	free := *s
	free.free = true
	return &free
}

func (s *Set) path(name string) string {
	if s.prefix == "" {
		return name
	}
	return s.prefix + "/" + name
}

// All returns the variables created so far, in order, those of Sub sets included.
func (s *Set) All() []Variable { return s.made.all }

// Trained returns those of All that an optimizer may change.
func (s *Set) Trained() []Variable {
	var trained []Variable
	for _, v := range s.made.all {
		if v.Trained {
			trained = append(trained, v)
		}
	}
	return trained
}

// Update remembers an operation that changes variable v at each step of a
// training, such as a moving average; it runs beside the optimizer's.
func (s *Set) Update(v Variable, o *tf.Operation) {
	s.made.updates, s.made.moved = append(s.made.updates, o), append(s.made.moved, v)
}

// Updates returns the operations that Update was given, in order.
func (s *Set) Updates() []*tf.Operation { return s.made.updates }

// Moved returns the variable that each of Updates changes.
func (s *Set) Moved() []Variable { return s.made.moved }

// Create adds a variable. A key used twice is an error of the scope, unless the
// set is a Reuse.
func (s *Set) Create(name string, shape []int64, initial Initializer) Variable {
	key := s.path(name)
	if at, ok := s.made.at[key]; ok != s.reuse {
		problem := map[bool]string{true: "exists already", false: "to reuse does not exist"}[ok]
		s.root.UpdateErr("variable", fmt.Errorf("variable %q %s", key, problem))
		return Variable{Key: key, Shape: shape, initial: initial}
	} else if ok {
		return s.again(s.made.all[at], shape)
	}
	s.made.at[key] = len(s.made.all)
	if !fits(shape) { // the runtime ends the process where the product overflows
		s.root.UpdateErr("variable", fmt.Errorf("variable %q of shape %v has more than %d elements",
			key, shape, maxElements))
		return Variable{Key: key, Shape: shape, initial: initial}
	}
	if s.values != nil {
		v := Variable{Key: key, Shape: shape, Read: s.constant(key, shape, s.values[key])}
		s.made.all = append(s.made.all, v)
		return v
	}
	tfShape := tf.MakeShape(shape...)
	handle := s.add(tf.OpSpec{Name: key, Type: "VarHandleOp", Attrs: map[string]any{
		"dtype": tf.Float, "shape": tfShape, "shared_name": key,
	}})
	read := s.add(tf.OpSpec{Name: key + names.Read, Type: "ReadVariableOp",
		Input: []tf.Input{handle}, Attrs: map[string]any{"dtype": tf.Float}})
	value := s.add(tf.OpSpec{Name: key + names.Value, Type: "Placeholder",
		Attrs: map[string]any{"dtype": tf.Float, "shape": tfShape}})
	assign := s.root.AddOperation(tf.OpSpec{Name: key + names.Store, Type: "AssignVariableOp",
		Input: []tf.Input{handle, value}, Attrs: map[string]any{"dtype": tf.Float}})
	v := Variable{Key: key, Shape: shape, Trained: !s.frozen, Handle: handle, Read: read,
		Assign: assign, Pace: s.pace, Free: s.free, initial: initial,
		stream: strings.TrimPrefix(strings.TrimPrefix(key, s.made.prefix), "/")}
	s.made.all = append(s.made.all, v)
	return v
}

// again returns v for a second use, which must be of the same shape.
func (s *Set) again(v Variable, shape []int64) Variable {
	if !slices.Equal(v.Shape, shape) {
		s.root.UpdateErr("variable", fmt.Errorf("variable %q has shape %v, reused with %v", v.Key, v.Shape, shape))
	}
	return v
}

// maxElements is the largest variable: its parts are counted by int32 in the runtime's kernels.
const maxElements = math.MaxInt32

// fits reports whether shape, of positive sizes, has maxElements elements or fewer.
func fits(shape []int64) bool {
	n := int64(1)
	for _, d := range shape {
		if d > maxElements/max(n, 1) {
			return false
		}
		n *= d
	}
	return true
}

// add returns the output of the operation; after an error there is none.
func (s *Set) add(spec tf.OpSpec) tf.Output {
	operation := s.root.AddOperation(spec)
	if operation == nil {
		return tf.Output{}
	}
	return operation.Output(0)
}
