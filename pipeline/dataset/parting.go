package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// most is how many times its share of the images a side may hold, so that it has pairs of
// both kinds: of pairs drawn at random, a tenth of the images holds a hundredth.
const most = 3

// scarce is what a pair that a side lacks weighs beside one that is left out of train: the
// side has few.
const scarce = 10

// partImages moves images of pairs that all hang together out of train, and leaves out the
// pairs with images on both sides. It keeps images that same pairs join together where these
// sets are small, and takes images that are near to each other, so that few pairs are left out.
func (d *Dataset) partImages(part Part, goal goal, cut cut, r *rand.Rand) error {
	p := d.newParting(part, cut.share)
	p.goal = goal
	best := parted{miss: math.Inf(1)}
	for range draws {
		if c := p.draw(cut.share, r); c.miss < best.miss {
			best = c
		}
	}
	if math.IsInf(best.miss, 1) {
		return fmt.Errorf("no %.3g %% of the training pairs can be held out for %s so that "+
			"no image is on both sides and both have same and different pairs: %s of %s hang together; "+
			"add pairs, or a column split (train, val, test) to the list", 100*cut.share, cut.to.purpose(),
			plural(goal.all.pairs, "pair"), plural(len(part.Images), "image"))
	}
	left := goal.all.pairs - best.pairs - best.stay
	d.divide(best.held, cut.to)
	d.note("no split %s in the data, and nearly all pairs share images with others: %d of %s held out with %d of %s (%d same); "+
		"%s left out, of one image that is held out and one that is not; seed %d", cut.to, len(best.held), plural(len(part.Images), "training image"),
		best.pairs, plural(goal.all.pairs, "pair"), best.same, plural(left, "pair"), cut.seed)
	return nil
}

// divide puts the pairs and triplets of train whose images are all held into a split, and
// leaves out those that have images on both sides.
func (d *Dataset) divide(held map[int32]bool, to Split) {
	side := func(s *Split, images ...int32) (across bool) {
		n := 0
		for _, i := range images {
			if held[i] {
				n++
			}
		}
		if *s == Train && n == len(images) {
			*s = to
		}
		return *s == Train && n > 0
	}
	across := 0
	for i := range d.Pairs {
		if s := d.Pairs[i].Split; side(&s, d.Pairs[i].Left, d.Pairs[i].Right) {
			across++
		}
	}
	pairs := make([]Pair, 0, len(d.Pairs)-across) // appended one by one a million would be copied again and again
	for _, p := range d.Pairs {
		if !side(&p.Split, p.Left, p.Right) {
			pairs = append(pairs, p)
		}
	}
	var triplets []Triplet
	for _, t := range d.Triplets {
		if !side(&t.Split, t.Anchor, t.Positive, t.Negative) {
			triplets = append(triplets, t)
		}
	}
	d.Pairs, d.Triplets = pairs, triplets
	d.relabel()
}

// parting chooses units of images, all of which are on one side.
type parting struct {
	images []int32
	pairs  Listed[Pair]
	goal   goal
	unit   []int   // of an image of the data
	size   []int   // images of a unit
	near   [][]int // units that pairs join with a unit
}

// parted is a choice of images.
type parted struct {
	held        map[int32]bool
	same        int // pairs
	pairs, stay int // with both images held, and with none
	miss        float64
}

// newParting keeps images that same pairs join together, unless such sets are large beside a
// share of the images, and those of a group in any case.
func (d *Dataset) newParting(part Part, share float64) *parting {
	p := &parting{images: part.Images, pairs: part.Pairs}
	p.arrange(d.JoinGroups(sameSets(len(d.Images), part.Pairs)))
	if 4*float64(slices.Max(p.size)) > share*float64(len(part.Images)) {
		p.arrange(d.JoinGroups(forest.New(len(d.Images))))
	}
	return p
}

// partFolds parts the images of training pairs that all hang together over n folds, of which
// each is near to itself, so that few pairs are across. Of some tries it returns the one with
// the fewest of them, nil where none has pairs of both kinds on either side of each fold.
func (d *Dataset) partFolds(n int, r *rand.Rand) *folding {
	part := d.In(Train)
	p := d.newParting(part, 1/float64(n))
	for pair := range part.Pairs.All() {
		p.goal.all.pairs++
		if pair.Same {
			p.goal.all.same++
		}
	}
	var best *folding
	fewest := math.MaxInt
	for range draws {
		f := &folding{noun: "pair", parted: true, unit: map[int32]int{}, fold: make([]int, len(p.size)), sizes: make([]int, n)}
		for _, i := range p.images {
			f.unit[i] = p.unit[i]
		}
		before := 0
		for _, u := range p.walk(r) {
			f.fold[u] = 1 + before*n/len(p.images)
			before += p.size[u]
		}
		if across := p.across(f); across < fewest {
			best, fewest = f, across
		}
	}
	return best
}

