//go:build tensorflow && cgo

package session

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
)

// Probe loads the runtime, runs a graph that adds 2 and 3, and returns the devices
// it could run on. The error says what of this does not work.
func Probe(o Options) (devices []string, err error) {
	// Options first: they load the library with an error where it is missing.
	if _, err := o.toTF(); err != nil {
		return nil, err
	}
	g := tf.NewGraph()
	var terms []tf.Input
	for _, x := range []int32{2, 3} {
		value, err := tf.NewTensor(x)
		if err != nil {
			return nil, fmt.Errorf("make tensor: %w", err)
		}
		term, err := g.AddOperation(tf.OpSpec{Type: "Const", Name: fmt.Sprintf("term%d", x),
			Attrs: map[string]any{"dtype": tf.Int32, "value": value}})
		if err != nil {
			return nil, fmt.Errorf("build graph: %w", err)
		}
		terms = append(terms, term.Output(0))
	}
	if _, err := g.AddOperation(tf.OpSpec{Type: "AddV2", Name: "sum", Input: terms}); err != nil {
		return nil, fmt.Errorf("build graph: %w", err)
	}
	s, err := Open(g, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if devices, err = s.Devices(); err != nil {
		return nil, err
	}
	call, err := s.Prepare(nil, []string{"sum"}, nil)
	if err != nil {
		return nil, err
	}
	values, err := call.Run()
	if err != nil {
		return nil, err
	}
	sum, err := Data[int32](values[0])
	if err != nil || sum[0] != 5 {
		return nil, fmt.Errorf("2 + 3 = %v, %w", sum, err)
	}
	return devices, nil
}
