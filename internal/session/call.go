//go:build tensorflow && cgo

package session

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
)

// keepShapes is how many tensors a feed keeps for reuse: batches of distinct
// images come in a few sizes, 64, 63, 62, …
const keepShapes = 8

// Call is a run with fixed feeds, fetches and targets. It keeps the tensors of
// its feeds, so one goroutine at a time may use it.
type Call struct {
	session *Session
	names   []string
	feeds   []tf.Output
	fetches []tf.Output
	targets []*tf.Operation
	kept    [][]*tf.Tensor // [feed] tensors of recent shapes, the last one most recent
	fresh   bool           // keep no tensors
	quiet   bool           // see Untraced
	ran     bool           // in the background, where its session is there
}

// Prepare returns a Call that feeds the tensors named feeds, runs targets, and returns
// the tensors of fetches. A tensor is named by its operation, which stands for the first
// output, or as TensorFlow does, "operation:1". TensorFlow keeps what it prepared for
// each set of names until the session closes: use few.
func (s *Session) Prepare(feeds, fetches, targets []string) (*Call, error) {
	c := &Call{session: s, names: feeds, kept: make([][]*tf.Tensor, len(feeds))}
	for _, list := range []struct {
		names []string
		to    *[]tf.Output
	}{{feeds, &c.feeds}, {fetches, &c.fetches}} {
		for _, name := range list.names {
			t, err := s.tensor(name)
			if err != nil {
				return nil, err
			}
			*list.to = append(*list.to, t)
		}
	}
	for _, name := range targets {
		o := s.graph.Operation(name)
		if o == nil {
			return nil, fmt.Errorf("graph has no operation %q", name)
		}
		c.targets = append(c.targets, o)
	}
	return c, nil
}

// tensor returns the tensor with the given name.
func (s *Session) tensor(name string) (tf.Output, error) {
	operation, output := name, 0
	if before, number, ok := strings.Cut(name, ":"); ok {
		n, err := strconv.Atoi(number)
		if err != nil {
			return tf.Output{}, fmt.Errorf("tensor %q: want operation:number", name)
		}
		operation, output = before, n
	}
	o := s.graph.Operation(operation)
	if o == nil || output < 0 || output >= o.NumOutputs() {
		return tf.Output{}, fmt.Errorf("graph has no tensor %q", name)
	}
	return o.Output(output), nil
}

// Shape returns the shape of the tensor with the given name, as the runtime knows it before a run: −1 is any number. It is
// nil where even the number of dimensions is not known.
func (s *Session) Shape(name string) ([]int64, error) {
	t, err := s.tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Shape().ToSlice()
}

// Untraced leaves the runs of c out of a Trace: they go on beside a run that is traced, and the runtime traces one at a
// time. It returns c.
func (c *Call) Untraced() *Call {
	c.quiet = true
	return c
}