// across counts the pairs with images in two folds, and sets the sizes of the folds; it is
// math.MaxInt where a fold, or what is left beside it, lacks a kind of pairs that the list has.
func (p *parting) across(f *folding) (across int) {
	inside, touching := make([]component, len(f.sizes)), make([]component, len(f.sizes))
	for pair := range p.pairs.All() {
		left, right, same := f.of(pair.Left)-1, f.of(pair.Right)-1, 0
		if pair.Same {
			same = 1
		}
		touching[left].pairs, touching[left].same = touching[left].pairs+1, touching[left].same+same
		if left == right {
			inside[left].pairs, inside[left].same = inside[left].pairs+1, inside[left].same+same
			continue
		}
		touching[right].pairs, touching[right].same = touching[right].pairs+1, touching[right].same+same
		across++
	}
	all := p.goal.all
	for k := range inside {
		f.sizes[k] = inside[k].pairs
		if !both(all, inside[k].pairs, inside[k].same) || !both(all, all.pairs-touching[k].pairs, all.same-touching[k].same) {
			return math.MaxInt
		}
	}
	return across
}

// arrange makes a unit of each set.
func (p *parting) arrange(sets forest.Forest) {
	p.unit, p.size = make([]int, len(sets)), nil
	number := map[int32]int{}
	for _, i := range p.images {
		root := sets.Root(i)
		if _, ok := number[root]; !ok {
			number[root] = len(p.size)
			p.size = append(p.size, 0)
		}
		p.unit[i] = number[root]
		p.size[number[root]]++
	}
	p.near = make([][]int, len(p.size))
	for pair := range p.pairs.All() {
		a, b := p.unit[pair.Left], p.unit[pair.Right]
		if a != b {
			p.near[a], p.near[b] = append(p.near[a], b), append(p.near[b], a)
		}
	}
	for u := range p.near { // the order of rows does not matter
		slices.Sort(p.near[u])
		p.near[u] = slices.Compact(p.near[u])
	}
}

// draw grows a side from a random unit along pairs until it has its share of images, and
// enough pairs of both kinds.
func (p *parting) draw(share float64, r *rand.Rand) parted {
	want, taken := share*float64(len(p.images)), 0
	next := want // images at which the side is judged
	in := make([]bool, len(p.size))
	best := parted{miss: math.Inf(1)}
	for _, u := range p.walk(r) {
		if float64(taken+p.size[u]) > most*want {
			continue
		}
		in[u] = true
		if taken += p.size[u]; float64(taken) < next {
			continue
		}
		next = 1.1 * float64(taken) // a judgement reads all pairs
		if c := p.judge(in); c.miss < best.miss {
			best = c
		}
		if 4*best.pairs >= p.goal.pairs {
			break
		}
	}
	return best
}

// walk returns all units, each behind one that is near to it where there is one.
func (p *parting) walk(r *rand.Rand) []int {
	order, seen := make([]int, 0, len(p.size)), make([]bool, len(p.size))
	for _, start := range r.Perm(len(p.size)) {
		if seen[start] {
			continue
		}
		seen[start] = true
		order = append(order, start)
		for at := len(order) - 1; at < len(order); at++ {
			near := p.near[order[at]]
			for _, i := range r.Perm(len(near)) {
				if u := near[i]; !seen[u] {
					seen[u] = true
					order = append(order, u)
				}
			}
		}
	}
	return order
}

// judge counts the pairs of a choice. It misses without end where a side lacks a kind of
// pairs that the list has.
func (p *parting) judge(in []bool) parted {
	c := choice{}
	var stay component
	for pair := range p.pairs.All() {
		a, b := in[p.unit[pair.Left]], in[p.unit[pair.Right]]
		if a != b {
			continue
		}
		same := 0
		if pair.Same {
			same = 1
		}
		if a {
			c.pairs, c.same = c.pairs+1, c.same+same
		} else {
			stay.pairs, stay.same = stay.pairs+1, stay.same+same
		}
	}
	best := parted{held: map[int32]bool{}, same: c.same, pairs: c.pairs, stay: stay.pairs, miss: math.Inf(1)}
	for _, i := range p.images {
		if in[p.unit[i]] {
			best.held[i] = true
		}
	}
	if all := p.goal.all; both(all, c.pairs, c.same) && both(all, stay.pairs, stay.same) {
		across := float64(all.pairs - c.pairs - stay.pairs)
		lacking := float64(max(0, p.goal.pairs/4-c.pairs))
		uneven := math.Abs(float64(c.same) - float64(c.pairs)*float64(all.same)/float64(all.pairs))
		best.miss = across + scarce*(lacking+uneven)
	}
	return best
}

// both tells whether pairs, of which some are same, have each kind that all have.
func both(all component, pairs, same int) bool {
	return pairs > 0 && (all.same == 0 || same > 0) && (all.same == all.pairs || same < pairs)
}
