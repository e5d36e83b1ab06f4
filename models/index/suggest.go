package index

import (
	"math"
	"slices"
)

// Of how many images Suggest asks, at most, and the share of them that its threshold accepts.
const (
	suggestAsked = 300
	suggestShare = 0.95
)

// Suggest returns a threshold to begin with where none could be chosen. Each image searches among the others; of those whose nearest is
// of their class, 95 % are within the threshold. It promises nothing about strangers, and is strict where the network has
// learned the classes, because it has drawn their images together. It is false where no image finds its class: none is known, or each
// has one image.
func (x *Index) Suggest() (threshold float64, ok bool) {
	var rows []int
	var queries []float32
	step := max(1, float64(x.Len())/suggestAsked)
	for at := 0.0; int(at) < x.Len(); at += step {
		if row := int(at); x.Item(row).Class != "" {
			rows, queries = append(rows, row), append(queries, x.Vector(row)...)
		}
	}
	var known answers
	for i, found := range x.search(queries, min(2, x.Len())) {
		known.add(found, rows[i], func(row int) bool { return x.Item(row).Class == x.Item(rows[i]).Class })
	}
	if len(known.right) == 0 {
		return 0, false
	}
	slices.Sort(known.right)
	return float64(known.right[int(math.Ceil(suggestShare*float64(len(known.right))))-1]), true
}
