package report

import "math"

// turns is how many times the plane is turned towards the directions of largest spread.
const turns = 60

// plane returns the two coordinates [N,2] of embeddings [N,D] in the directions in which they spread most (principal
// components, by orthogonal iteration: Golub and Van Loan, Matrix Computations, section 8.2.4), scaled so that the
// largest is 1.
func plane(embeddings []float32, dim int) []float64 {
	n := len(embeddings) / max(dim, 1)
	if n == 0 {
		return nil
	}
	mean := make([]float64, dim)
	for i, v := range embeddings {
		mean[i%dim] += float64(v) / float64(n)
	}
	axes := [2][]float64{make([]float64, dim), make([]float64, dim)}
	for d := range dim { // equal every time, and along no axis
		axes[0][d], axes[1][d] = 1+math.Sin(float64(d)), 1+math.Cos(3*float64(d))
	}
	at := make([]float64, 2*n)
	for turn := range turns + 1 {
		orthonormal(axes)
		for i := range n {
			for a, axis := range axes {
				sum := 0.0
				for d, v := range embeddings[i*dim:][:dim] {
					sum += (float64(v) - mean[d]) * axis[d]
				}
				at[2*i+a] = sum
			}
		}
		if turn == turns {
			break
		}
		for a := range axes {
			clear(axes[a])
			for i := range n {
				for d, v := range embeddings[i*dim:][:dim] {
					axes[a][d] += (float64(v) - mean[d]) * at[2*i+a]
				}
			}
		}
	}
	largest := 0.0
	for _, v := range at {
		largest = max(largest, math.Abs(v))
	}
	if largest > 0 {
		for i := range at {
			at[i] /= largest
		}
	}
	return at
}

// orthonormal makes two directions of length 1, the second at a right angle to the first. A direction of length 0 stays.
func orthonormal(axes [2][]float64) {
	unit(axes[0])
	along := 0.0
	for d, v := range axes[0] {
		along += v * axes[1][d]
	}
	for d, v := range axes[0] {
		axes[1][d] -= along * v
	}
	unit(axes[1])
}

func unit(v []float64) {
	length := 0.0
	for _, x := range v {
		length = math.Hypot(length, x)
	}
	if length == 0 {
		return
	}
	for d := range v {
		v[d] /= length
	}
}
