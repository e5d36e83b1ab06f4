package check

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// bystanders is what is known of the pictures of a group.
type bystanders struct {
	prints []copies.Print
	level  copies.Level    // of the groups
	split  []dataset.Split // [print]
	kind   []string        // [print] see Dataset.Shows
}

// standing returns the bystanders of d, of which print k is that of image of(k).
func standing(d *dataset.Dataset, prints []copies.Print, level copies.Level, of func(k int) int32) bystanders {
	b := bystanders{prints, level, make([]dataset.Split, len(prints)), make([]string, len(prints))}
	shows := d.Shows()
	for k := range prints {
		b.split[k], b.kind[k] = d.Images[of(k)].Split, shows[of(k)]
	}
	return b
}

// itself is the image of a print where each image has one, in their order.
func itself(print int) int32 { return int32(print) }

// leaks returns each picture of a group that is in a split and has a copy in one that is used before. A label image is in none.
func (b bystanders) leaks(g copies.Group) (found []Link) {
	split := func(place int) dataset.Split { return b.split[g[place].Print] }
	earlier := func(mine, other int) bool { return split(other) != dataset.Unsplit && split(other) < split(mine) }
	closest := b.closest(g, earlier)
	through := map[dataset.Split]near{}
	for i, m := range g {
		c := closest[i]
		if c.of < 0 {
			before, known := through[split(i)]
			if !known {
				before = joined(g, func(other int) bool { return earlier(i, other) })
				through[split(i)] = before
			}
			if c = before; c.of < 0 {
				continue
			}
			if c.distance += m.Distance; m.Kind == copies.Resembles {
				c.kind, c.distance = copies.Resembles, 0
			}
		}
		found = append(found, b.link(c.kind, c.distance, m.Print, g[c.of].Print))
	}
	return found
}

// conflicts returns, of a group of one picture, each member that shows something else than a member
// before it. Pictures that only look the same may well be different things.
func (b bystanders) conflicts(g copies.Group) (found []Link) {
	shows := func(place int) string { return b.kind[g[place].Print] }
	for i, c := range b.closest(g, func(mine, other int) bool {
		return other < mine && shows(other) != "" && shows(mine) != "" && shows(other) != shows(mine)
	}) {
		if c.of >= 0 && c.kind != copies.Edited {
			found = append(found, b.link(c.kind, c.distance, g[i].Print, g[c.of].Print))
		}
	}
	return found
}

// near is the closest picture of a group.
type near struct {
	kind     copies.Kind
	distance int
	of       int // its place in the group; -1: there is none
}

// closer reports whether n is closer than m, or as close and before it.
func (n near) closer(m near) bool {
	return m.of < 0 || cmp.Or(n.kind.Compare(n.distance, m.kind, m.distance), cmp.Compare(n.of, m.of)) < 0
}

// closest returns for each member of g the closest of those that are the same and count for it. A group may have most of a
// million pictures: many that are near each other, or many of the same pixels. So one of each picture is compared.
func (b bystanders) closest(g copies.Group, counts func(mine, other int) bool) []near {
	list := slices.Repeat([]near{{of: -1}}, len(g))
	of := func(place int) *copies.Print { return &b.prints[g[place].Print] }
	take := func(mine int, others []int, kind copies.Kind, distance int) {
		if at := slices.IndexFunc(others, func(other int) bool {
			return counts(mine, other) && (kind != copies.File || of(other).SHA256 == of(mine).SHA256)
		}); at >= 0 {
			if n := (near{kind, distance, others[at]}); n.closer(list[mine]) {
				list[mine] = n
			}
		}
	}
	one, places := pictures(b.prints, g)
	for _, same := range places {
		for _, mine := range same {
			if take(mine, same, copies.File, 0); list[mine].of < 0 {
				take(mine, same, copies.Pixels, 0)
			}
		}
	}
	var mu sync.Mutex
	copies.Links(b.prints, one, b.level, func(a, b int, kind copies.Kind, distance int) {
		mu.Lock()
		defer mu.Unlock()
		for _, pair := range [][2]int{{a, b}, {b, a}} {
			for _, mine := range places[pair[0]] {
				take(mine, places[pair[1]], kind, distance)
			}
		}
	})
	return list
}

// pictures returns a print of each picture of g, and the places of all that have its pixels, ascending, by that print.
func pictures(prints []copies.Print, g copies.Group) (one []int, places map[int][]int) {
	places = map[int][]int{}
	known := map[[32]byte]int{}
	for place, m := range g {
		p := &prints[m.Print]
		key, first := p.Pixels, m.Print
		if key == ([32]byte{}) || p.Facts.More {
			key = p.SHA256
		}
		if before, ok := known[key]; ok && key != ([32]byte{}) {
			first = before
		} else {
			known[key], one = first, append(one, first)
		}
		places[first] = append(places[first], place)
	}
	return one, places
}

// joined returns the closest member of g that counts, for one which is joined to it by others only.
func joined(g copies.Group, counts func(other int) bool) near {
	best := near{of: -1}
	for i, o := range g {
		n := near{copies.Edited, o.Distance, i}
		if o.Kind == copies.Resembles {
			n.kind, n.distance = copies.Resembles, 0
		}
		if counts(i) && n.closer(best) {
			best = n
		}
	}
	return best
}

func (b bystanders) link(kind copies.Kind, distance, print, of int) Link {
	return Link{Kind: kind, Distance: distance, Path: b.prints[print].Path, Split: b.split[print], Class: b.kind[print],
		Of: b.prints[of].Path, OfSplit: b.split[of], OfClass: b.kind[of]}
}
