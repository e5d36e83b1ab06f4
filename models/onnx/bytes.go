package onnx

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/graphdef"
)

// padBytes puts a byte around images.
func padBytes(m *mapping, n *graphdef.Node) (value, error) {
	x, err1 := m.take(n, 0)
	z, err2 := m.takeInts(n, 1)
	c, err3 := m.takeConstant(n, 2)
	if err := errors.Join(err1, err2, err3); err != nil {
		return value{}, err
	}
	if !x.bytes || len(x.shape) != pictureAxes || len(z) != 2*pictureAxes || z[0]+z[1]+z[6]+z[7] != 0 || len(c.Uint8s) != 1 {
		return value{}, fmt.Errorf("it puts %v around shape %v, want a byte around images", z, x.shape)
	}
	shape := []int64{x.shape[0], x.shape[1] + z[2] + z[3], x.shape[2] + z[4] + z[5], x.shape[3]}
	pads := m.constant(int64s(n.Name+"/pads", 0, 0, z[2], z[4], 0, 0, z[3], z[5]))
	v := m.add(n, "Pad", shape, nil, x.name, pads, m.constant(tensor{n.Name + "/byte", uint8Elements, nil, c.Uint8s}))
	v.bytes = true
	return v, nil
}

// add is AddV2. Bytes are added to zeros around images only, and engines cannot add bytes: they take either.
func add(m *mapping, n *graphdef.Node) (value, error) {
	x, err := m.takeBare(n, 0)
	if err != nil || !x.bytes {
		return elementwise("Add")(m, n)
	}
	x, err1 := m.take(n, 0)
	c, err2 := m.takeConstant(n, 1)
	if err := errors.Join(err1, err2); err != nil {
		return value{}, err
	}
	if len(c.Uint8s) == 0 || len(c.Shape) != pictureAxes {
		return value{}, fmt.Errorf("its input %q is no picture of bytes", n.Input[1])
	}
	border := transpose(c.Uint8s, c.Shape, toChannelsFirst)
	there := make([]byte, len(border))
	for i, b := range border {
		if b != 0 {
			there[i] = 1
		}
	}
	shape := order(c.Shape, toChannelsFirst)
	v := m.add(n, "Where", x.shape, nil, m.constant(tensor{n.Name + "/there", boolElements, shape, there}),
		m.constant(tensor{n.Name + "/border", uint8Elements, shape, border}), x.name)
	v.bytes = true
	return v, nil
}
