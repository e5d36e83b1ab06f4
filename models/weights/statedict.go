package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
)

// stateKeys are the keys under which training scripts keep the dictionary of tensors.
var stateKeys = []string{"state_dict", "model", "model_state_dict"}

// tensors reads the tensors of the dictionary that x holds under the first of stateKeys, or
// else of x, a dictionary itself. What else a dictionary holds is left out: a number of epochs,
// or a tensor with the best accuracy.
func (s *source) tensors(x any) (*File, error) {
	names, values, err := entries(x)
	if err != nil {
		return nil, err
	}
	for _, key := range stateKeys {
		at := slices.Index(names, key)
		if at < 0 {
			continue
		}
		if names, inner, err := entries(values[at]); err == nil {
			f, err := s.dictionary(names, inner)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", key, err)
			}
			return f, nil
		}
	}
	return s.dictionary(names, values)
}

// dictionary reads the tensors of a dictionary.
func (s *source) dictionary(names []string, values []any) (*File, error) {
	f, left := &File{}, newBudget(s.size)
	for i, name := range names {
		v, ok := values[i].(*view)
		if !ok {
			continue
		}
		t, err := s.tensor(name, v, left)
		if err != nil {
			return nil, err
		}
		f.add(t, v.storage.element)
	}
	f.unwrap()
	return f, nil
}

// entries returns the keys and values of a dictionary, in its order.
func entries(x any) (names []string, values []any, err error) {
	add := func(key, value any) {
		name, ok := key.(string)
		if !ok {
			err = fmt.Errorf("the dictionary has a key that is no string")
		}
		names, values = append(names, name), append(values, value)
	}
	switch d := x.(type) {
	case *types.OrderedDict:
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			add(entry.Key, entry.Value)
		}
	case *types.Dict:
		for _, entry := range *d {
			add(entry.Key, entry.Value)
		}
	default:
		return nil, nil, fmt.Errorf("it holds no dictionary of tensors; save a module's state_dict")
	}
	return names, values, err
}

// unwrap takes away the prefix that DataParallel gives to every name.
func (f *File) unwrap() {
	const prefix = "module."
	for _, t := range f.Tensors {
		if !strings.HasPrefix(t.Name, prefix) {
			return
		}
	}
	for i := range f.Tensors {
		f.Tensors[i].Name = f.Tensors[i].Name[len(prefix):]
	}
	wholes := f.wholes
	f.wholes = map[string]string{}
	for name, kind := range wholes {
		f.wholes[name[len(prefix):]] = kind
	}
}

// tensor reads one tensor, whose elements may lie in its storage in any order.
func (s *source) tensor(name string, v *view, left *budget) (Tensor, error) {
	n, err := left.take(name, v.shape)
	if err != nil {
		return Tensor{}, err
	}
	t := Tensor{Name: name, Shape: v.shape}
	if n == 0 {
		return t, nil
	}
	span, err := v.span()
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", name, err)
	}
	if left.elements -= max(0, span-n); left.elements < 0 {
		return t, fmt.Errorf("tensor %q: its %d elements lie in %d", name, n, span)
	}
	data, err := s.bytes(v.storage.at+v.offset*v.storage.size, span*v.storage.size)
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", name, err)
	}
	stored := v.storage.all(data)
	if int64(len(stored)) == n && contiguous(v.shape, v.stride) {
		t.Data = stored
		return t, nil
	}
	t.Data = gather(stored, v.shape, v.stride)
	return t, nil
}

// span returns how many elements of the storage lie from the first to the last of v, which
// has some.
func (v *view) span() (int64, error) {
	n := int64(1)
	for i, side := range v.shape {
		if v.stride[i] < 0 || v.stride[i] > maxElements {
			return 0, fmt.Errorf("stride %v", v.stride)
		}
		n += (side - 1) * v.stride[i]
	}
	if v.offset < 0 || v.offset > v.storage.elements || n > v.storage.elements-v.offset {
		return 0, fmt.Errorf("%d elements at %d go beyond its storage of %d",
			n, v.offset, v.storage.elements)
	}
	return n, nil
}

func contiguous(shape, stride []int64) bool {
	n := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] > 1 && stride[i] != n {
			return false
		}
		n *= shape[i]
	}
	return true
}

// gather returns the elements of a tensor of this shape, row-major, of those in data that
// lie stride apart.
func gather(data []float32, shape, stride []int64) []float32 {
	if len(shape) == 0 {
		return data[:1]
	}
	var list []float32
	for i := range shape[0] {
		list = append(list, gather(data[i*stride[0]:], shape[1:], stride[1:])...)
	}
	return list
}
