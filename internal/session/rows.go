//go:build tensorflow && cgo

package session

import (
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Rows is a run of one feed and one fetch that have a row for each image: [N,…] → [N,…]. Where the session was opened with
// Options.Apart, the images are shared out among as many runs as it has threads; after OpenSingle, one image runs on one
// thread. One goroutine at a time may use it.
type Rows struct {
	fetch  string
	calls  []*Call
	single *Call // of one image; nil: the first of calls
	ready  bool  // the runtime has prepared the graph of calls
}

// PrepareRows is Prepare of Rows. A GPU gets all images at once.
func (s *Session) PrepareRows(feed, fetch string) (*Rows, error) {
	devices, err := s.Devices()
	if err != nil {
		return nil, err
	}
	runs := max(1, s.apart)
	if slices.ContainsFunc(devices, IsGPU) {
		runs = 1
	}
	r := &Rows{fetch: fetch}
	for range runs {
		c, err := s.Prepare([]string{feed}, []string{fetch}, nil)
		if err != nil {
			return nil, err
		}
		r.calls = append(r.calls, c)
	}
	if s.single != nil {
		if r.single, err = s.single.Prepare([]string{feed}, []string{fetch}, nil); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Run feeds the images of v and returns what the graph gives for them, in their order.
func (r *Rows) Run(v Value) (Value, error) {
	parts := v.parts(len(r.calls))
	if len(parts) < 2 {
		call := r.calls[0]
		if r.single != nil && len(v.shape) > 0 && v.shape[0] == 1 {
			call = r.single
		}
		values, err := call.Run(v)
		if err != nil {
			return Value{}, err
		}
		r.ready = r.ready || call == r.calls[0]
		return values[0], nil
	}
	results := make([]Value, len(parts))
	part := func(i int) error {
		values, err := r.calls[i].Run(parts[i])
		if err == nil {
			results[i] = values[0]
		}
		return err
	}
	first := 0
	if !r.ready { // runs that come before the first one has ended optimize the graph once more, each for itself
		if err := part(0); err != nil {
			return Value{}, err
		}
		r.ready, first = true, 1
	}
	var g errgroup.Group
	if r.calls[0].session.trace != nil {
		g.SetLimit(1) // the runtime traces one run at a time
	}
	for i := first; i < len(parts); i++ {
		g.Go(func() error { return part(i) })
	}
	if err := g.Wait(); err != nil {
		return Value{}, err
	}
	all, err := join(results)
	if err != nil {
		return Value{}, fmt.Errorf("fetch %q: %w", r.fetch, err)
	}
	return all, nil
}

// parts shares out the rows of v, as evenly as can be, among n parts at most. None is empty.
func (v Value) parts(n int) []Value {
	if len(v.shape) == 0 || v.shape[0] < 2 || n < 2 {
		return []Value{v}
	}
	rows := int(v.shape[0])
	n = min(n, rows)
	row, list := len(v.data)/rows, make([]Value, n)
	for i := range list {
		first, last := i*rows/n, (i+1)*rows/n
		list[i] = v
		list[i].shape = slices.Clone(v.shape)
		list[i].shape[0] = int64(last - first)
		list[i].data = v.data[first*row : last*row]
	}
	return list
}

// join returns the rows of all parts as one Value.
func join(parts []Value) (Value, error) {
	all := parts[0]
	all.shape, all.data = slices.Clone(all.shape), slices.Clone(all.data)
	for i, p := range parts {
		if len(p.shape) == 0 || p.dtype != all.dtype || !slices.Equal(p.shape[1:], all.shape[1:]) {
			return Value{}, fmt.Errorf("it is %v of shape %v for some images and %v of shape %v for others, want a row for each image",
				parts[0].dtype, parts[0].shape, p.dtype, p.shape)
		}
		if i > 0 {
			all.shape[0] += p.shape[0]
			all.data = append(all.data, p.data...)
		}
	}
	return all, nil
}
