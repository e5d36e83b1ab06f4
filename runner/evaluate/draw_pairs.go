package evaluate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// maxDrawn is how many pairs of either kind are drawn from class folders: then
// the standard error of an accuracy of 95 % is 0.3 points.
const maxDrawn = 2500

// drawn returns pairs of class folders: as many same as different, each at most once, at
// most 2,500 of either. They are drawn by class first: each class gives as many same pairs
// as any other, and any two classes as many different ones, as far as they have them. Where
// one has too few, the others give more, and a pair counts by its weight so that each class
// counts the same. Images of class folders are all kept, paired or not. Two images of one
// group are no same pair, unless no class has images of two: a burst is too alike.
func drawn(data *dataset.Dataset, part dataset.Part, seed uint64) (Pairs, error) {
	images, classes := byClass(data, part)
	same, oneGroup := within(data, images, classes)
	if len(images) == 0 {
		return Pairs{}, &NoPairsError{part.Split, "no pairs are listed and no image has a class"}
	}
	different := newCombinations(len(classes), func(i int) (from, to int) { return i + 1, len(classes) })
	pairs := 0
	for _, c := range classes {
		pairs += c.size() * (len(images) - c.to) // with all images of later classes
	}
	m := min(maxDrawn, total(same), pairs)
	if m == 0 && total(same) == 0 {
		return Pairs{}, &NoPairsError{part.Split, "no class has two images, so no pair is the same"}
	} else if m == 0 {
		return Pairs{}, &NoPairsError{part.Split, "all images are of one class, so no pair is different"}
	}
	r := rand.New(rand.NewPCG(seed, 0x70616972)) // "pair": a stream of its own
	p := Pairs{Images: images, Source: fmt.Sprintf("drawn by class, seed %d", seed), OneGroup: oneGroup}
	p.draw(r, same, m, true)
	p.draw(r, between(r, classes, different, m), m, false)
	return p, nil
}

// class is images from..to-1 of a list.
type class struct{ from, to int }

func (c class) size() int { return c.to - c.from }

// byClass returns the images of part that have a class, sorted by it and by group, and where
// each class is.
func byClass(data *dataset.Dataset, part dataset.Part) (images []int32, classes []class) {
	of := func(i int32) int32 { return data.Images[i].Class }
	images = slices.DeleteFunc(slices.Clone(part.Images), func(i int32) bool { return of(i) < 0 })
	group := func(i int32) int32 {
		if data.GroupOf == nil {
			return 0
		}
		return data.GroupOf[i]
	}
	slices.SortStableFunc(images, func(a, b int32) int {
		return cmp.Or(cmp.Compare(of(a), of(b)), cmp.Compare(group(a), group(b)))
	})
	for i, image := range images {
		if i == 0 || of(image) != of(images[i-1]) {
			classes = append(classes, class{i, i})
		}
		classes[len(classes)-1].to++
	}
	return images, classes
}

// cell is the pairs of a class, or of two.
type cell struct {
	left, right class
	past        []int // [left.size()] of a class: the first image behind the group of each; nil: groups do not matter
}

// size returns how many pairs there are.
func (c cell) size() int {
	switch {
	case c.past != nil:
		return c.pairs().total()
	case c.left == c.right:
		return c.left.size() * (c.left.size() - 1) / 2
	}
	return c.left.size() * c.right.size()
}

// pairs numbers them.
func (c cell) pairs() combinations {
	switch {
	case c.past != nil:
		return newCombinations(c.left.size(), func(i int) (from, to int) { return c.past[i], c.left.size() })
	case c.left == c.right:
		return newCombinations(c.left.size(), func(i int) (from, to int) { return i + 1, c.left.size() })
	}
	return newCombinations(c.left.size(), func(int) (from, to int) { return 0, c.right.size() })
}

func total(cells []cell) (pairs int) {
	for _, c := range cells {
		pairs += c.size()
	}
	return pairs
}

