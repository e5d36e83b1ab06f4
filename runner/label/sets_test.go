package label

import (
	"math"
	"slices"
	"testing"
)

// TestSetsOne: a question is about the two sets that are most alike, of those that are not known to be different, by the two
// pictures of them that are nearest. Both are looked for here picture by picture.
func TestSetsOne(t *testing.T) {
	p := pictures(12, 10)
	s := session(t, p, t.TempDir())
	for turn := range 90 {
		q, err := s.Next("Ada")
		if err != nil {
			t.Fatal(err)
		}
		if !q.Sure {
			sets, different := of(s)
			// Questions of uncertain pairs come once all sets are known to differ.
			if a, alike := mostAlike(s, sets, different); a[0] >= 0 && !joins(q, sets[a[0]], sets[a[1]]) {
				t.Fatalf("question %d is about %d and %d, want one about sets %v and %v (%.6f alike)", turn, q.Left, q.Right, sets[a[0]], sets[a[1]], alike)
			}
			for _, i := range holder(sets, q.Left) {
				for _, k := range holder(sets, q.Right) {
					if s.space.apart(i, k) < s.space.apart(int32(q.Left), int32(q.Right)) {
						t.Fatalf("question %d is about %d and %d, but %d and %d of the same sets are nearer", turn, q.Left, q.Right, i, k)
					}
				}
			}
		}
		if _, err := s.Say(q.Left, q.Right, oracle(p, q.Left, q.Right), "Ada"); err != nil {
			t.Fatal(err)
		}
	}
}

// of returns the sets of a session of few pictures, each picture in one, and the pairs of pictures that were said to be different.
func of(s *Session) (sets [][]int32, different []Labelled) {
	at := make([]int, len(s.pictures.Paths))
	for i := range at {
		at[i] = i
	}
	for _, l := range s.labelled() {
		if !l.Same {
			different = append(different, l)
			continue
		}
		from, to := at[l.Left], at[l.Right]
		for i := range at {
			if at[i] == from {
				at[i] = to
			}
		}
	}
	by := map[int][]int32{}
	for i, root := range at {
		by[root] = append(by[root], int32(i))
	}
	for _, m := range by {
		sets = append(sets, m)
	}
	return sets, different
}

// joins says whether a question is about a picture of each of two sets.
func joins(q Question, a, b []int32) bool {
	left, right := int32(q.Left), int32(q.Right)
	return slices.Contains(a, left) && slices.Contains(b, right) || slices.Contains(a, right) && slices.Contains(b, left)
}

// holder returns the set of a picture.
func holder(sets [][]int32, i int) []int32 {
	return sets[slices.IndexFunc(sets, func(m []int32) bool { return slices.Contains(m, int32(i)) })]
}

// mostAlike returns the two sets of the largest 2·cos(a,b) − r(a) − r(b), halved: r is the mean cosine to the ten nearest.
func mostAlike(s *Session, sets [][]int32, different []Labelled) (pair [2]int, alike float64) {
	cosine := func(a, b int) float64 {
		var m [2][]float64
		for n, c := range []int{a, b} {
			m[n] = make([]float64, s.space.dim)
			for _, i := range sets[c] {
				row := s.space.seen[int(i)*s.space.dim:][:s.space.dim]
				for d, v := range row {
					m[n][d] += v / math.Sqrt(dot(row, row))
				}
			}
		}
		return dot(m[0], m[1]) / math.Sqrt(dot(m[0], m[0])*dot(m[1], m[1]))
	}
	cosines, crowd := make([][]float64, len(sets)), make([]float64, len(sets))
	for a := range sets {
		for b := range sets {
			cosines[a] = append(cosines[a], cosine(a, b))
		}
		others := slices.Concat(cosines[a][:a], cosines[a][a+1:])
		slices.SortFunc(others, func(x, y float64) int { return int(math.Copysign(1, y-x)) })
		for _, v := range others[:10] {
			crowd[a] += v / 10
		}
	}
	pair, alike = [2]int{-1, -1}, math.Inf(-1)
	for a := range sets {
		for b := range a {
			apart := slices.ContainsFunc(different, func(l Labelled) bool {
				return joins(Question{Left: int(l.Left), Right: int(l.Right)}, sets[a], sets[b])
			})
			if v := cosines[a][b] - crowd[a]/2 - crowd[b]/2; !apart && v > alike {
				pair, alike = [2]int{a, b}, v
			}
		}
	}
	return pair, alike
}

// TestGroups: each group has one picture of each of several sets that may be one, and once no group is left the classes are known.
func TestGroups(t *testing.T) {
	const classes, each, most = 12, 10, 20
	p := pictures(classes, each)
	s := session(t, p, t.TempDir())
	groups := 0
	for ; ; groups++ {
		group := s.Group(most)
		if group == nil {
			break
		}
		if groups == classes*each {
			t.Fatalf("%d groups, and more are asked", groups)
		}
		if len(group) < 2 || len(group) > most {
			t.Fatalf("a group of %d pictures", len(group))
		}
		sets, different := of(s)
		seen := map[int32]bool{}
		var same []bool
		for n, i := range group {
			m := holder(sets, i)
			if seen[m[0]] {
				t.Fatalf("group %d has two pictures of set %v", groups, m)
			}
			seen[m[0]] = true
			if n == 0 {
				continue
			}
			first := holder(sets, group[0])
			if slices.ContainsFunc(different, func(l Labelled) bool { return joins(Question{Left: int(l.Left), Right: int(l.Right)}, m, first) }) {
				t.Fatalf("group %d asks about %d and %d, whose sets are known to be different", groups, group[0], i)
			}
			same = append(same, oracle(p, group[0], i))
		}
		if _, err := s.SayGroup(group, same, "Ada"); err != nil {
			t.Fatal(err)
		}
	}
	if sets, _ := of(s); len(sets) != classes {
		t.Errorf("%d sets once no group is left, want %d", len(sets), classes)
	}
}

// TestSkippedSets: sets whose pictures were skipped are not asked about again.
func TestSkippedSets(t *testing.T) {
	s := session(t, pictures(12, 10), t.TempDir())
	q, ok := s.setsOne()
	if !ok {
		t.Fatal("no question")
	}
	if err := s.Skip(q.Left, q.Right); err != nil {
		t.Fatal(err)
	}
	if again, _ := s.setsOne(); newPair(int32(again.Left), int32(again.Right)) == newPair(int32(q.Left), int32(q.Right)) {
		t.Errorf("%+v is asked again", again)
	}
}
