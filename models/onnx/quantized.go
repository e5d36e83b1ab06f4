package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// Integers are written as ONNX Runtime and OpenVINO look for them: each operation is one of floats, between a
// DequantizeLinear of what it takes and a QuantizeLinear of what it gives. They compute both as one of integers.
// Zero is the number 0 of all integers of TensorFlow that have a row here.

// largest are the largest integers of each kind.
var largest = map[int64]float32{uint8Elements: 255, int8Elements: 127}

// integerKind returns the kind of an attribute of n that is a type.
func integerKind(n *graphdef.Node, attribute string) (int64, error) {
	switch t := n.Attr[attribute].GetType(); t {
	case types_go_proto.DataType_DT_QUINT8:
		return uint8Elements, nil
	case types_go_proto.DataType_DT_QINT8:
		return int8Elements, nil
	default:
		return 0, fmt.Errorf("its %s is %s, want quint8 or qint8", attribute, t)
	}
}

// takeNumber returns input i of n, which must be a constant of one float32.
func (m *mapping) takeNumber(n *graphdef.Node, i int) (float32, error) {
	c, err := m.takeConstant(n, i)
	if err == nil && len(c.Floats) != 1 {
		err = fmt.Errorf("its input %q is no number", n.Input[i])
	}
	if err != nil {
		return 0, err
	}
	return c.Floats[0], nil
}

// takeIntegers is takeBare of what must be integers.
func (m *mapping) takeIntegers(n *graphdef.Node, i int) (value, error) {
	v, err := m.takeBare(n, i)
	if err == nil && v.step == 0 {
		err = fmt.Errorf("its input %q is not of integers", n.Input[i])
	}
	return v, err
}

// scale keeps a step and a zero of a kind, and returns their names.
func (m *mapping) scale(name string, step float32, kind int64, zero uint8) (string, string) {
	return m.constant(floats(name+"/step", nil, []float32{step})),
		m.constant(tensor{name + "/zero", kind, nil, []byte{zero}})
}

// toFloats returns v as floats.
func (m *mapping) toFloats(v value) string {
	name := v.name + "/floats"
	if !m.written[name] {
		m.written[name] = true
		step, zero := m.scale(v.name, v.step, v.kind, 0)
		m.step(name, "DequantizeLinear", nil, v.name, step, zero)
	}
	return name
}

// toIntegers returns floats as the integers that n gives.
func (m *mapping) toIntegers(n *graphdef.Node, from string, shape []int64, step float32, kind int64) value {
	name, zero := m.scale(n.Name, step, kind, 0)
	v := m.add(n, "QuantizeLinear", shape, nil, from, name, zero)
	v.step, v.kind, v.positive = step, kind, kind == uint8Elements
	return v
}

func quantize(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	most, err2 := m.takeNumber(n, 2)
	kind, err3 := integerKind(n, "T")
	if err := errors.Join(err1, err2, err3); err != nil {
		return value{}, err
	}
	if mode := string(n.Attr["mode"].GetS()); mode != "SCALED" {
		return value{}, fmt.Errorf("its mode is %q, want SCALED", mode)
	}
	steps := largest[kind]
	if kind == int8Elements {
		steps = 127.5 // of the oneDNN kernel, whatever those that take integers read
	}
	return m.toIntegers(n, x.name, x.shape, most/steps, kind), nil
}

// steps returns the integers x as floats, as engines want it: in their steps. TensorFlow's Cast gives whole numbers, and multiplies
// them in the next operation.
func (m *mapping) steps(n *graphdef.Node, x value) value {
	step, zero := m.scale(x.name, x.step, x.kind, 0)
	v := m.add(n, "DequantizeLinear", x.shape, nil, x.name, step, zero)
	v.positive, v.unit = x.positive, x.step
	return v
}

// multiply is Mul. Of whole numbers that have their steps already it is what is left: nothing, where that is 1.
func multiply(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.takeSteps(n, 0)
	if err != nil || x.unit == 0 {
		return elementwise("Mul")(m, n)
	}
	c, err := m.takeConstant(n, 1)
	if err != nil {
		return value{}, err
	}
	left := make([]float32, len(c.Floats))
	for i, by := range c.Floats {
		left[i] = by / x.unit
	}
	if x.unit = 0; len(left) == 1 && left[0] == 1 {
		return x, nil
	}
	by := spread(n.Name+"/left", &graphdef.Tensor{Shape: c.Shape, Floats: left}, len(x.shape))
	return m.add(n, "Mul", x.shape, nil, x.name, m.constant(by)), nil
}

func quantizedPool(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.takeIntegers(n, 0)
	if err != nil {
		return value{}, err
	}
	sizes := n.Attr["ksize"].GetList().GetI()
	if len(sizes) != pictureAxes || x.zeros != (border{}) && !x.positive {
		return value{}, fmt.Errorf("its sizes are %v, and zeros are around it", sizes)
	}
	w, err := m.window(n, x, [2]int64{sizes[1], sizes[2]})
	if err != nil {
		return value{}, err
	}
	pooled := m.step(n.Name+"/maximum", "MaxPool", w.attributes(), m.toFloats(x))
	return m.toIntegers(n, pooled, w.shape, x.step, x.kind), nil
}

// Inputs of a quantized convolution.
const (
	inputKernel, inputBias, inputImageMost, inputKernelMost, inputMost, inputSummand = 1, 2, 4, 6, 8, 9
)