// Run feeds values, in the order of the feeds, and returns those of the fetches.
func (c *Call) Run(values ...Value) ([]Value, error) {
	out := make([]Value, 0, len(c.fetches))
	err := c.run(values, func(v Value) error {
		v.data = bytes.Clone(v.data)
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RunTo is Run that writes what it fetches to the elements of to, one Value of the right type and shape for each fetch:
// many megabytes of each run need no new memory then. Values may be those of to.
func (c *Call) RunTo(to []Value, values ...Value) error {
	if len(to) != len(c.fetches) {
		return fmt.Errorf("got %d values to write to for %d fetches", len(to), len(c.fetches))
	}
	i := 0
	return c.run(values, func(v Value) error {
		if v.dtype != to[i].dtype || !slices.Equal(v.shape, to[i].shape) {
			return fmt.Errorf("fetch %q: it is %v of shape %v, want %v of shape %v", c.fetches[i].Op.Name(),
				v.dtype, v.shape, to[i].dtype, to[i].shape)
		}
		copy(to[i].data, v.data)
		i++
		return nil
	})
}

// run feeds values and calls do with what is fetched, one after the other: its memory is the runtime's, for this call.
func (c *Call) run(values []Value, do func(Value) error) error {
	h, err := c.Hold(values...)
	if err != nil {
		return err
	}
	err = eachOf(h.Values, do)
	h.Free() // before the next run: TensorFlow makes results among activations, whose memory they would split
	return err
}

// eachOf calls do with each value, to the first error.
func eachOf(values []Value, do func(Value) error) error {
	for _, v := range values {
		if err := do(v); err != nil {
			return err
		}
	}
	return nil
}

// results runs the graph. The first run of a session in the background is made in the background.
func (c *Call) results(feeds map[tf.Output]*tf.Tensor) (list []*tf.Tensor, err error) {
	run := func() (err error) {
		list, err = c.session.session.Run(feeds, c.fetches, c.targets)
		return err
	}
	if c.session.first != nil && !c.ran {
		c.ran = true
		err = c.session.first(run)
	} else {
		err = run()
	}
	return list, err
}

// tensor returns feed i's tensor of v's shape with v's elements in it.
func (c *Call) tensor(i int, v Value) (*tf.Tensor, error) {
	if want := elements(v.shape) * v.size; int64(len(v.data)) != want {
		return nil, fmt.Errorf("shape %v takes %d bytes, got %d", v.shape, want, len(v.data))
	}
	kept := c.kept[i]
	at := slices.IndexFunc(kept, func(t *tf.Tensor) bool {
		return t.DataType() == tf.DataType(v.dtype) && slices.Equal(t.Shape(), v.shape)
	})
	if at >= 0 {
		t := kept[at]
		if data := t.TensorData(); len(data) > 0 && &data[0] != &v.data[0] { // see Room
			copy(data, v.data)
		}
		c.kept[i] = append(slices.Delete(kept, at, at+1), t)
		return t, nil
	}
	t, err := tf.ReadTensor(tf.DataType(v.dtype), slices.Clone(v.shape), bytes.NewReader(v.data))
	if err != nil {
		return nil, fmt.Errorf("make tensor of shape %v from %d bytes: %w", v.shape, len(v.data), err)
	}
	if c.fresh {
		return t, nil
	}
	if len(kept) == keepShapes {
		free(kept[0])
		kept = slices.Delete(kept, 0, 1)
	}
	c.kept[i] = append(kept, t)
	return t, nil
}

func elements(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

// Assign feeds values and runs target, once, with tensors that are never
// written again: a variable keeps the memory of the tensor it was set from.
func (s *Session) Assign(target string, feeds []string, values []Value) error {
	c, err := s.PrepareAssign(feeds, []string{target})
	if err != nil {
		return err
	}
	_, err = c.Run(values...)
	debug.FreeOSMemory() // the values lie in the runtime now: they may be most of the process
	return err
}

// Store feeds text, a scalar string, and runs the fetch: how a graph that keeps its
// own variables is told where to.
func (s *Session) Store(feed, fetch, text string) error {
	in, err := s.tensor(feed)
	if err != nil {
		return err
	}
	out, err := s.tensor(fetch)
	if err != nil {
		return err
	}
	t, err := tf.NewTensor(text)
	if err != nil {
		return fmt.Errorf("make tensor of %q: %w", text, err)
	}
	_, err = s.run(func() ([]*tf.Tensor, error) {
		return s.session.Run(map[tf.Output]*tf.Tensor{in: t}, []tf.Output{out}, nil)
	})
	if err != nil {
		return fmt.Errorf("run %q: %w", fetch, err)
	}
	return nil
}

// PrepareAssign is Prepare of targets that set variables from feeds: each run makes new tensors for
// them, since a variable keeps the memory of the tensor that it was set from.
func (s *Session) PrepareAssign(feeds, targets []string) (*Call, error) {
	c, err := s.Prepare(feeds, nil, targets)
	if err == nil {
		c.fresh = true
	}
	return c, err
}
