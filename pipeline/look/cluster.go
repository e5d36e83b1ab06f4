package look

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	restarts = 8   // from other first centres: the best is taken
	rounds   = 100 // of Lloyd's algorithm, at most
)

// cluster parts points into k groups by k-means: k-means++ (Arthur and Vassilvitskii 2007, §2.2)
// draws the first centres, Lloyd's algorithm moves them. It returns the group of each point, in
// [0,k); the first point is in group 0. k is at least 1, and all are in group 0 where it is less.
func cluster(points [][]float64, k int) []int {
	best, least := make([]int, len(points)), math.Inf(1)
	if k < 2 {
		return best
	}
	r := rand.New(rand.NewPCG(uint64(len(points)), 0x6c6f6f6b)) // "look"
	for range restarts {
		if of, sum := lloyd(points, first(points, k, r)); sum < least {
			best, least = of, sum
		}
	}
	return inOrder(best, k)
}

// first draws k centres, each with odds that grow with the square of its distance to the others.
func first(points [][]float64, k int, r *rand.Rand) [][]float64 {
	centres := [][]float64{slices.Clone(points[r.IntN(len(points))])}
	near := make([]float64, len(points))
	for i := range near {
		near[i] = math.Inf(1)
	}
	for len(centres) < k {
		total := 0.0
		for i := range points {
			near[i] = min(near[i], square(points[i], centres[len(centres)-1]))
			total += near[i]
		}
		at, left := 0, r.Float64()*total
		for at < len(points)-1 && left >= near[at] {
			left -= near[at]
			at++
		}
		centres = append(centres, slices.Clone(points[at]))
	}
	return centres
}

// lloyd moves centres to the middle of the points that are nearest to them until none changes. It
// returns the centre of each point, and the sum of the squares of their distances.
//
// A point is compared with centres only where their moves since it was may have brought another one nearer
// (Hamerly 2010, §3), which by the triangle inequality few have; and only centres whose points changed move.
func lloyd(points, centres [][]float64) (of []int, sum float64) {
	of = make([]int, len(points))
	bounds := make([]bound, len(points))
	changed := slices.Repeat([]bool{true}, len(centres)) // [centre] its points have, since it moved
	for round := range rounds {
		same := true
		for i := range points {
			if bounds[i].sure() {
				continue
			}
			at, b := closest(points[i], centres)
			if bounds[i] = b; of[i] != at {
				changed[of[i]], changed[at], same = true, true, false
				of[i] = at
			}
		}
		if same || round == rounds-1 {
			break
		}
		moves := move(points, of, centres, changed)
		most := slices.Max(moves)
		for i, at := range of {
			bounds[i].near += moves[at]
			bounds[i].next -= most
		}
	}
	for i, at := range of {
		sum += square(points[i], centres[at])
	}
	return of, sum
}

// bound is how far a point is from its centre, at most, and from each other one, at least.
type bound struct{ near, next float64 }

// sure reports whether no other centre can be nearer than a point's own, nor as near. It leaves more to rounding than there is.
func (b bound) sure() bool { return b.next-b.near > 1e-9*(1+b.next) }

// closest returns the centre that is nearest to a point, the first of several.
func closest(point []float64, centres [][]float64) (at int, _ bound) {
	least, second := math.Inf(1), math.Inf(1)
	last := len(centres) - 1
	for c := 0; c <= last; c += 4 {
		four := squares(point, centres[c], centres[min(c+1, last)], centres[min(c+2, last)], centres[min(c+3, last)])
		for i, d := range four[:min(4, len(centres)-c)] {
			if d < least {
				at, least, second = c+i, d, least
			} else {
				second = min(second, d)
			}
		}
	}
	return at, bound{math.Sqrt(least), math.Sqrt(second)}
}

// squares returns the squares of the distances of a point to four others. No sum waits for another one, so that
// the four take hardly longer than one.
func squares(point, a, b, c, d []float64) [4]float64 {
	a, b, c, d = a[:len(point)], b[:len(point)], c[:len(point)], d[:len(point)]
	var ofA, ofB, ofC, ofD float64
	for j, v := range point {
		toA, toB, toC, toD := v-a[j], v-b[j], v-c[j], v-d[j]
		ofA += toA * toA
		ofB += toB * toB
		ofC += toC * toC
		ofD += toD * toD
	}
	return [4]float64{ofA, ofB, ofC, ofD}
}

// move puts each centre that changed into the middle of its points, and returns how far each moved. One without
// points stays.
func move(points [][]float64, of []int, centres [][]float64, changed []bool) (moves []float64) {
	moves = make([]float64, len(centres))
	for c := range centres {
		if !changed[c] {
			continue
		}
		changed[c] = false
		middle, n := make([]float64, len(centres[c])), 0.0
		for i, at := range of {
			if at == c {
				n++
				for j, v := range points[i] {
					middle[j] += v
				}
			}
		}
		if n == 0 {
			continue
		}
		for j := range middle {
			middle[j] /= n
		}
		moves[c] = math.Sqrt(square(middle, centres[c]))
		copy(centres[c], middle)
	}
	return moves
}

// inOrder numbers groups by the first point of each, so that centres' order does not matter.
func inOrder(of []int, k int) []int {
	number := make([]int, k)
	next := 0
	for _, at := range of {
		if number[at] == 0 {
			next++
			number[at] = next
		}
	}
	for i, at := range of {
		of[i] = number[at] - 1
	}
	return of
}

// square returns the square of the distance of two points.
func square(a, b []float64) (sum float64) {
	for j := range a {
		d := a[j] - b[j]
		sum += d * d
	}
	return sum
}
