package graphdef

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_shape_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
)

// Tensor is the value of a constant: its elements, row-major, in the slice of its type.
type Tensor struct {
	Shape  []int64
	Floats []float32 // of float32
	Ints   []int32   // of int32
	Bytes  []int8    // of int8 that stands for a number with a scale: qint8
	Uint8s []uint8   // of uint8
}

// Constant returns the value of a node "Const" of float32, int32, uint8 or qint8.
func Constant(n *Node) (Tensor, error) {
	t := n.GetAttr()["value"].GetTensor()
	if n.GetOp() != "Const" || t == nil {
		return Tensor{}, fmt.Errorf("node %q is %s, want a constant", n.GetName(), n.GetOp())
	}
	value, elements := Tensor{Shape: []int64{}}, 1
	for _, d := range t.GetTensorShape().GetDim() {
		value.Shape = append(value.Shape, d.Size)
		elements *= int(d.Size)
	}
	var ok bool
	switch t.Dtype {
	case types_go_proto.DataType_DT_FLOAT:
		value.Floats, ok = unpack(t.TensorContent, t.FloatVal, elements, math.Float32frombits)
	case types_go_proto.DataType_DT_INT32:
		value.Ints, ok = unpack(t.TensorContent, t.IntVal, elements, func(bits uint32) int32 { return int32(bits) })
	case types_go_proto.DataType_DT_QINT8:
		for _, b := range t.TensorContent {
			value.Bytes = append(value.Bytes, int8(b))
		}
		ok = len(value.Bytes) == elements
	case types_go_proto.DataType_DT_UINT8:
		value.Uint8s = t.TensorContent
		ok = len(value.Uint8s) == elements
	default:
		return value, fmt.Errorf("constant %q is of %s, want float32, int32, uint8 or qint8", n.Name, t.Dtype)
	}
	if !ok {
		return value, fmt.Errorf("constant %q of shape %v has another number of elements", n.Name, value.Shape)
	}
	return value, nil
}

// unpack returns so many elements of content or, where that is empty, of list: its last one is that of all
// that it leaves out, and 0 where it has none.
func unpack[T int32 | float32](content []byte, list []T, elements int, of func(uint32) T) ([]T, bool) {
	values := make([]T, elements)
	if len(content) > 0 {
		for i := range min(elements, len(content)/4) {
			values[i] = of(binary.LittleEndian.Uint32(content[4*i:]))
		}
		return values, len(content) == 4*elements
	}
	for i := range values {
		if len(list) > 0 {
			values[i] = list[min(i, len(list)-1)]
		}
	}
	return values, len(list) <= elements
}

// Const returns a node that holds t.
func Const(name string, t Tensor) *Node {
	shape := &tensor_shape_go_proto.TensorShapeProto{}
	for _, size := range t.Shape {
		shape.Dim = append(shape.Dim, &tensor_shape_go_proto.TensorShapeProto_Dim{Size: size})
	}
	value := &tensor_go_proto.TensorProto{TensorShape: shape}
	switch {
	case t.Floats != nil:
		value.Dtype = types_go_proto.DataType_DT_FLOAT
		for _, x := range t.Floats {
			value.TensorContent = binary.LittleEndian.AppendUint32(value.TensorContent, math.Float32bits(x))
		}
	case t.Ints != nil:
		value.Dtype = types_go_proto.DataType_DT_INT32
		for _, x := range t.Ints {
			value.TensorContent = binary.LittleEndian.AppendUint32(value.TensorContent, uint32(x))
		}
	case t.Uint8s != nil:
		value.Dtype, value.TensorContent = types_go_proto.DataType_DT_UINT8, t.Uint8s
	default:
		value.Dtype = types_go_proto.DataType_DT_QINT8
		for _, x := range t.Bytes {
			value.TensorContent = append(value.TensorContent, uint8(x))
		}
	}
	return &Node{Name: name, Op: "Const", Attr: map[string]*attr_value_go_proto.AttrValue{
		"value": {Value: &attr_value_go_proto.AttrValue_Tensor{Tensor: value}}, "dtype": Type(value.Dtype)}}
}
