package onnx

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields, as onnx.proto of the format's version 8 has them.
const (
	modelVersion, modelProducer, modelProducerVersion = 1, 2, 3
	modelGraph, modelOpset, modelMetadata             = 7, 8, 14
	opsetVersion, entryKey, entryValue                = 2, 1, 2

	graphNode, graphName, graphTensor, graphInput, graphOutput    = 1, 2, 5, 11, 12
	nodeInput, nodeOutput, nodeName, nodeOperation, nodeAttribute = 1, 2, 3, 4, 5
	attrName, attrFloat, attrInt, attrInts, attrType              = 1, 2, 3, 8, 20
	tensorDim, tensorType, tensorName, tensorBytes                = 1, 2, 8, 9
	portName, portType, typeTensor, elementType, elementShape     = 1, 2, 1, 1, 2
	shapeDim, dimValue, dimName                                   = 1, 1, 2
)

// Kinds of elements and of attributes, likewise.
const (
	float32Elements, uint8Elements, int8Elements, int32Elements, int64Elements, boolElements = 1, 2, 3, 6, 7, 9

	floatAttr, intAttr, intsAttr = 1, 2, 7
)

// node is an operation of ONNX.
type node struct {
	name, operation string
	inputs, outputs []string
	attributes      map[string]any // float32, int64 or []int64
}

// tensor is a constant of the model: its elements as little-endian bytes.
type tensor struct {
	name  string
	kind  int64
	shape []int64
	data  []byte
}

// port is an input or an output: -1 is any size.
type port struct {
	name  string
	kind  int64
	shape []int64
}

// batchAxis is what the size of a batch is called in shapes.
const batchAxis = "batch"

// encode returns the serialized ModelProto.
func (m *mapping) encode(c Contents) []byte {
	var b []byte
	b = number(b, modelVersion, irVersion)
	b = text(b, modelProducer, "tfpair")
	b = text(b, modelProducerVersion, c.Tool)
	b = message(b, modelGraph, m.encodeGraph())
	b = message(b, modelOpset, number(nil, opsetVersion, Opset))
	return appendMetadata(b, c.Metadata)
}

// appendMetadata appends entries to a ModelProto.
func appendMetadata(b []byte, entries map[string]string) []byte {
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		b = message(b, modelMetadata, text(text(nil, entryKey, key), entryValue, entries[key]))
	}
	return b
}

func (m *mapping) encodeGraph() []byte {
	var b []byte
	for _, n := range m.nodes {
		b = message(b, graphNode, n.encode())
	}
	b = text(b, graphName, "tfpair")
	for _, t := range m.tensors {
		b = message(b, graphTensor, t.encode())
	}
	b = message(b, graphInput, m.in.encode())
	return message(b, graphOutput, m.out.encode())
}

func (n *node) encode() []byte {
	var b []byte
	for _, input := range n.inputs {
		b = text(b, nodeInput, input)
	}
	for _, output := range n.outputs {
		b = text(b, nodeOutput, output)
	}
	b = text(text(b, nodeName, n.name), nodeOperation, n.operation)
	for _, name := range slices.Sorted(maps.Keys(n.attributes)) {
		b = message(b, nodeAttribute, encodeAttribute(name, n.attributes[name]))
	}
	return b
}

func encodeAttribute(name string, x any) []byte {
	b := text(nil, attrName, name)
	switch x := x.(type) {
	case float32:
		b = protowire.AppendFixed32(protowire.AppendTag(b, attrFloat, protowire.Fixed32Type), math.Float32bits(x))
		return number(b, attrType, floatAttr)
	case int64:
		return number(number(b, attrInt, x), attrType, intAttr)
	case []int64:
		for _, i := range x {
			b = number(b, attrInts, i)
		}
		return number(b, attrType, intsAttr)
	}
	panic(fmt.Sprintf("onnx: attribute %q of type %T", name, x))
}

func (t tensor) encode() []byte {
	var b []byte
	for _, size := range t.shape {
		b = number(b, tensorDim, size)
	}
	b = number(b, tensorType, t.kind)
	return message(text(b, tensorName, t.name), tensorBytes, t.data)
}

func (p port) encode() []byte {
	var shape []byte
	for _, size := range p.shape {
		dim := text(nil, dimName, batchAxis)
		if size >= 0 {
			dim = number(nil, dimValue, size)
		}
		shape = message(shape, shapeDim, dim)
	}
	of := message(number(nil, elementType, p.kind), elementShape, shape)
	return message(text(nil, portName, p.name), portType, message(nil, typeTensor, of))
}

func floats(name string, shape []int64, values []float32) tensor {
	data := make([]byte, 0, 4*len(values))
	for _, x := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return tensor{name, float32Elements, shape, data}
}

func int64s(name string, values ...int64) tensor {
	data := make([]byte, 0, 8*len(values))
	for _, x := range values {
		data = binary.LittleEndian.AppendUint64(data, uint64(x))
	}
	return tensor{name, int64Elements, []int64{int64(len(values))}, data}
}

func number(b []byte, field protowire.Number, x int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(x))
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func message(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}