// within returns the cells of same pairs that are not empty, and whether there are only
// pairs of one group.
func within(data *dataset.Dataset, images []int32, classes []class) (cells []cell, oneGroup bool) {
	for _, c := range classes {
		if c.size() > 1 {
			cells = append(cells, cell{left: c, right: c})
		}
	}
	if data.GroupOf == nil {
		return cells, false
	}
	var across []cell
	for _, c := range cells {
		if c.past = behind(data.GroupOf, images[c.left.from:c.left.to]); c.size() > 0 {
			across = append(across, c)
		}
	}
	if across == nil {
		return cells, cells != nil
	}
	return across, false
}

// behind returns, of images sorted by group, the index of the first behind each one's group.
func behind(groupOf, images []int32) []int {
	past := make([]int, len(images))
	for i := len(images) - 1; i >= 0; i-- {
		past[i] = i + 1
		if g := groupOf[images[i]]; g >= 0 && i+1 < len(images) && groupOf[images[i+1]] == g {
			past[i] = past[i+1]
		}
	}
	return past
}

// between returns m cells of different pairs, drawn, or all where there are fewer.
func between(r *rand.Rand, classes []class, of combinations, m int) (cells []cell) {
	for _, pair := range of.draw(r, min(m, of.total())) {
		cells = append(cells, cell{left: classes[pair[0]], right: classes[pair[1]]})
	}
	return cells
}

// draw adds m pairs of the cells, which hold as many, and weighs them.
func (p *Pairs) draw(r *rand.Rand, cells []cell, m int, same bool) {
	list := quotas(r, cells, m)
	giving := len(list)
	for _, quota := range list {
		if quota == 0 {
			giving--
		}
	}
	for i, quota := range list {
		for _, pair := range cells[i].pairs().draw(r, quota) {
			p.add(int32(cells[i].left.from)+pair[0], int32(cells[i].right.from)+pair[1], same)
			p.Weight = append(p.Weight, float64(m)/float64(giving*quota))
		}
	}
}

// quotas returns how many of m pairs each cell gives: each the same, or all it has. What
// is then left is drawn among the cells that have more.
func quotas(r *rand.Rand, cells []cell, m int) []int {
	list := make([]int, len(cells))
	for left := m; left > 0; {
		var more []int
		for i, c := range cells {
			if list[i] < c.size() {
				more = append(more, i)
			}
		}
		if each := left / len(more); each > 0 {
			for _, i := range more {
				give := min(each, cells[i].size()-list[i])
				list[i], left = list[i]+give, left-give
			}
			continue
		}
		for _, at := range r.Perm(len(more))[:left] {
			list[more[at]]++
		}
		break
	}
	return list
}

// combinations numbers the pairs (i,j), j from a range that depends on i.
type combinations struct {
	of     func(i int) (from, to int)
	before []int // [n+1] pairs whose first is below i
}

func newCombinations(n int, of func(i int) (from, to int)) combinations {
	c := combinations{of: of, before: make([]int, n+1)}
	for i := range n {
		from, to := of(i)
		c.before[i+1] = c.before[i] + to - from
	}
	return c
}

func (c combinations) total() int { return c.before[len(c.before)-1] }

// draw returns m distinct pairs in ascending order, every set of m equally
// likely: Floyd's algorithm, Bentley, Programming Pearls: a sample of
// brilliance, 1987.
func (c combinations) draw(r *rand.Rand, m int) [][2]int32 {
	chosen := make(map[int]bool, m)
	for top := c.total() - m; top < c.total(); top++ {
		if number := r.IntN(top + 1); chosen[number] {
			chosen[top] = true
		} else {
			chosen[number] = true
		}
	}
	pairs := make([][2]int32, 0, m)
	for number := range chosen {
		i := sort.SearchInts(c.before, number+1) - 1
		from, _ := c.of(i)
		pairs = append(pairs, [2]int32{int32(i), int32(from + number - c.before[i])})
	}
	slices.SortFunc(pairs, func(a, b [2]int32) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	return pairs
}
