package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// row writes an operation of TensorFlow in those of ONNX.
type row func(m *mapping, n *graphdef.Node) (value, error)

// table has a row for each operation that towers are made of. A new one is a new row here.
var table = map[string]row{
	"Placeholder": placeholder,
	"Const":       constant,
	"Identity":    same, "StopGradient": same, "EnsureShape": same,

	"Cast": cast,
	"Relu": relu, "Relu6": relu6,
	"Rsqrt":      rsqrt,
	"Square":     square,
	"Reciprocal": unary("Reciprocal"),

	"AddV2": add, "Sub": elementwise("Sub"), "Mul": multiply, "Div": elementwise("Div"),
	"RealDiv": elementwise("Div"), "Maximum": elementwise("Max"), "Pow": elementwise("Pow"),

	"Conv2D": convolution, "DepthwiseConv2dNative": convolution,
	"BiasAdd":          bias,
	"FusedBatchNormV3": batchNorm,
	"MaxPool":          maxPool,
	"Pad":              pad, "PadV2": padBytes,

	"Mean": reduce("ReduceMean"), "Max": reduce("ReduceMax"), "Sum": reduce("ReduceSum"),

	"MatMul":    matMul,
	"Reshape":   reshape,
	"Squeeze":   squeeze,
	"ConcatV2":  concat,
	"ReverseV2": reverse,

	"ScaleAndTranslate": scaleAndTranslate,

	"QuantizeV2": quantize, "Bitcast": same,
	"QuantizedConv2DWithBiasAndReluAndRequantize":          quantizedConvolution,
	"QuantizedConv2DWithBiasSumAndReluAndRequantize":       quantizedConvolution,
	"QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize": quantizedConvolution,
	"QuantizedMaxPool": quantizedPool,
}

// placeholder is the input: as it is in TensorFlow, and a picture is turned at once.
func placeholder(m *mapping, n *graphdef.Node) (value, error) {
	if n.Name != m.input.Operation || m.in.name != "" {
		return value{}, errors.New("it is a second input")
	}
	kinds := map[types_go_proto.DataType]int64{types_go_proto.DataType_DT_UINT8: uint8Elements, types_go_proto.DataType_DT_FLOAT: float32Elements}
	kind, ok := kinds[n.Attr["dtype"].GetType()]
	if !ok {
		return value{}, fmt.Errorf("its type is %s, want uint8 or float32", n.Attr["dtype"].GetType())
	}
	m.in = port{name: m.input.Name, kind: kind}
	for _, d := range n.Attr["shape"].GetShape().GetDim() {
		m.in.shape = append(m.in.shape, d.Size)
	}
	v := value{name: m.in.name, shape: m.in.shape, bytes: kind == uint8Elements}
	if len(v.shape) == pictureAxes {
		v.name = m.step(n.Name+"/channels_first", "Transpose", map[string]any{"perm": toChannelsFirst}, v.name)
	}
	return v, nil
}

func constant(_ *mapping, n *graphdef.Node) (value, error) {
	c, err := graphdef.Constant(n)
	return value{shape: c.Shape, constant: &c}, err
}

func same(m *mapping, n *graphdef.Node) (value, error) { return m.takeBare(n, 0) }

func cast(m *mapping, n *graphdef.Node) (value, error) {
	if to := n.Attr["DstT"].GetType(); to != types_go_proto.DataType_DT_FLOAT {
		return value{}, fmt.Errorf("it makes %s, want float32", to)
	}
	x, err := m.take(n, 0)
	if err != nil {
		return value{}, err
	}
	if x.step != 0 {
		return m.steps(n, x), nil
	}
	return m.add(n, "Cast", x.shape, map[string]any{"to": int64(float32Elements)}, x.name), nil
}

func unary(operation string) row {
	return func(m *mapping, n *graphdef.Node) (value, error) {
		x, err := m.beside(n, 0, m.axes(n))
		return m.add(n, operation, m.shape(n), nil, x), err
	}
}

