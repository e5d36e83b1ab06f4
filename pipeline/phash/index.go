package phash

import (
	"iter"
	"slices"
)

// Index finds hashes that are near others: multi-index hashing of Norouzi, Punjani and Fleet,
// Fast Search in Hamming Space with Multi-Index Hashing, 2012, section 2. A hash has four parts
// of 16 bits. Where two hashes differ in at most 3 bits, they have some part in common; up to 7, they
// differ in at most one bit of some part, and up to 11 in at most two, so that looking up each part and
// its 16 or 136 neighbours finds all. It is safe for concurrent use once it is made.
type Index struct {
	starts [parts][]uint32 // [65537] where the hashes with a value of the part begin in hashes and rows
	hashes [parts][]Hash   // by the value of the part: those that are compared lie side by side
	rows   [parts][]uint32 // their rows
}

const (
	parts    = 4
	partBits = 64 / parts
	farthest = 3*parts - 1 // that Find finds
)

// NewIndex returns an index of hashes [N], N < 2³². It takes 48 bytes for each hash and 1 MiB.
func NewIndex(hashes []Hash) *Index {
	x := &Index{}
	for p := range parts {
		starts := make([]uint32, 1<<partBits+1)
		for _, h := range hashes {
			starts[int(h.part(p))+1]++
		}
		for i := 1; i < len(starts); i++ {
			starts[i] += starts[i-1]
		}
		sorted, rows, next := make([]Hash, len(hashes)), make([]uint32, len(hashes)), slices.Clone(starts)
		for row, h := range hashes {
			at := &next[h.part(p)]
			sorted[*at], rows[*at] = h, uint32(row)
			*at++
		}
		x.starts[p], x.hashes[p], x.rows[p] = starts, sorted, rows
	}
	return x
}

// part returns the p-th 16 bits of h.
func (h Hash) part(p int) uint16 { return uint16(h >> (p * partBits)) }

// Find returns the rows of the hashes within distance of h, ascending. It panics where
// distance is above 11.
func (x *Index) Find(h Hash, distance int) []int {
	var found []int
	for row := range x.near(h, distance) {
		found = append(found, row)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Others reports whether the hash of another row than this one is within distance of h. It panics where distance is above 11.
func (x *Index) Others(h Hash, row, distance int) bool {
	for other := range x.near(h, distance) {
		if other != row {
			return true
		}
	}
	return false
}

// near goes over the rows of the hashes within distance of h, some more than once.
func (x *Index) near(h Hash, distance int) iter.Seq[int] {
	if distance > farthest {
		panic("phash: near beyond a distance of 11")
	}
	return func(yield func(row int) bool) {
		look := func(p int, value uint16) bool {
			from, to := x.starts[p][value], x.starts[p][uint32(value)+1]
			for i, other := range x.hashes[p][from:to] {
				if other.Distance(h) <= distance && !yield(int(x.rows[p][int(from)+i])) {
					return false
				}
			}
			return true
		}
		for p := range parts {
			value := h.part(p)
			if !look(p, value) {
				return
			}
			for bit := range partBits {
				if distance < parts {
					break
				}
				if !look(p, value^1<<bit) {
					return
				}
				for other := range bit {
					if distance < 2*parts {
						break
					}
					if !look(p, value^1<<bit^1<<other) {
						return
					}
				}
			}
		}
	}
}
