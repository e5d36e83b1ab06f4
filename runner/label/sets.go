package label

import (
	"cmp"
	"slices"
)

const (
	hub      = 10   // most similar sets that say how near a set lies to all others
	mostSets = 1000 // that questions are about: each question compares all of them
)

// sets are what questions are about: the sets of pictures that answers make, and pictures that nobody has said anything of, each a
// set of its own. Whether two sets are one is asked of the two that are most alike. A set that is near to all others is less so
// than it seems: Conneau, Lample, Ranzato, Denoyer and Jégou, Word translation without parallel data, ICLR 2018, section 2.3 (CSLS).
type sets struct {
	session *Session
	unit    []float64   // [N,K] the learnt rows at length 1
	members [][]int32   // [S]
	means   [][]float64 // [S] of the learnt rows, at length 1
	alike   [][]float64 // [S][S] cosine of the means, less the mean of those of the nearest sets
	known   [][]bool    // [S][S] the answer is known, or was skipped
}

// sets returns those of the answers, and the first pictures of the order that are in none.
func (s *Session) sets(pictures int) *sets {
	list := s.labelled()
	g := &sets{session: s, unit: s.space.unit(), members: s.space.members(list)}
	at := map[int32]int{}
	for c, m := range g.members {
		for _, i := range m {
			at[i] = c
		}
	}
	for _, i := range s.order[:min(pictures, len(s.order))] {
		if _, answered := at[i]; !answered && len(g.members) < mostSets {
			at[i], g.members = len(g.members), append(g.members, []int32{i})
		}
	}
	for _, m := range g.members {
		g.means = append(g.means, mean(g.unit, s.space.dim, m))
	}
	g.compare()
	g.known = make([][]bool, len(g.members))
	for c := range g.known {
		g.known[c] = make([]bool, len(g.members))
		g.known[c][c] = true
	}
	know := func(a, b int32) {
		c, knownA := at[a]
		d, knownB := at[b]
		if knownA && knownB {
			g.known[c][d], g.known[d][c] = true, true
		}
	}
	for _, l := range list {
		if !l.Same {
			know(l.Left, l.Right)
		}
	}
	for p := range s.skipped {
		know(p.a, p.b)
	}
	return g
}

// compare says how alike sets are.
func (g *sets) compare() {
	n := len(g.means)
	g.alike = make([][]float64, n)
	crowd := make([]float64, n) // half of the mean cosine to the nearest sets
	for c, m := range g.means {
		g.alike[c] = make([]float64, n)
		for d, other := range g.means {
			g.alike[c][d] = dot(m, other)
		}
		others := slices.Delete(slices.Clone(g.alike[c]), c, c+1)
		slices.Sort(others)
		nearest := others[max(0, len(others)-hub):]
		for _, v := range nearest {
			crowd[c] += v / float64(2*len(nearest))
		}
	}
	for c := range n {
		for d := range n {
			g.alike[c][d] -= crowd[c] + crowd[d]
		}
	}
}

// nearest returns the two sets that are most alike, of those that are not known to be different.
func (g *sets) nearest() (a, b int, ok bool) {
	for c := range g.members {
		for d := range c {
			if !g.known[c][d] && (!ok || g.alike[c][d] > g.alike[a][b]) {
				a, b, ok = c, d, true
			}
		}
	}
	return a, b, ok
}

// next returns the set that is known to differ from the fewest others and is not known to differ from all; of several, the one
// that is most alike another. differ is from how many.
func (g *sets) next() (set, differ int, ok bool) {
	best := 0.0
	for c := range g.members {
		n, alike, open := 0, 0.0, false
		for d := range g.members {
			switch {
			case c == d:
			case g.known[c][d]:
				n++
			case !open || g.alike[c][d] > alike:
				alike, open = g.alike[c][d], true
			}
		}
		if open && (!ok || n < differ || n == differ && alike > best) {
			set, differ, best, ok = c, n, alike, true
		}
	}
	return set, differ, ok
}

// like returns the sets that may be one with a set, those that are most alike first.
func (g *sets) like(set int) (list []int) {
	for d := range g.members {
		if !g.known[set][d] {
			list = append(list, d)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(g.alike[set][b], g.alike[set][a]) })
	return list
}

// nearestOf returns the picture of a set that is nearest to a picture.
func (g *sets) nearestOf(set int, i int32) int32 {
	return slices.MinFunc(g.members[set], func(a, b int32) int {
		return cmp.Compare(g.session.space.apart(i, a), g.session.space.apart(i, b))
	})
}

// middle returns the picture of a set that is most like its mean.
func (g *sets) middle(set int) int32 {
	unit, dim := g.unit, g.session.space.dim
	return slices.MaxFunc(g.members[set], func(a, b int32) int {
		return cmp.Compare(dot(unit[int(a)*dim:][:dim], g.means[set]), dot(unit[int(b)*dim:][:dim], g.means[set]))
	})
}

const (
	firstPictures = 150 // that questions about two pictures begin with
	morePictures  = 4   // answers of "different" to one picture more
)

// setsOne returns a question of whether the two sets that are most alike are one, by their pictures that are nearest to each other. ok
// is false where all are known to be different. The more answers say "different", the more pictures are asked about: the
// next two sets are less alike.
func (s *Session) setsOne() (q Question, ok bool) {
	_, different := kinds(s.labelled())
	g := s.sets(firstPictures + different/morePictures)
	a, b, ok := g.nearest()
	if !ok {
		return q, false
	}
	for n, i := range g.members[a] {
		k := g.nearestOf(b, i)
		if n == 0 || s.space.apart(i, k) < s.space.apart(int32(q.Left), int32(q.Right)) {
			q = Question{Left: int(i), Right: int(k)}
		}
	}
	return q, true
}

// Group returns a picture and up to so many in all that it may be the same as: of each of the sets that its set is most alike, the
// nearest picture. It is nil where nothing is left to ask. A set has its turn before another has a second one. Once each
// has had one, more pictures are asked about.
func (s *Session) Group(most int) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pictures := mostSpread; ; pictures += mostSpread {
		g := s.sets(pictures)
		set, differ, ok := g.next()
		more := pictures < len(s.order) && len(g.members) < mostSets
		if more && (!ok || differ >= most) {
			continue
		}
		if !ok {
			return nil
		}
		first := g.middle(set)
		group := []int{int(first)}
		for _, other := range g.like(set) {
			if len(group) < most {
				group = append(group, int(g.nearestOf(other, first)))
			}
		}
		return group
	}
}
