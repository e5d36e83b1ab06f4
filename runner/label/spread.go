package label

import "math/rand/v2"

const (
	mostSpread   = 300 // pictures that questions begin with
	spreadRounds = 3   // of means
)

// spread returns all pictures in the order in which they are asked about: first one of the middle of each of many clusters, so that
// few answers tell of all pictures, then the others. Clusters are those of k-means, begun by Arthur and Vassilvitskii, k-means++:
// The advantages of careful seeding, SODA 2007.
func (s *Space) spread(r *rand.Rand) []int32 {
	unit, n := s.unit(), len(s.rows)/s.dim
	row := func(i int) []float64 { return unit[i*s.dim:][:s.dim] }
	means := [][]float64{row(r.IntN(n))}
	far := make([]float64, n) // of the nearest mean
	for i := range far {
		far[i] = max(0, 1-dot(row(i), means[0]))
	}
	for len(means) < min(mostSpread, n/2) {
		sum := 0.0
		for _, d := range far {
			sum += d
		}
		next, left := 0, r.Float64()*sum
		for next < n-1 && left >= far[next] {
			left -= far[next]
			next++
		}
		means = append(means, row(next))
		for i := range far {
			far[i] = max(0, min(far[i], 1-dot(row(i), row(next))))
		}
	}
	for range spreadRounds {
		members := make([][]int32, len(means))
		for i := range n {
			c, _ := nearestMean(row(i), means)
			members[c] = append(members[c], int32(i))
		}
		for c, m := range members {
			if len(m) > 0 {
				means[c] = mean(unit, s.dim, m)
			}
		}
	}
	var order []int32
	first := map[int32]bool{}
	for _, m := range means {
		best := 0
		for i := range n {
			if dot(row(i), m) > dot(row(best), m) {
				best = i
			}
		}
		if !first[int32(best)] {
			first[int32(best)] = true
			order = append(order, int32(best))
		}
	}
	r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
	for _, i := range r.Perm(n) {
		if !first[int32(i)] {
			order = append(order, int32(i))
		}
	}
	return order
}

// nearestMean returns the mean that is most alike a row, and how alike it is.
func nearestMean(row []float64, means [][]float64) (best int, alike float64) {
	alike = -2
	for c, m := range means {
		if d := dot(row, m); d > alike {
			best, alike = c, d
		}
	}
	return best, alike
}
