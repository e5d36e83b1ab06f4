//go:build tensorflow && cgo

package session

import (
	"fmt"
	"maps"
	"slices"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	types "github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
)

// Held is what a run has fetched, where the runtime has made it.
type Held struct {
	Values  []Value // nobody may write to them, or read them after Free
	results []*tf.Tensor
}

// Free frees the memory of h.
func (h *Held) Free() { free(h.results...) }

// Hold is Run that copies nothing: many megabytes may be read where they are. Call Free of the result.
func (c *Call) Hold(values ...Value) (*Held, error) {
	if len(values) != len(c.feeds) {
		return nil, fmt.Errorf("got %d values for %d feeds", len(values), len(c.feeds))
	}
	feeds := make(map[tf.Output]*tf.Tensor, len(values))
	for i, v := range values {
		t, err := c.tensor(i, v)
		if err != nil {
			return nil, fmt.Errorf("feed %q: %w", c.names[i], err)
		}
		feeds[c.feeds[i]] = t
	}
	if c.session.trace != nil && !c.quiet {
		out, err := c.session.traced(feeds, c.fetches, c.targets)
		if err != nil {
			return nil, fmt.Errorf("run graph, traced: %w", err)
		}
		return &Held{Values: out}, nil
	}
	results, err := c.session.run(func() ([]*tf.Tensor, error) { return c.results(feeds) })
	if err != nil {
		return nil, fmt.Errorf("run graph: %w", err)
	}
	h := &Held{Values: make([]Value, len(results)), results: results}
	for i, t := range results {
		h.Values[i] = Value{shape: t.Shape(), dtype: types.DataType(t.DataType()), data: t.TensorData()}
	}
	if c.fresh {
		free(slices.Collect(maps.Values(feeds))...)
	}
	return h, nil
}

// Room returns memory of the runtime for a value of feed i, of zeros: a run that is fed all of it copies nothing. It is there
// as long as c, unless the feed takes values of other shapes.
func (c *Call) Room(i int, shape ...int64) ([]float32, error) {
	if c.fresh {
		return nil, fmt.Errorf("feed %q keeps no memory", c.names[i])
	}
	t, err := c.tensor(i, Of(make([]float32, elements(shape)), shape...))
	if err != nil {
		return nil, fmt.Errorf("feed %q: %w", c.names[i], err)
	}
	return Data[float32](Value{dtype: types.DataType(t.DataType()), data: t.TensorData()})
}
