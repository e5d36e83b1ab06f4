package weights

import (
	"bytes"
	"fmt"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
)

// storage is an array of numbers in a file, of which tensors are views.
type storage struct {
	element
	key      string
	elements int64
	at       int64 // of its first byte in the file
}

// view is a tensor as torch.save writes it.
type view struct {
	storage       *storage
	offset        int64 // of its first element in the storage
	shape, stride []int64
}

// storageType stands for a class such as torch.FloatStorage.
type storageType struct{ element }

// storageTypes are the classes of storages, by name in module torch.
var storageTypes = map[string]string{
	"FloatStorage": "F32", "DoubleStorage": "F64", "HalfStorage": "F16", "BFloat16Storage": "BF16",
	"LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8",
	"ByteStorage": "U8", "BoolStorage": "BOOL",
}

// callable is a function of Python that a pickle may call, made in Go.
type callable func(args []any) (any, error)

// Call implements types.Callable.
func (c callable) Call(args ...any) (any, error) { return c(args) }

// findClass returns what stands for a global of Python. Those that a dictionary of tensors
// needs are all there are: a pickle may name any function, and Python would call it.
func findClass(module, name string) (any, error) {
	switch full := module + "." + name; full {
	case "collections.OrderedDict":
		return &types.OrderedDictClass{}, nil
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return callable(rebuildTensor), nil
	case "torch._utils._rebuild_parameter":
		return callable(rebuildParameter), nil
	default:
		if kind, ok := storageTypes[name]; ok && module == "torch" {
			e, err := elementOf(kind)
			return storageType{e}, err
		}
		return nil, fmt.Errorf("the pickle names %q, which no dictionary of tensors needs; nothing of it "+
			"was executed (a whole module? Save its state_dict)", full)
	}
}

// rebuildTensor is torch._utils._rebuild_tensor_v2(storage, offset, shape, stride, …).
func rebuildTensor(args []any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor is made of %d arguments, want 4 or more", len(args))
	}
	s, ok := args[0].(*storage)
	offset, ok2 := args[1].(int)
	shape, ok3 := integers(args[2])
	stride, ok4 := integers(args[3])
	if !ok || !ok2 || !ok3 || !ok4 || len(shape) != len(stride) {
		return nil, fmt.Errorf("a tensor is not made of storage, offset, shape and stride")
	}
	return &view{s, int64(offset), shape, stride}, nil
}

// rebuildParameter is torch._utils._rebuild_parameter(tensor, …).
func rebuildParameter(args []any) (any, error) {
	if len(args) > 0 {
		if v, ok := args[0].(*view); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("a parameter is not made of a tensor")
}

func integers(x any) ([]int64, bool) {
	tuple, ok := x.(*types.Tuple)
	if !ok {
		return nil, false
	}
	list := make([]int64, 0, tuple.Len())
	for _, v := range *tuple {
		n, ok := v.(int)
		if !ok {
			return nil, false
		}
		list = append(list, int64(n))
	}
	return list, true
}

// unpickle returns what the pickle of data, checked by pickleLength, stands for, and how
// long it is. Where it refers to storages, it asks load for them.
func unpickle(data []byte, load func(id *types.Tuple) (*storage, error)) (x any, n int, err error) {
	// The unpickler's stack is not ours: it panics on an odd number of keys and values and on
	// keys without a hash.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the pickle is damaged: %v", p)
		}
	}()
	if n, err = pickleLength(data); err != nil {
		return nil, 0, err
	}
	u := pickle.NewUnpickler(bytes.NewReader(data[:n]))
	u.FindClass = findClass
	u.PersistentLoad = func(id any) (any, error) {
		tuple, ok := id.(*types.Tuple)
		if !ok || load == nil {
			return nil, fmt.Errorf("the pickle refers to something that is no storage")
		}
		return load(tuple)
	}
	x, err = u.Load()
	return x, n, err
}

// storageOf returns the storage that a reference names, its place unknown: ("storage", class,
// key, device, elements, …).
func storageOf(id *types.Tuple) (*storage, error) {
	if id.Len() >= 5 && id.Get(0) == "storage" {
		class, ok := id.Get(1).(storageType)
		key, ok2 := id.Get(2).(string)
		n, ok3 := id.Get(4).(int)
		if ok && ok2 && ok3 && n >= 0 && n <= maxElements {
			return &storage{element: class.element, key: key, elements: int64(n)}, nil
		}
	}
	return nil, fmt.Errorf("the pickle refers to something that is no storage, or one of more than "+
		"%d elements", maxElements)
}