// quantizedConvolution has a relu behind it: integers without a sign begin at 0.
func quantizedConvolution(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.takeConvolved(n)
	kernel, err2 := m.takeConstant(n, inputKernel)
	most, err3 := m.takeNumber(n, inputMost)
	kind, err4 := integerKind(n, "out_type")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return value{}, err
	}
	if kind != uint8Elements {
		return value{}, errors.New("what it gives has a sign")
	}
	f, err := m.filter(n, x, kernel.Shape, n.Op == "QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize")
	if err != nil {
		return value{}, err
	}
	weights, bias, err := m.integerWeights(n, x, kernel, f)
	if err != nil {
		return value{}, err
	}
	y := m.step(n.Name+"/convolve", "Conv", f.attributes(), m.toFloats(x), weights, bias)
	if len(n.Input) > inputSummand {
		if y, err = m.addSummand(n, y, most); err != nil {
			return value{}, err
		}
	}
	return m.toIntegers(n, y, f.shape, most/largest[kind], kind), nil
}

// takeConvolved returns what the convolution n takes: integers, or bytes of images.
func (m *mapping) takeConvolved(n *graphdef.Node) (value, error) {
	if x, err := m.takeBare(n, 0); err != nil || !x.bytes {
		return m.takeIntegers(n, 0)
	}
	x, err1 := m.takeBare(n, 0)
	most, err2 := m.takeNumber(n, inputImageMost)
	if err := errors.Join(err1, err2); err != nil {
		return value{}, err
	}
	if m.written[x.name+"/floats"] { // as another network of the same images has them
		x.name = m.step(n.Name+"/bytes", "Identity", nil, x.name)
	}
	x.step, x.kind, x.positive = most/largest[uint8Elements], uint8Elements, true
	return x, nil
}

// integerWeights returns the kernel of n, int8 with a step for each output channel, and its bias, int32 in the steps of
// the products of both, as floats.
func (m *mapping) integerWeights(n *graphdef.Node, x value, kernel *graphdef.Tensor, f filter) (weights, bias string, err error) {
	b, err1 := m.takeConstant(n, inputBias)
	most, err2 := m.takeConstant(n, inputKernelMost)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", err
	}
	channels := int(f.kernel[0])
	if len(kernel.Bytes) == 0 || len(b.Floats) != channels || len(most.Floats) != channels {
		return "", "", fmt.Errorf("its kernel has shape %v, its bias %v, the bounds of the kernel %v", kernel.Shape, b.Shape, most.Shape)
	}
	steps, products, integers := make([]float32, channels), make([]float32, channels), make([]byte, 0, 4*channels)
	for c := range channels {
		steps[c] = most.Floats[c] / largest[int8Elements]
		products[c] = x.step * steps[c]
		whole := math.RoundToEven(float64(b.Floats[c]) / float64(products[c]))
		integers = binary.LittleEndian.AppendUint32(integers, uint32(int32(max(math.MinInt32, min(math.MaxInt32, whole)))))
	}
	name := graphdef.Parse(n.Input[inputKernel]).Node
	data := make([]byte, 0, len(kernel.Bytes))
	for _, w := range transpose(kernel.Bytes, kernel.Shape, f.order) {
		data = append(data, byte(w))
	}
	if weights = name + "/floats"; !m.written[weights] {
		m.written[weights] = true
		m.step(weights, "DequantizeLinear", map[string]any{"axis": int64(0)}, m.constant(tensor{name, int8Elements, f.kernel, data}),
			m.constant(floats(name+"/steps", f.kernel[:1], steps)),
			m.constant(tensor{name + "/zeros", int8Elements, f.kernel[:1], make([]byte, channels)}))
	}
	bias = n.Name + "/bias"
	m.step(bias, "DequantizeLinear", map[string]any{"axis": int64(0)},
		m.constant(tensor{bias + "/integers", int32Elements, f.kernel[:1], integers}), m.constant(floats(bias+"/steps", f.kernel[:1], products)))
	return weights, bias, nil
}

// addSummand returns y + the summand of n, whose sum counts from 0 to most. TensorFlow adds before it rounds; here y
// becomes integers by itself, or it would be computed as floats: of the range that it had in calibration, without what is below
// minus the largest summand or above most, where the sum does not depend on it.
func (m *mapping) addSummand(n *graphdef.Node, y string, most float32) (string, error) {
	sum, err := m.takeIntegers(n, inputSummand)
	if err != nil {
		return "", err
	}
	seen := n.Attr[names.ConvolvedRange].GetList().GetF()
	if len(seen) != 2 || !(seen[0] <= 0 && seen[1] >= 0) {
		return "", fmt.Errorf("its %s is %v, want a least number up to 0 and a largest from 0 on", names.ConvolvedRange, seen)
	}
	least := max(seen[0], -sum.step*largest[sum.kind])
	step := (min(seen[1], most) - least) / largest[uint8Elements]
	if step == 0 { // it convolves to zeros alone
		step = 1
	}
	name, zero := m.scale(n.Name+"/convolved", step, uint8Elements, uint8(math.RoundToEven(float64(-least/step))))
	y = m.step(n.Name+"/convolved", "QuantizeLinear", nil, y, name, zero)
	y = m.step(n.Name+"/convolved/floats", "DequantizeLinear", nil, y, name, zero)
	return m.step(n.Name+"/sum", "Add", nil, y, m.toFloats(sum)), nil
}
