package metric

import "math"

// eigenvalues returns those of the symmetric matrix a [N,N], in no order, and spoils a.
// Householder reflections make it tridiagonal, the QL method with implicit shifts then
// diagonal: tred1 and tql1 of Wilkinson and Reinsch, Handbook for Automatic Computation
// II, 1971, contributions II/2 and II/3.
func eigenvalues(a [][]float64) []float64 {
	diagonal, beside := tridiagonal(a)
	for l := range diagonal {
		for split(diagonal, beside, l) != l {
			shiftedQL(diagonal, beside, l, split(diagonal, beside, l))
		}
	}
	return diagonal
}

// tridiagonal returns the diagonal [N] of a matrix with the eigenvalues of a, and what
// stands beside it [N]: element i joins i and i+1, the last is 0. Only the lower
// triangle of a is read.
func tridiagonal(a [][]float64) (diagonal, beside []float64) {
	n := len(a)
	diagonal, beside = make([]float64, n), make([]float64, n)
	v := make([]float64, n) // direction of the reflection
	p := make([]float64, n) // a·v, then what is taken from a beside v
	for i := n - 1; i > 0; i-- {
		row := a[i][:i]
		length := math.Sqrt(dot(row, row))
		if length == 0 {
			continue
		}
		copy(v, row)
		last := v[i-1]
		if last > 0 {
			length = -length
		}
		beside[i-1] = length // the reflection turns row into (0, …, 0, length)
		v[i-1] = last - length
		half := -length * v[i-1] // ½‖v‖²
		reflect(a, v[:i], p[:i], half)
	}
	for i := range a {
		diagonal[i] = a[i][i]
	}
	return diagonal, beside
}

// reflect makes HaH of the leading part of a, H = I − v·vᵀ/half, half = ½‖v‖². p is
// scratch.
func reflect(a [][]float64, v, p []float64, half float64) {
	for j := range v {
		sum := dot(a[j][:j+1], v)
		for k := j + 1; k < len(v); k++ {
			sum += a[k][j] * v[k]
		}
		p[j] = sum / half
	}
	along := dot(p, v) / (2 * half)
	for j := range v {
		p[j] -= along * v[j]
		for k := range j + 1 {
			a[j][k] -= v[j]*p[k] + p[j]*v[k]
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// split returns the first index from l on where what is beside the diagonal is nothing.
func split(diagonal, beside []float64, l int) int {
	m := l
	for m < len(diagonal)-1 {
		around := math.Abs(diagonal[m]) + math.Abs(diagonal[m+1])
		if math.Abs(beside[m])+around == around { // below the last digit
			break
		}
		m++
	}
	return m
}

// shiftedQL makes one step of the QL method on rows l to m, with Wilkinson's shift.
func shiftedQL(diagonal, beside []float64, l, m int) {
	g := (diagonal[l+1] - diagonal[l]) / (2 * beside[l])
	g = diagonal[m] - diagonal[l] + beside[l]/(g+math.Copysign(math.Hypot(g, 1), g))
	sine, cosine, shift := 1.0, 1.0, 0.0
	for i := m - 1; i >= l; i-- {
		f, b := sine*beside[i], cosine*beside[i]
		r := math.Hypot(f, g)
		beside[i+1] = r
		if r == 0 { // the matrix has fallen apart here
			diagonal[i+1] -= shift
			beside[m] = 0
			return
		}
		sine, cosine = f/r, g/r
		g = diagonal[i+1] - shift
		r = (diagonal[i]-g)*sine + 2*cosine*b
		shift = sine * r
		diagonal[i+1] = g + shift
		g = cosine*r - b
	}
	diagonal[l] -= shift
	beside[l] = g
	beside[m] = 0
}
