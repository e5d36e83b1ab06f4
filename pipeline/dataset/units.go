package dataset

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// units are groups of images that are held out whole, while each key, a class or a label
// image, gives about its share.
type units struct {
	images [][]int32           // of each unit
	key    func(i int32) int32 // of an image
	size   map[int32]int       // images of each key
	all    int                 // images
	share  float64
	keep   int                           // images of each key that stay
	twice  bool                          // a key gives two units where it can: images of one are the same for another reason, too
	whole  func(held map[int32]int) bool // tells whether what is held, by key, will do
}

// newUnits makes a unit of the images of each group, and of each image without one.
func (d *Dataset) newUnits(images []int32, key func(i int32) int32) *units {
	u := &units{key: key, size: map[int32]int{}, all: len(images)}
	number := map[int32]int{}
	for _, i := range images {
		u.size[key(i)]++
		g := d.GroupOf[i]
		at, ok := number[g]
		if !ok || g < 0 {
			at = len(u.images)
			u.images = append(u.images, nil)
			number[g] = at
		}
		u.images[at] = append(u.images[at], i)
	}
	return u
}

// choose returns the images of a choice of units near the share, or false if none will do.
func (u *units) choose(r *rand.Rand) (images []int32, ok bool) {
	want, best := u.share*float64(u.all), math.Inf(1)
	for range draws {
		held, taken := u.draw(want, r)
		if miss := math.Abs(float64(len(taken)) - want); u.whole(held) && miss < best {
			images, best = taken, miss
		}
	}
	return images, !math.IsInf(best, 1)
}

// draw takes units in random order: first two at a time where twice is set; else, and where that
// is too little, those most of whose images are wanted, then any
// until half of what is wanted is held and will do. No more than half of all is taken.
func (u *units) draw(want float64, r *rand.Rand) (held map[int32]int, taken []int32) {
	held = map[int32]int{}
	order, used := r.Perm(len(u.images)), make([]bool, len(u.images))
	if taken = u.twos(want, order, used, held); 2*float64(len(taken)) >= want && u.whole(held) {
		return held, taken
	}
	for _, wanted := range []bool{true, false} {
		for _, at := range order {
			unit := u.images[at]
			enough := 2*float64(len(taken)) >= want && u.whole(held)
			if used[at] || !wanted && enough || 2*(len(taken)+len(unit)) > u.all || !u.fits(unit, held, wanted) {
				continue
			}
			used[at] = true
			taken = append(taken, unit...)
			for _, i := range unit {
				held[u.key(i)]++
			}
		}
	}
	return held, taken
}

// twos takes two units of one key at a time, in order, until what is wanted is held: from fewer keys, but
// so that each has images of two units. It takes none where twice is not set, and no two that are more than
// half of what is wanted beyond it.
func (u *units) twos(want float64, order []int, used []bool, held map[int32]int) (taken []int32) {
	if !u.twice {
		return nil
	}
	before := map[int32]int{} // the unit of a key that waits for another
	for _, at := range order {
		unit := u.images[at]
		k := u.key(unit[0])
		first, waits := before[k]
		if !waits {
			before[k] = at
			continue
		}
		both := slices.Concat(u.images[first], unit)
		if float64(len(taken)) >= want || held[k] > 0 || 2*float64(len(taken)+len(both)) > 3*want ||
			2*(len(taken)+len(both)) > u.all || !u.fits(both, held, false) {
			continue
		}
		used[first], used[at] = true, true
		taken = append(taken, both...)
		for _, i := range both {
			held[u.key(i)]++
		}
	}
	return taken
}

// fits tells whether a unit can be held out beside others: each key keeps what it must, and,
// where wanted is set, most of its images are within the shares of their keys.
func (u *units) fits(unit []int32, held map[int32]int, wanted bool) bool {
	count := map[int32]int{}
	for _, i := range unit {
		count[u.key(i)]++
	}
	within := 0.0
	for _, k := range slices.Sorted(maps.Keys(count)) { // in order: the last digit of a sum depends on it
		n := count[k]
		if held[k]+n > u.size[k]-u.keep {
			return false
		}
		need := u.share*float64(u.size[k]) - float64(held[k])
		within += min(float64(n), max(0, need))
	}
	return !wanted || 2*within > float64(len(unit))
}