func relu(m *mapping, n *graphdef.Node) (value, error) {
	v, err := unary("Relu")(m, n)
	v.positive = true
	return v, err
}

// relu6 limits to 0 and 6.
func relu6(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.take(n, 0)
	if err != nil {
		return value{}, err
	}
	v := m.add(n, "Clip", x.shape, nil, x.name, m.constant(floats("relu6/least", nil, []float32{0})),
		m.constant(floats("relu6/most", nil, []float32{6})))
	v.positive = true
	return v, nil
}

func rsqrt(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.beside(n, 0, m.axes(n))
	if err != nil {
		return value{}, err
	}
	return m.add(n, "Reciprocal", m.shape(n), nil, m.step(n.Name+"/root", "Sqrt", nil, x)), nil
}

func square(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.beside(n, 0, m.axes(n))
	return m.add(n, "Mul", m.shape(n), nil, x, x), err
}

// shape is that of the first input of n.
func (m *mapping) shape(n *graphdef.Node) []int64 {
	v, err := m.takeBare(n, 0)
	if err != nil {
		return nil // whoever takes it says so
	}
	return v.shape
}

func (m *mapping) axes(n *graphdef.Node) int { return len(m.shape(n)) }

// binary is an operation element by element.
func elementwise(operation string) row {
	return func(m *mapping, n *graphdef.Node) (value, error) {
		a, err1 := m.takeBare(n, 0)
		b, err2 := m.takeBare(n, 1)
		shape, err3 := joint(a.shape, b.shape)
		if err := errors.Join(err1, err2, err3); err != nil {
			return value{}, err
		}
		left, err1 := m.beside(n, 0, len(shape))
		right, err2 := m.beside(n, 1, len(shape))
		return m.add(n, operation, shape, nil, left, right), errors.Join(err1, err2)
	}
}

// bias adds [C] to the last axis: as part of what made the other side, where that can take it.
func bias(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.takeBare(n, 0)
	if err != nil || x.open == nil || (x.open.operation != "Conv" && x.open.operation != "Gemm") || len(x.open.inputs) != 2 {
		return elementwise("Add")(m, n)
	}
	c, err := m.takeConstant(n, 1)
	if err != nil {
		return value{}, err
	}
	x.open.inputs = append(x.open.inputs, m.constant(floats(graphdef.Parse(n.Input[1]).Node, c.Shape, c.Floats)))
	return x, nil
}

// batchNorm is that of inference, of pictures.
func batchNorm(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.take(n, 0)
	switch {
	case err != nil:
		return value{}, err
	case n.Attr["is_training"].GetB():
		return value{}, errors.New("it is that of training")
	case len(x.shape) != pictureAxes:
		return value{}, fmt.Errorf("its input has shape %v, want [N,H,W,C]", x.shape)
	}
	inputs := []string{x.name}
	for i := 1; i < 5; i++ {
		c, err := m.takeConstant(n, i)
		if err != nil {
			return value{}, err
		}
		inputs = append(inputs, m.constant(floats(graphdef.Parse(n.Input[i]).Node, c.Shape, c.Floats)))
	}
	return m.add(n, "BatchNormalization", x.shape, map[string]any{"epsilon": n.Attr["epsilon"].GetF()}, inputs...), nil
}

// reduce is an operation over axes. From opset 13 on, only ReduceSum takes them as an input.
func reduce(operation string) row {
	return func(m *mapping, n *graphdef.Node) (value, error) {
		x, err1 := m.take(n, 0)
		list, err2 := m.takeInts(n, 1)
		axes, err3 := axesOf(list, x.shape)
		keep := n.Attr["keep_dims"].GetB()
		shape, err4 := reduced(x.shape, list, keep)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return value{}, err
		}
		attributes, inputs := map[string]any{"keepdims": int64(0)}, []string{x.name}
		if keep {
			attributes["keepdims"] = int64(1)
		}
		if operation == "ReduceSum" {
			inputs = append(inputs, m.constant(int64s(n.Name+"/axes", axes...)))
		} else {
			attributes["axes"] = axes
		}
		v := m.add(n, operation, shape, attributes, inputs...)
		v.positive = x.positive
		return v, nil
	}
}

