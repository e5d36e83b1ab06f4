package phash

import "slices"

// ViewIndex finds Views that are near others. It is safe for concurrent use once it is made.
type ViewIndex struct {
	all    viewIndex // of wholes, insides and windows
	wholes viewIndex
	parts  [len(Views{}.Parts)]viewIndex
}

// viewIndex finds the owners of views.
type viewIndex struct {
	index  *Index
	owners []uint32 // [row of index]
}

// NewViewIndex returns an index of n Views, n < 2²⁷. It takes less than 2 KiB for each.
func NewViewIndex(n int, of func(i int) *Views) *ViewIndex {
	x := &ViewIndex{all: newViewIndex(n, func(i int, add func(View)) {
		v := of(i)
		add(v.Whole)
		if v.Inside != v.Whole {
			add(v.Inside)
		}
		for _, w := range v.Windows {
			add(w)
		}
	}), wholes: newViewIndex(n, func(i int, add func(View)) { add(of(i).Whole) })}
	for p := range x.parts {
		x.parts[p] = newViewIndex(n, func(i int, add func(View)) { add(of(i).Parts[p]) })
	}
	return x
}

func newViewIndex(n int, each func(i int, add func(View))) viewIndex {
	var x viewIndex
	var hashes []Hash
	for i := range n {
		each(i, func(v View) {
			if v.Hashed {
				hashes, x.owners = append(hashes, v.Hash), append(x.owners, uint32(i))
			}
		})
	}
	x.index = NewIndex(hashes)
	return x
}

// Find returns which Views have a whole, an inside or a window within Alike of the whole or the inside
// of v, or a part within Alike of its own, or a whole within AlikeWhole, ascending. Pairs that are alike by
// Views.Alike are found from one side at least.
func (x *ViewIndex) Find(v *Views) []int {
	found := x.all.find(nil, v.Whole, Alike)
	if v.Inside != v.Whole {
		found = x.all.find(found, v.Inside, Alike)
	}
	found = x.wholes.find(found, v.Whole, AlikeWhole)
	for p := range x.parts {
		found = x.parts[p].find(found, v.Parts[p], Alike)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// find adds the owners of views within a distance of v to found.
func (x viewIndex) find(found []int, v View, distance int) []int {
	if !v.Hashed {
		return found
	}
	for _, row := range x.index.Find(v.Hash, distance) {
		found = append(found, int(x.owners[row]))
	}
	return found
}
