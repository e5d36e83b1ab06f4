package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// holdOutImages moves images of each class out of train.
func (d *Dataset) holdOutImages(part Part, cut cut, r *rand.Rand) error {
	if d.GroupOf != nil {
		return d.holdOutClassGroups(part, cut, r)
	}
	classes := make([][]int32, len(d.Classes)) // images of each class
	sizes := make([]int, len(d.Classes))
	for _, i := range part.Images {
		if c := d.Images[i].Class; c >= 0 {
			classes[c] = append(classes[c], i)
			sizes[c]++
		}
	}
	counts, ok := shares(sizes, cut.share, r)
	if !ok {
		return fmt.Errorf("no %.3g %% can be held out for %s: that needs two classes of at "+
			"least 2 training images, one of them of at least 4; add images, or a folder %s",
			100*cut.share, cut.to.purpose(), cut.to)
	}
	held := 0
	for c, images := range classes {
		for _, at := range r.Perm(len(images))[:counts[c]] {
			d.Images[images[at]].Split = cut.to
		}
		held += counts[c]
	}
	d.note("no split %s in the data: %d of %s held out by class, seed %d",
		cut.to, held, plural(len(part.Images), "training image"), cut.seed)
	return nil
}

// holdOutClassGroups moves groups of images out of train, about a share of each class.
func (d *Dataset) holdOutClassGroups(part Part, cut cut, r *rand.Rand) error {
	u := d.newUnits(part.Images, func(i int32) int32 { return d.Images[i].Class })
	u.share, u.keep, u.twice = cut.share, 2, true // for same pairs in train, and for pairs of two groups in what is held
	u.whole = func(held map[int32]int) bool {
		classes, same := 0, false
		for _, n := range held {
			if n > 0 {
				classes++
			}
			same = same || n > 1
		}
		return classes > 1 && same
	}
	images, ok := u.choose(r)
	if !ok {
		return fmt.Errorf("no %.3g %% can be held out for %s without parting a group: %s in %s; "+
			"add images of other groups, or a folder %s", 100*cut.share, cut.to.purpose(),
			plural(len(part.Images), "training image"), plural(len(u.images), "group"), cut.to)
	}
	for _, i := range images {
		d.Images[i].Split = cut.to
	}
	d.note("no split %s in the data: %d of %s held out by group and class, seed %d",
		cut.to, len(images), plural(len(part.Images), "training image"), cut.seed)
	return nil
}

// shares returns how many images of each class are held out, or false if not
// both sides can form pairs of both kinds.
func shares(sizes []int, val float64, r *rand.Rand) (counts []int, ok bool) {
	counts = make([]int, len(sizes))
	order := r.Perm(len(sizes))
	credit, givers, same := 0.0, 0, false
	for _, c := range order {
		n := sizes[c]
		share := val * float64(n)
		switch k := int(math.Round(share)); {
		case n < 4: // two on each side, for same pairs
			continue
		case k >= 2:
			counts[c] = min(k, n-2)
		default: // classes too small for two take turns, so that the sum is right
			if credit += share; credit >= 1 {
				counts[c] = 2
				credit -= 2
			}
		}
		if counts[c] > 0 {
			givers, same = givers+1, true
		}
	}
	for _, c := range order { // different pairs need two classes
		if givers < 2 && counts[c] == 0 && sizes[c] >= 4 {
			counts[c] = 2
			givers, same = givers+1, true
		}
	}
	for _, c := range order {
		if givers < 2 && counts[c] == 0 && sizes[c] >= 2 {
			counts[c] = 1
			givers++
		}
	}
	return counts, same && givers >= 2
}
