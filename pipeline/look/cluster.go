package look

import (
	"cmp"
	"math"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// merge is two clusters that became one, each named by one of its looks.
type merge struct {
	a, b   int
	height float64 // growth of the sum of squared distances to the middle
}

// cluster parts looks into k groups by Ward's method (1963): of all clusters, those two become one
// whose joining adds least to the squared distances from the middles, until k are left. It
// returns the group of each look, in [0,k); the first look is in group 0. k is at least 1,
// and all are in group 0 where it is less.
func cluster(looks []Look, k int) []int {
	merges := ward(looks)
	slices.SortStableFunc(merges, func(a, b merge) int { return cmp.Compare(a.height, b.height) })
	sets := forest.New(len(looks))
	for _, m := range merges[:max(0, len(looks)-max(k, 1))] {
		sets.Join(int32(m.a), int32(m.b))
	}
	of, number := make([]int, len(looks)), map[int32]int{}
	for i := range looks {
		root := sets.Root(int32(i))
		if _, ok := number[root]; !ok {
			number[root] = len(number)
		}
		of[i] = number[root]
	}
	return of
}

// middle is the mean look of a cluster.
type middle struct {
	look Look
	size float64
}

// ward returns the merges that make one cluster of all looks. It follows chains of nearest
// neighbours until two are each other's (Murtagh 1983), which gives the merges of Ward's
// method in another order, in a time that grows with the square of the number of looks.
func ward(looks []Look) (merges []merge) {
	clusters, alive := make([]middle, len(looks)), make([]int, len(looks))
	for i, l := range looks {
		clusters[i], alive[i] = middle{l, 1}, i
	}
	var chain []int
	for len(alive) > 1 {
		if len(chain) == 0 {
			chain = append(chain, alive[0])
		}
		last, before := chain[len(chain)-1], -1
		if len(chain) > 1 {
			before = chain[len(chain)-2]
		}
		near, height := neighbour(clusters, alive, last, before)
		if near != before {
			chain = append(chain, near)
			continue
		}
		chain = chain[:len(chain)-2]
		merges = append(merges, merge{near, last, height})
		clusters[near] = join(clusters[near], clusters[last])
		alive = slices.DeleteFunc(alive, func(i int) bool { return i == last })
	}
	return merges
}

// neighbour returns the cluster that is nearest to one; of equally near ones before, if it is one.
func neighbour(clusters []middle, alive []int, of, before int) (near int, height float64) {
	near, height = -1, math.Inf(1)
	if before >= 0 {
		near, height = before, growth(&clusters[of], &clusters[before])
	}
	for _, i := range alive {
		if i != of {
			if h := growth(&clusters[of], &clusters[i]); h < height {
				near, height = i, h
			}
		}
	}
	return near, height
}

// growth is what joining two clusters adds to the squared distances from their middles.
func growth(a, b *middle) float64 {
	return a.size * b.size / (a.size + b.size) * square(&a.look, &b.look)
}

func join(a, b middle) middle {
	m := middle{size: a.size + b.size}
	for j := range m.look {
		m.look[j] = float32((a.size*float64(a.look[j]) + b.size*float64(b.look[j])) / m.size)
	}
	return m
}

// square returns the square of the distance of two looks.
func square(a, b *Look) (sum float64) {
	for j := range a {
		d := float64(a[j] - b[j])
		sum += d * d
	}
	return sum
}
