package variable

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
)

// NewConstants returns an empty set that makes constants in place of variables: their
// Read alone is there, of the values, by key. A key without values is an error of the scope.
func NewConstants(root *op.Scope, values map[string][]float32) *Set {
	s := NewSet(root, "")
	s.values = values
	return s
}

// Values returns the value that Create would give a constant of shape, for what is computed of it
// before it is in the graph; All then lists it, without a Read. It is nil after an error, which is one of the
// scope: s must be a set of constants and have values for the name.
func (s *Set) Values(name string, shape []int64) []float32 {
	key := s.path(name)
	values, want := s.values[key], int64(1)
	for _, n := range shape {
		want *= n
	}
	if int64(len(values)) != want {
		s.root.UpdateErr("constant", fmt.Errorf("constant %q of shape %v has %d values", key, shape, len(values)))
		return nil
	}
	if _, known := s.made.at[key]; !known {
		s.made.at[key] = len(s.made.all)
		s.made.all = append(s.made.all, Variable{Key: key, Shape: shape})
	}
	return values
}

// Derive adds a constant, computed of Values, under a name. A Reuse returns the one that is there.
func (s *Set) Derive(name string, shape []int64, values []float32) tf.Output {
	key := s.path(name)
	if made, ok := s.made.derived[key]; ok == s.reuse && ok {
		return made
	} else if ok != s.reuse {
		s.root.UpdateErr("constant", fmt.Errorf("constant %q is made twice, or reused before it is there", key))
		return tf.Output{}
	}
	made := s.constant(key, shape, values)
	s.made.derived[key] = made
	return made
}

// constant adds values under a key.
func (s *Set) constant(key string, shape []int64, values []float32) tf.Output {
	value, err := tf.NewTensor(values)
	if err == nil {
		err = value.Reshape(shape)
	}
	if err != nil {
		s.root.UpdateErr("constant", fmt.Errorf("constant %q of shape %v from %d values: %w",
			key, shape, len(values), err))
		return tf.Output{}
	}
	return s.add(tf.OpSpec{Name: key, Type: "Const", Attrs: map[string]any{
		"dtype": tf.Float, "value": value}})
}
