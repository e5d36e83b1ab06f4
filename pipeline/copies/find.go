package copies

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tfpair/tfpair/internal/forest"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Member is a picture of a Group.
type Member struct {
	Print    int  // index of the prints
	Of       int  // index of the print that it was compared with: the first of the group, if they are the same, else the closest
	Kind     Kind // of the two; "" of the first of a group
	Distance int  // of the two, bits; 0 of Resembles
}

// Pair is two prints that are near by something else than hashes.
type Pair struct{ A, B int }

// Group is pictures that are the same, the best first: the one with the most detail, then the largest, then
// the first by path. The others follow in the order of prints.
type Group []Member

// Find returns the groups of two pictures or more at a level, in the order of their lowest prints. Pictures
// belong to one group where a chain of the same pictures, or of pairs of more, leads from one to the other.
func Find(prints []Print, level Level, more ...Pair) []Group {
	joined := links{sets: forest.New(len(prints)), closest: map[int32]link{}}
	for _, l := range identical(prints) {
		joined.add(l)
	}
	near(prints, level, joined.add)
	for _, p := range more {
		if a, b := int32(min(p.A, p.B)), int32(max(p.A, p.B)); a != b {
			joined.add(link{a, b, Resembles, 0})
		}
	}
	sets, closest := joined.sets, joined.closest
	members := map[int32][]int{} // by root
	var roots []int32
	for i := range prints {
		if _, linked := closest[int32(i)]; linked {
			root := sets.Root(int32(i))
			if members[root] == nil {
				roots = append(roots, root)
			}
			members[root] = append(members[root], i)
		}
	}
	groups := make([]Group, len(roots))
	for i, root := range roots {
		groups[i] = group(prints, level, members[root], closest)
	}
	return groups
}

// links is what links join, and the closest of each print. Pictures of one scene have as many links as pairs,
// so that these are not kept.
type links struct {
	mu      sync.Mutex
	sets    forest.Forest
	closest map[int32]link
}

// add may be called by many goroutines at once.
func (s *links) add(l link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets.Join(l.a, l.b)
	for _, i := range []int32{l.a, l.b} {
		if before, ok := s.closest[i]; !ok || l.compare(before) < 0 {
			s.closest[i] = l
		}
	}
}

// link joins two prints.
type link struct {
	a, b     int32 // a < b
	kind     Kind
	distance int
}

func (l link) compare(m link) int {
	return cmp.Or(l.kind.Compare(l.distance, m.kind, m.distance),
		cmp.Compare(l.a, m.a), cmp.Compare(l.b, m.b))
}

// identical links each file, and each picture, to the first that is the same.
func identical(prints []Print) (links []link) {
	files, pixels := map[[32]byte]int32{}, map[[32]byte]int32{}
	for i := range prints {
		p := &prints[i]
		if p.SHA256 == unread {
			continue
		}
		if first, ok := files[p.SHA256]; ok {
			links = append(links, link{first, int32(i), File, 0})
			continue
		}
		files[p.SHA256] = int32(i)
		if p.Fault != "" || p.Facts.More {
			continue
		}
		if first, ok := pixels[p.Pixels]; ok {
			links = append(links, link{first, int32(i), Pixels, 0})
		} else {
			pixels[p.Pixels] = int32(i)
		}
	}
	return links
}

// near links pictures of other pixels, on all cores: found is called by many goroutines at once, in any order.
func near(prints []Print, level Level, found func(link)) {
	var one []int // of each picture
	known := map[[32]byte]bool{}
	for i := range prints {
		if p := &prints[i]; p.Fault == "" && (p.Facts.More || !known[p.Pixels]) {
			known[p.Pixels] = known[p.Pixels] || !p.Facts.More
			one = append(one, i)
		}
	}
	compare(prints, one, level, found)
}

// compare links those of the prints i of one that are the same.
func compare(prints []Print, one []int, level Level, found func(link)) {
	find := finder(prints, one, level)
	workers.Each(len(one), func() func(int) {
		return func(k int) {
			for _, other := range find(&prints[one[k]].Views) {
				a, b := min(one[k], one[other]), max(one[k], one[other])
				if a == b {
					continue
				}
				if kind, distance, ok := Compare(&prints[a], &prints[b]); ok && level.Counts(kind) {
					found(link{int32(a), int32(b), kind, distance})
				}
			}
		}
	})
}

// few is so many pictures that comparing each two takes less time than an index.
const few = 64

// Links calls found for each two prints a < b of those of one, no two of the same pixels, that are the same at a level, twice
// for some, by many goroutines at once, in any order.
func Links(prints []Print, one []int, level Level, found func(a, b int, kind Kind, distance int)) {
	if len(one) > few {
		compare(prints, one, level, func(l link) { found(int(l.a), int(l.b), l.kind, l.distance) })
		return
	}
	for i, a := range one {
		for _, b := range one[:i] {
			if kind, distance, ok := Compare(&prints[a], &prints[b]); ok && level.Counts(kind) {
				found(min(a, b), max(a, b), kind, distance)
			}
		}
	}
}

// finder returns what finds the numbers k of all one[k] whose views are near.
func finder(prints []Print, one []int, level Level) func(*phash.Views) []int {
	if level == Alike {
		return phash.NewViewIndex(len(one), func(k int) *phash.Views { return &prints[one[k]].Views }).Find
	}
	var hashes []phash.Hash
	var owners []int
	for k, i := range one {
		if v := prints[i].Views.Whole; v.Hashed {
			hashes, owners = append(hashes, v.Hash), append(owners, k)
		}
	}
	index := phash.NewIndex(hashes)
	return func(v *phash.Views) (found []int) {
		if !v.Whole.Hashed {
			return nil
		}
		for _, row := range index.Find(v.Whole.Hash, phash.Alike) {
			found = append(found, owners[row])
		}
		return found
	}
}

// group returns the prints as a Group.
func group(prints []Print, level Level, members []int, closest map[int32]link) Group {
	best := slices.MinFunc(members, func(a, b int) int { return better(&prints[a], &prints[b]) })
	g := Group{{Print: best, Of: best}}
	for _, i := range members {
		if i == best {
			continue
		}
		m := Member{Print: i, Of: best}
		var ok bool
		if m.Kind, m.Distance, ok = Compare(&prints[best], &prints[i]); !ok || !level.Counts(m.Kind) {
			l := closest[int32(i)]
			m.Of, m.Kind, m.Distance = int(l.a+l.b)-i, l.kind, l.distance
		}
		g = append(g, m)
	}
	return g
}

// better orders pictures, the best first.
func better(a, b *Print) int {
	return cmp.Or(-cmp.Compare(a.Detail, b.Detail), -cmp.Compare(int64(a.Width)*int64(a.Height), int64(b.Width)*int64(b.Height)),
		-cmp.Compare(a.Stamp.Size, b.Stamp.Size), cmp.Compare(a.Path, b.Path))
}
