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

// Pairs are the pairs to measure and the distinct images in them.
type Pairs struct {
	Images      []int32 // [N] dataset images
	Left, Right []int32 // [M] rows of Images
	Same        []bool  // [M]
	Source      string  // "listed", or how they were drawn
}

// NoPairsError says why a part of a data set holds no pairs of one kind.
type NoPairsError struct {
	Split  dataset.Split
	Reason string
}

func (e *NoPairsError) Error() string {
	if e.Split == "" {
		return "data: " + e.Reason
	}
	return fmt.Sprintf("split %q: %s", e.Split, e.Reason)
}

// ChoosePairs returns the listed pairs of part; of photos with label images, each photo
// with its own and with another one of labels, ascending, which holds those of part; or,
// where part is made of class folders, balanced pairs drawn from them: as many same as
// different, each pair at most once, at most 2,500 of either. Equal seeds draw equal
// pairs. Images of class folders are all kept, paired or not. The error is a *NoPairsError.
func ChoosePairs(data *dataset.Dataset, part dataset.Part, labels []int32, seed uint64) (Pairs, error) {
	switch {
	case len(part.Pairs) > 0:
		return listed(part), nil
	case len(part.Matches) > 0 && len(labels) < 2:
		return Pairs{}, &NoPairsError{part.Split, "one label image is left, so no pair is different"}
	case len(part.Matches) > 0:
		return answered(labels, part, seed), nil
	}
	byClass := slices.DeleteFunc(slices.Clone(part.Images), func(i int32) bool {
		return data.Images[i].Class < 0
	})
	if len(byClass) == 0 {
		return Pairs{}, &NoPairsError{part.Split, "no pairs are listed and no image has a class"}
	}
	slices.SortStableFunc(byClass, func(a, b int32) int {
		return cmp.Compare(data.Images[a].Class, data.Images[b].Class)
	})
	end := make([]int, len(byClass)) // [N] index after the last image of the same class
	for i := len(byClass) - 1; i >= 0; i-- {
		end[i] = len(byClass)
		if i+1 < len(byClass) {
			if end[i] = end[i+1]; data.Images[byClass[i]].Class != data.Images[byClass[i+1]].Class {
				end[i] = i + 1
			}
		}
	}
	// Image i pairs with the later ones: those before end[i] are same, the others different.
	same := newCombinations(len(end), func(i int) (from, to int) { return i + 1, end[i] })
	different := newCombinations(len(end), func(i int) (from, to int) { return end[i], len(end) })
	m := min(maxDrawn, same.total(), different.total())
	if m == 0 && same.total() == 0 {
		return Pairs{}, &NoPairsError{part.Split, "no class has two images, so no pair is the same"}
	} else if m == 0 {
		return Pairs{}, &NoPairsError{part.Split, "all images are of one class, so no pair is different"}
	}
	r := rand.New(rand.NewPCG(seed, 0x70616972)) // "pair": a stream of its own
	p := Pairs{Images: byClass, Source: fmt.Sprintf("drawn, seed %d", seed)}
	p.add(same.draw(r, m), true)
	p.add(different.draw(r, m), false)
	return p, nil
}

func listed(part dataset.Part) Pairs {
	p := Pairs{Source: "listed"}
	rows := map[int32]int32{}
	row := func(image int32) int32 {
		at, ok := rows[image]
		if !ok {
			at = int32(len(p.Images))
			rows[image] = at
			p.Images = append(p.Images, image)
		}
		return at
	}
	for _, pair := range part.Pairs {
		p.Left = append(p.Left, row(pair.Left))
		p.Right = append(p.Right, row(pair.Right))
		p.Same = append(p.Same, pair.Same)
	}
	return p
}

// answered pairs each photo with its label image, and with another of the gallery.
func answered(gallery []int32, part dataset.Part, seed uint64) Pairs {
	r := rand.New(rand.NewPCG(seed, 0x6c6162656c)) // "label": a stream of its own
	p := Pairs{Images: slices.Concat(part.Images, gallery),
		Source: fmt.Sprintf("photos and label images, others drawn, seed %d", seed)}
	for _, m := range part.Matches {
		photo, _ := slices.BinarySearch(part.Images, m.Image)
		own, _ := slices.BinarySearch(gallery, m.Label)
		other := r.IntN(len(gallery) - 1)
		if other >= own {
			other++
		}
		first := len(part.Images)
		p.add([][2]int32{{int32(photo), int32(first + own)}}, true)
		p.add([][2]int32{{int32(photo), int32(first + other)}}, false)
	}
	return p
}

func (p *Pairs) add(drawn [][2]int32, same bool) {
	for _, pair := range drawn {
		p.Left, p.Right = append(p.Left, pair[0]), append(p.Right, pair[1])
		p.Same = append(p.Same, same)
	}
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
