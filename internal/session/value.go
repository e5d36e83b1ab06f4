package session

import (
	"fmt"
	"unsafe"

	types "github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
)

// Number is an element type that graphs take and give, a truth value among them.
type Number interface{ uint8 | int32 | float32 | bool }

// Value is an array on its way into or out of a graph.
type Value struct {
	shape []int64
	dtype types.DataType
	size  int64  // bytes of one element
	data  []byte // elements as they lie in memory
}

// Of returns data, row-major, as a Value of the given shape; no shape is a
// scalar. The Value refers to data, which must not change while it is in use.
func Of[T Number](data []T, shape ...int64) Value {
	var zero T
	v := Value{shape: shape, dtype: dtypeOf[T](), size: int64(unsafe.Sizeof(zero))}
	if len(data) > 0 {
		v.data = unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), len(data)*int(v.size))
	}
	return v
}

// Vector returns data as a Value of one axis.
func Vector[T Number](data []T) Value { return Of(data, int64(len(data))) }

// Scalar returns x as a Value.
func Scalar[T Number](x T) Value { return Of([]T{x}) }

// Data returns the elements of v, which must be of type T.
func Data[T Number](v Value) ([]T, error) {
	if want := dtypeOf[T](); v.dtype != want {
		return nil, fmt.Errorf("value has type %v, want %v", v.dtype, want)
	}
	if len(v.data) == 0 {
		return nil, nil
	}
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(&v.data[0])), len(v.data)/int(unsafe.Sizeof(zero))), nil
}

// Shape returns the size of each axis of v.
func (v Value) Shape() []int64 { return v.shape }

func dtypeOf[T Number]() types.DataType {
	var zero T
	switch any(zero).(type) {
	case uint8:
		return types.DataType_DT_UINT8
	case int32:
		return types.DataType_DT_INT32
	case bool:
		return types.DataType_DT_BOOL
	default:
		return types.DataType_DT_FLOAT
	}
}
