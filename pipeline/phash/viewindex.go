package phash

import "slices"

// Alike is the largest distance of Views that counts as the same picture, cropped, framed or written
// on. docs/duplicates.md says how many pairs of different photos are as near.
const Alike = farthest

// Distance returns the least distance of the views of v and w that are compared, and false where none is:
// each whole and inside with each whole, inside and window of the other, and equal parts.
func (v *Views) Distance(w *Views) (least int, ok bool) {
	compare := func(a, b View) {
		if a.Hashed && b.Hashed {
			if d := a.Hash.Distance(b.Hash); !ok || d < least {
				least, ok = d, true
			}
		}
	}
	for _, a := range []View{v.Whole, v.Inside} {
		compare(a, w.Whole)
		compare(a, w.Inside)
		for _, b := range w.Windows {
			compare(a, b)
		}
	}
	for _, b := range []View{w.Whole, w.Inside} {
		for _, a := range v.Windows {
			compare(a, b)
		}
	}
	for i, a := range v.Parts {
		compare(a, w.Parts[i])
	}
	return least, ok
}

// ViewIndex finds Views that are near others. It is safe for concurrent use once it is made.
type ViewIndex struct {
	all   viewIndex // of wholes, insides and windows
	parts [len(Views{}.Parts)]viewIndex
}

// viewIndex finds the owners of views.
type viewIndex struct {
	index  *Index
	owners []uint32 // [row of index]
}

// NewViewIndex returns an index of n Views, n < 2²⁷. It takes about 1 KiB for each.
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
	})}
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
// of v, or a part within Alike of its own, ascending. Pairs within Alike by Distance are found from one side at
// least, and others are not.
func (x *ViewIndex) Find(v *Views) []int {
	found := x.all.find(nil, v.Whole)
	if v.Inside != v.Whole {
		found = x.all.find(found, v.Inside)
	}
	for p := range x.parts {
		found = x.parts[p].find(found, v.Parts[p])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// find adds the owners of views near v to found.
func (x viewIndex) find(found []int, v View) []int {
	if !v.Hashed {
		return found
	}
	for _, row := range x.index.Find(v.Hash, Alike) {
		found = append(found, int(x.owners[row]))
	}
	return found
}