// reduced returns shape without axes, or with their sizes 1.
func reduced(shape, axes []int64, keep bool) ([]int64, error) {
	var rest []int64
	for i, size := range shape {
		switch gone := slices.Contains(axes, int64(i)) || slices.Contains(axes, int64(i-len(shape))); {
		case !gone:
			rest = append(rest, size)
		case keep:
			rest = append(rest, 1)
		}
	}
	if len(shape) == pictureAxes && len(rest) == pictureAxes-1 {
		return nil, fmt.Errorf("it leaves three of the axes %v", shape)
	}
	return rest, nil
}

func matMul(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	kernel, err2 := m.takeConstant(n, 1)
	if err := errors.Join(err1, err2); err != nil {
		return value{}, err
	}
	if len(x.shape) != 2 || len(kernel.Shape) != 2 || n.Attr["transpose_a"].GetB() || n.Attr["transpose_b"].GetB() {
		return value{}, errors.New("it is no [N,F]·[F,D] without transposing")
	}
	name := m.constant(floats(graphdef.Parse(n.Input[1]).Node, kernel.Shape, kernel.Floats))
	return m.add(n, "Gemm", []int64{x.shape[0], kernel.Shape[1]}, nil, x.name, name), nil
}

func reshape(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	shape, err2 := m.takeInts(n, 1)
	if err := errors.Join(err1, err2); err != nil {
		return value{}, err
	}
	sizes := shape
	if len(shape) == pictureAxes {
		if shape[1] != 1 || shape[2] != 1 {
			return value{}, fmt.Errorf("it makes pictures %v of more than a pixel", shape)
		}
		sizes = order(shape, toChannelsFirst)
	}
	return m.add(n, "Reshape", shape, nil, m.channelsLast(n, x), m.constant(int64s(n.Name+"/sizes", sizes...))), nil
}

func squeeze(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	list := n.Attr["squeeze_dims"].GetList().GetI()
	axes, err2 := axesOf(list, x.shape)
	shape, err3 := reduced(x.shape, list, false)
	if err := errors.Join(err1, err2, err3); err != nil {
		return value{}, err
	}
	return m.add(n, "Squeeze", shape, nil, x.name, m.constant(int64s(n.Name+"/axes", axes...))), nil
}

// concat joins all inputs but the last, which is the axis.
func concat(m *mapping, n *graphdef.Node) (value, error) {
	last := len(n.Input) - 1
	list, err := m.takeInts(n, last)
	if err != nil {
		return value{}, err
	}
	var names []string
	var shape []int64
	for i := range last {
		x, err := m.take(n, i)
		if err != nil {
			return value{}, err
		}
		if len(x.shape) <= int(list[0]) || list[0] < 0 || x.constant != nil {
			return value{}, fmt.Errorf("it joins shape %v along axis %d", x.shape, list[0])
		}
		if names = append(names, x.name); i == 0 {
			shape = slices.Clone(x.shape)
			continue
		}
		shape[list[0]] += x.shape[list[0]]
	}
	axes, err := axesOf(list, shape)
	if err != nil {
		return value{}, err
	}
	return m.add(n, "Concat", shape, map[string]any{"axis": axes[0]}, names...), nil
}

// reverse turns axes round: a slice that walks backwards.
func reverse(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	list, err2 := m.takeInts(n, 1)
	axes, err3 := axesOf(list, x.shape)
	if err := errors.Join(err1, err2, err3); err != nil {
		return value{}, err
	}
	of := func(what string, each int64) string {
		return m.constant(int64s(n.Name+"/"+what, slices.Repeat([]int64{each}, len(axes))...))
	}
	v := m.add(n, "Slice", x.shape, nil, x.name, of("starts", -1), of("ends", math.MinInt64),
		m.constant(int64s(n.Name+"/axes", axes...)), of("steps", -1))
	v.bytes = x.bytes
	return v, nil
}
