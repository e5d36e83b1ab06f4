package onnx

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// Pictures are [N,H,W,C] in TensorFlow and [N,C,H,W] in ONNX.
var (
	toChannelsFirst = []int64{0, 3, 1, 2} // which axis of TensorFlow each axis of ONNX is
	toChannelsLast  = []int64{0, 2, 3, 1} // and the reverse
)

// pictureAxes is how many axes a picture has. What has another number of axes is the same in both.
const pictureAxes = 4

// axesOf returns the axes of ONNX that are those of TensorFlow's shape.
func axesOf(axes, shape []int64) ([]int64, error) {
	list := make([]int64, len(axes))
	for i, axis := range axes {
		if axis < 0 {
			axis += int64(len(shape))
		}
		if axis < 0 || axis >= int64(len(shape)) {
			return nil, fmt.Errorf("it has no axis %d: its shape is %v", axes[i], shape)
		}
		if list[i] = axis; len(shape) == pictureAxes {
			list[i] = toChannelsLast[axis]
		}
	}
	slices.Sort(list)
	return list, nil
}

// order returns a shape with its axes in another order.
func order(shape, by []int64) []int64 {
	list := make([]int64, len(shape))
	for i, axis := range by {
		list[i] = shape[axis]
	}
	return list
}

// transpose returns the elements of a constant with its axes in another order.
func transpose[T any](values []T, shape, by []int64) []T {
	to := order(shape, by)
	steps := make([]int64, len(shape)) // between neighbours of an axis of the result, in values
	for i, axis := range by {
		steps[i] = 1
		for _, size := range shape[axis+1:] {
			steps[i] *= size
		}
	}
	list, at := make([]T, 0, len(values)), make([]int64, len(to))
	for range values {
		from := int64(0)
		for i := range at {
			from += at[i] * steps[i]
		}
		list = append(list, values[from])
		for i := len(at) - 1; i >= 0; i-- {
			if at[i]++; at[i] < to[i] {
				break
			}
			at[i] = 0
		}
	}
	return list
}

// spread returns a constant as a side of an operation over so many axes: [C] beside pictures becomes [C,1,1].
func spread(name string, c *graphdef.Tensor, axes int) tensor {
	shape, values := c.Shape, c.Floats
	if axes != pictureAxes || len(shape) == 0 {
		return floats(name, shape, values)
	}
	for len(shape) < pictureAxes {
		shape = append([]int64{1}, shape...)
	}
	return floats(name+"/channels_first", order(shape, toChannelsFirst), transpose(values, shape, toChannelsFirst))
}

// channelsLast returns v with its elements in TensorFlow's order, for an operation that changes the axes.
func (m *mapping) channelsLast(n *graphdef.Node, v value) string {
	if len(v.shape) != pictureAxes || v.shape[1] == 1 && v.shape[2] == 1 {
		return v.name // of one pixel both are the same
	}
	return m.step(n.Name+"/channels_last", "Transpose", map[string]any{"perm": toChannelsLast}, v.name)
}
