package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// scaleAndTranslate writes the antialiased resizing of pictures, which is not shifted, as two products: rows and
// columns of a picture are weighed apart. Resize of ONNX weighs in the same way since version 18 only.
func scaleAndTranslate(m *mapping, n *graphdef.Node) (value, error) {
	if kernel := string(n.Attr["kernel_type"].GetS()); kernel != "triangle" || !n.Attr["antialias"].GetB() {
		return value{}, fmt.Errorf("its filter is %q, antialiased %t, want an antialiased triangle", kernel, n.Attr["antialias"].GetB())
	}
	x, err1 := m.take(n, 0)
	size, err2 := m.takeInts(n, 1)
	scale, err3 := m.takeConstant(n, 2)
	shift, err4 := m.takeConstant(n, 3)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return value{}, err
	}
	if len(x.shape) != pictureAxes || len(size) != 2 || len(scale.Floats) != 2 || slices.ContainsFunc(shift.Floats, func(s float32) bool { return s != 0 }) {
		return value{}, errors.New("it is no resizing of pictures that are not shifted")
	}
	if n.Attr["T"].GetType() != types_go_proto.DataType_DT_FLOAT {
		x.name = m.step(n.Name+"/floats", "Cast", map[string]any{"to": int64(float32Elements)}, x.name)
	}
	height, width := x.shape[1], x.shape[2]
	rows := m.constant(floats(n.Name+"/rows", []int64{size[0], height}, weights(int(height), int(size[0]), scale.Floats[0])))
	columns := m.constant(floats(n.Name+"/columns", []int64{width, size[1]}, transposed(weights(int(width), int(size[1]), scale.Floats[1]), int(width))))
	y := m.step(n.Name+"/high", "MatMul", nil, rows, x.name) // [size,H] by [N,C,H,W]
	return m.add(n, "MatMul", []int64{x.shape[0], size[0], size[1], x.shape[3]}, nil, y, columns), nil
}

// weights returns [to,from] what each of from pixels counts in each of to, by a triangle as wide as a pixel of the
// smaller picture: TensorFlow 2.21, core/kernels/image/scale_and_translate_op.cc, ComputeSpansCore.
func weights(from, to int, scale float32) []float32 {
	inverse := 1 / scale
	wide := max(inverse, 1)
	all := make([]float32, to*from)
	for i := range to {
		center := (float32(i) + 0.5) * inverse
		if center < 0 || center > float32(from) {
			continue
		}
		row := all[i*from:][:from]
		first := max(int(math.Ceil(float64(center-wide-0.5))), 0)
		last := min(int(math.Floor(float64(center+wide-0.5))), from-1)
		var sum float32
		for x := first; x <= last; x++ {
			row[x] = max(0, 1-float32(math.Abs(float64((float32(x)+0.5-center)/wide))))
			sum += row[x]
		}
		for x := first; x <= last && sum > 0; x++ {
			row[x] /= sum
		}
	}
	return all
}

// transposed returns a matrix [rows,columns] as [columns,rows].
func transposed(matrix []float32, columns int) []float32 {
	rows := len(matrix) / columns
	turned := make([]float32, len(matrix))
	for i, x := range matrix {
		turned[i%columns*rows+i/columns] = x
	}
	return turned
}
