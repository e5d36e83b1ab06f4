package label

import (
	"math"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// kinship is how near each picture is to the sets of pictures that answers make: two pictures that are near to the same sets are
// probably the same, wherever they lie. It compares distributions over sets by the coefficient of Bhattacharyya, as
// classemes compare pictures by classifiers: Torresani, Szummer and Fitzgibbon, Efficient object category recognition using
// classemes, ECCV 2010.
type kinship struct {
	rows []float64 // [N,S] shares of sets while they are made, then their roots
	sets int       // S
}

const (
	sharpness = 40  // of shares: they are softmax(sharpness · cosine)
	anchor    = 3   // pictures that one which was answered counts as, where the middle of its set is looked for
	enough    = 20  // sets of two pictures or more, from which on these count for themselves, too
	large     = 0.3 // their weight then; that of all sets, also of one picture, is the rest
)

// kinship returns that of answers. A set of one picture, of which somebody said only that it is not another, is a landmark. Of few
// sets these are nearly all there is; of many, they blur the sets that were confirmed.
func (s *Space) kinship(list []Labelled) kinship {
	all := s.members(list)
	if len(all) < 2 {
		return kinship{}
	}
	var confirmed [][]int32
	for _, members := range all {
		if len(members) > 1 {
			confirmed = append(confirmed, members)
		}
	}
	unit := s.unit()
	k := shares(unit, s.dim, all)
	if len(confirmed) < enough {
		return k.roots(1)
	}
	return k.roots(1 - large).beside(shares(unit, s.dim, confirmed).roots(large))
}

// shares returns those of sets, whose middles are moved once to what all pictures say.
func shares(unit []float64, dim int, sets [][]int32) kinship {
	k := kinship{sets: len(sets), rows: make([]float64, len(unit)/dim*len(sets))}
	means := make([][]float64, len(sets))
	for c, members := range sets {
		means[c] = mean(unit, dim, members)
	}
	k.share(unit, dim, means)
	k.middle(unit, dim, sets, means)
	k.share(unit, dim, means)
	return k
}

// roots takes the roots of weighted shares.
func (k kinship) roots(weight float64) kinship {
	for i, v := range k.rows {
		k.rows[i] = math.Sqrt(weight * v)
	}
	return k
}

// beside returns the rows of k, each followed by that of other.
func (k kinship) beside(other kinship) kinship {
	both := kinship{sets: k.sets + other.sets}
	for at := range len(k.rows) / k.sets {
		both.rows = append(append(both.rows, k.rows[at*k.sets:][:k.sets]...), other.rows[at*other.sets:][:other.sets]...)
	}
	return both
}

// share sets the rows to the shares of sets, whose means are at length 1.
func (k kinship) share(unit []float64, dim int, means [][]float64) {
	for i := range len(unit) / dim {
		row, sum := k.rows[i*k.sets:][:k.sets], 0.0
		for c, m := range means {
			row[c] = math.Exp(sharpness * (dot(unit[i*dim:][:dim], m) - 1))
			sum += row[c]
		}
		for c := range row {
			row[c] /= max(sum, math.SmallestNonzeroFloat64)
		}
	}
}

// middle moves the mean of each set to that of all pictures by their shares.
func (k kinship) middle(unit []float64, dim int, sets [][]int32, means [][]float64) {
	for c, members := range sets {
		for _, i := range members {
			clear(k.rows[int(i)*k.sets:][:k.sets])
			k.rows[int(i)*k.sets+c] = anchor
		}
		clear(means[c])
	}
	for i := range len(unit) / dim {
		for c, share := range k.rows[i*k.sets:][:k.sets] {
			if share < 1e-9 { // nothing to speak of
				continue
			}
			for d, v := range unit[i*dim:][:dim] {
				means[c][d] += share * v
			}
		}
	}
	for _, m := range means {
		length(m)
	}
}

// unit returns the learnt rows [N,K] at length 1.
func (s *Space) unit() []float64 {
	unit := slices.Clone(s.seen)
	for row := range slices.Chunk(unit, s.dim) {
		length(row)
	}
	return unit
}

// members returns the pictures of answers, set by set: those that same answers join are one.
func (s *Space) members(list []Labelled) (sets [][]int32) {
	f := forest.New(len(s.rows) / s.dim)
	for _, l := range list {
		if l.Same {
			f.Join(l.Left, l.Right)
		}
	}
	at, in := map[int32]int{}, map[int32]bool{}
	for _, l := range list {
		for _, i := range []int32{l.Left, l.Right} {
			if in[i] {
				continue
			}
			in[i] = true
			root := f.Root(i)
			if _, known := at[root]; !known {
				at[root], sets = len(sets), append(sets, nil)
			}
			sets[at[root]] = append(sets[at[root]], i)
		}
	}
	return sets
}

// mean returns the mean of rows, at length 1.
func mean(unit []float64, dim int, members []int32) []float64 {
	m := make([]float64, dim)
	for _, i := range members {
		for d, v := range unit[int(i)*dim:][:dim] {
			m[d] += v
		}
	}
	length(m)
	return m
}

// length makes the length of m 1.
func length(m []float64) {
	l := max(math.Sqrt(dot(m, m)), 1e-12)
	for d := range m {
		m[d] /= l
	}
}

func dot(a, b []float64) (sum float64) {
	for d, v := range a {
		sum += v * b[d]
	}
	return sum
}

// Distance returns how far apart two pictures are, as learnt: the distance of Bhattacharyya between their shares, 0 or more, which
// tells pairs apart that have next to nothing in common, too. Without answers it is the squared distance of the embeddings.
func (s *Space) Distance(a, b int32) float64 {
	n := s.kept.sets
	if n == 0 {
		return s.apart(a, b)
	}
	common := dot(s.kept.rows[int(a)*n:][:n], s.kept.rows[int(b)*n:][:n])
	return max(0, -math.Log(max(common, math.SmallestNonzeroFloat64)))
}
