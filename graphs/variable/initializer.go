package variable

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Initializer draws a starting value of the given shape, row-major.
type Initializer func(r *rand.Rand, shape []int64) []float32

// Zeros starts at 0.
func Zeros(_ *rand.Rand, shape []int64) []float32 { return make([]float32, size(shape)) }

// Ones starts at 1.
func Ones(_ *rand.Rand, shape []int64) []float32 {
	values := make([]float32, size(shape))
	for i := range values {
		values[i] = 1
	}
	return values
}

// Three starts at 3.
func Three(_ *rand.Rand, shape []int64) []float32 {
	return slices.Repeat([]float32{3}, int(size(shape)))
}

// GlorotUniform draws from U(-l, l), l = √(6/(fan_in+fan_out)), as Keras does:
// Glorot and Bengio, Understanding the difficulty of training deep feedforward
// neural networks, 2010, section 4.2.1, equation 16. The last two axes are
// input and output; those before them are the receptive field.
func GlorotUniform(r *rand.Rand, shape []int64) []float32 {
	fanIn, fanOut := fans(shape)
	limit := math.Sqrt(6 / float64(fanIn+fanOut))
	values := make([]float32, size(shape))
	for i := range values {
		values[i] = float32((2*r.Float64() - 1) * limit)
	}
	return values
}

// DepthwiseUniform is GlorotUniform for depthwise kernels [size,size,C,1], whose
// channels do not mix: the fans of each are size². Keras counts all channels as
// input of each, with which activations vanish in a deep stack.
func DepthwiseUniform(r *rand.Rand, shape []int64) []float32 {
	one := append(slices.Clone(shape[:len(shape)-2]), 1, 1)
	var values []float32
	for range shape[len(shape)-2] {
		values = append(values, GlorotUniform(r, one)...)
	}
	return values
}

// NegativeGlorotUniform is minus the absolute value of GlorotUniform.
func NegativeGlorotUniform(r *rand.Rand, shape []int64) []float32 {
	values := GlorotUniform(r, shape)
	for i, v := range values {
		values[i] = -float32(math.Abs(float64(v)))
	}
	return values
}

func size(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

func fans(shape []int64) (in, out int64) {
	if len(shape) < 2 {
		return size(shape), size(shape)
	}
	n := len(shape)
	field := size(shape[:n-2])
	return field * shape[n-2], field * shape[n-1]
}
