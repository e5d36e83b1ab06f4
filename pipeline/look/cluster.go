package look

import (
	"math"
	"math/rand/v2"
)

const (
	restarts = 8   // from other first centres: the best is taken
	rounds   = 100 // of Lloyd's algorithm, at most
)

// cluster parts looks into k groups by k-means: k-means++ (Arthur and Vassilvitskii 2007, §2.2)
// draws the first centres, Lloyd's algorithm moves them. It returns the group of each look, in
// [0,k); the first look is in group 0. k is at least 1, and all are in group 0 where it is less.
func cluster(looks []Look, k int) []int {
	best, least := make([]int, len(looks)), math.Inf(1)
	if k < 2 {
		return best
	}
	r := rand.New(rand.NewPCG(uint64(len(looks)), 0x6c6f6f6b)) // "look"
	for range restarts {
		if of, sum := lloyd(looks, first(looks, k, r)); sum < least {
			best, least = of, sum
		}
	}
	return inOrder(best, k)
}

// first draws k centres, each with odds that grow with the square of its distance to the others.
func first(looks []Look, k int, r *rand.Rand) []Look {
	centres := []Look{looks[r.IntN(len(looks))]}
	near := make([]float64, len(looks))
	for i := range near {
		near[i] = math.Inf(1)
	}
	for len(centres) < k {
		total := 0.0
		for i := range looks {
			near[i] = min(near[i], square(&looks[i], &centres[len(centres)-1]))
			total += near[i]
		}
		at, left := 0, r.Float64()*total
		for at < len(looks)-1 && left >= near[at] {
			left -= near[at]
			at++
		}
		centres = append(centres, looks[at])
	}
	return centres
}

// lloyd moves centres to the middle of the looks that are nearest to them until none changes. It
// returns the centre of each look, and the sum of the squares of their distances.
func lloyd(looks, centres []Look) (of []int, sum float64) {
	of = make([]int, len(looks))
	for range rounds {
		changed := false
		sum = 0
		for i := range looks {
			at, least := 0, math.Inf(1)
			for c := range centres {
				if d := square(&looks[i], &centres[c]); d < least {
					at, least = c, d
				}
			}
			changed = changed || of[i] != at
			of[i], sum = at, sum+least
		}
		if !changed {
			break
		}
		move(looks, of, centres)
	}
	return of, sum
}

// move puts each centre into the middle of its looks. One without looks stays.
func move(looks []Look, of []int, centres []Look) {
	for c := range centres {
		var middle [len(Look{})]float64
		n := 0.0
		for i, at := range of {
			if at == c {
				n++
				for j, v := range looks[i] {
					middle[j] += float64(v)
				}
			}
		}
		for j := range middle {
			if n > 0 {
				centres[c][j] = float32(middle[j] / n)
			}
		}
	}
}

// inOrder numbers groups by the first look of each, so that centres' order does not matter.
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

// square returns the square of the distance of two looks.
func square(a, b *Look) (sum float64) {
	for j := range a {
		d := float64(a[j] - b[j])
		sum += d * d
	}
	return sum
}
