package graphdef

import (
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
)

// Attr is an attribute of a node.
type Attr = attr_value_go_proto.AttrValue

// Type returns an attribute that is a type.
func Type(t types_go_proto.DataType) *Attr {
	return &Attr{Value: &attr_value_go_proto.AttrValue_Type{Type: t}}
}

// Types returns an attribute that is a list of types.
func Types(list ...types_go_proto.DataType) *Attr {
	return &Attr{Value: &attr_value_go_proto.AttrValue_List{List: &attr_value_go_proto.AttrValue_ListValue{Type: list}}}
}

// Number returns an attribute that is a whole number.
func Number(n int64) *Attr { return &Attr{Value: &attr_value_go_proto.AttrValue_I{I: n}} }

// Bool returns an attribute that is true or false.
func Bool(b bool) *Attr { return &Attr{Value: &attr_value_go_proto.AttrValue_B{B: b}} }

// Text returns an attribute that is a word.
func Text(s string) *Attr { return &Attr{Value: &attr_value_go_proto.AttrValue_S{S: []byte(s)}} }

// Floats returns an attribute that is a list of numbers.
func Floats(list ...float32) *Attr {
	return &Attr{Value: &attr_value_go_proto.AttrValue_List{List: &attr_value_go_proto.AttrValue_ListValue{F: list}}}
}

// Numbers returns an attribute that is a list of whole numbers.
func Numbers(list ...int64) *Attr {
	return &Attr{Value: &attr_value_go_proto.AttrValue_List{List: &attr_value_go_proto.AttrValue_ListValue{I: list}}}
}
