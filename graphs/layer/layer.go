// Package layer holds the building blocks of towers.
//
//	x → layer (creates its variables, adds its operations) → y
//
// Layers that compute something else while the network learns take a Mode.
// Layers check the shapes they are given; a mistake is recorded in the scope
// and reported once, by graphs.Build. Letters as in package graphs.
package layer

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
)

// Pixels turns images [N,H,W,C] uint8 in 0..255 into float32 in [0,1].
func Pixels(s *op.Scope, images tf.Output) tf.Output {
	x := op.Cast(s.SubScope("float"), images, tf.Float)
	return op.Mul(s.SubScope("scale"), x, tg.Const(s.SubScope("per_level"), float32(1.0/255)))
}

// Bias adds a bias [C] to the last axis of x [N,H,W,C] float32.
func Bias(s *op.Scope, v *variable.Set, x tf.Output) tf.Output {
	channels, ok := dimension(s, x, 4, 3)
	if !ok {
		return x
	}
	bias := v.Free().Create("bias", []int64{channels}, variable.Zeros)
	return addBias(s, x, bias.Read)
}

// addBias adds a bias [C] float32 to x [N,H,W,C], of any type, in float32: the runtime would sum the gradient of the bias
// in bfloat16, where 256 + 1 is 256.
func addBias(s *op.Scope, x, bias tf.Output) tf.Output {
	return as(s, op.BiasAdd(s.SubScope("add_bias"), Float(s, x), bias), x)
}

// Flatten joins all axes of x [N,…] but the first: y [N,F].
func Flatten(s *op.Scope, x tf.Output) tf.Output {
	features := int64(1)
	for axis := 1; axis < x.Shape().NumDimensions(); axis++ {
		n, ok := dimension(s, x, x.Shape().NumDimensions(), axis)
		if !ok {
			return x
		}
		features *= n
	}
	shape := tg.Const(s.SubScope("shape"), []int32{-1, int32(features)})
	return op.Reshape(s.SubScope("join"), x, shape)
}

// Dense multiplies x [N,F] float32 by a kernel [F,units] and adds a bias: y [N,units] float32.
func Dense(s *op.Scope, v *variable.Set, x tf.Output, units int64) tf.Output {
	return DenseFrom(s, v, x, units, variable.GlorotUniform)
}

// DenseFrom is Dense with another initializer of the kernel.
func DenseFrom(s *op.Scope, v *variable.Set, x tf.Output, units int64,
	initial variable.Initializer) tf.Output {
	y, ok := multiply(s, v, x, units, initial)
	if !ok {
		return x
	}
	bias := v.Free().Create("bias", []int64{units}, variable.Zeros)
	return op.BiasAdd(s.SubScope("add_bias"), Float(s, y), bias.Read)
}

// Multiply is Dense without a bias, for what a batch norm follows: it has one of its own.
func Multiply(s *op.Scope, v *variable.Set, x tf.Output, units int64) tf.Output {
	y, _ := multiply(s, v, x, units, variable.GlorotUniform)
	return y
}

// multiply adds x [N,F] · kernel [F,units]; it returns x and false after an error.
func multiply(s *op.Scope, v *variable.Set, x tf.Output, units int64,
	initial variable.Initializer) (tf.Output, bool) {
	features, ok := dimension(s, x, 2, 1)
	if !ok {
		return x, false
	}
	kernel := v.Create("kernel", []int64{features, units}, initial)
	return op.MatMul(s.SubScope("multiply"), x, as(s.SubScope("kernel"), kernel.Read, x)), true
}

// dimension returns the static size of one axis of x, which must have rank axes.
func dimension(s *op.Scope, x tf.Output, rank, axis int) (int64, bool) {
	if s.Err() != nil {
		return 0, false
	}
	shape := x.Shape()
	if shape.NumDimensions() != rank {
		s.UpdateErr("layer", fmt.Errorf("input has shape %v, want %d axes", shape, rank))
		return 0, false
	}
	n := shape.Size(axis)
	if n <= 0 {
		s.UpdateErr("layer", fmt.Errorf("axis %d of shape %v must be known and positive", axis, shape))
		return 0, false
	}
	return n, true
}
