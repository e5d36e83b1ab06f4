package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/tfpair/tfpair/internal/forest"
)

// draws is how many choices of groups are tried at most; the best is taken. Groups
// differ in size and in their share of same pairs, and one may be far off in both.
const draws = 64

// group is pairs that hang together by shared images.
type group struct {
	number int // of groups, by lowest image
	pairs  int
	same   int // of pairs
}

// holdOutPairs moves whole groups out of train, so that no image is on both sides. Where
// groups are too large for that, images are parted instead.
func (d *Dataset) holdOutPairs(part Part, cut cut, r *rand.Rand) error {
	groupOf, groups := d.groups(part.Pairs)
	var all group
	for _, g := range groups {
		all.pairs += g.pairs
		all.same += g.same
	}
	goal := newGoal(all, cut.share)
	var best choice
	for i := 0; i < draws && (i == 0 || goal.miss(best) >= 1); i++ {
		if c := goal.choose(groups, r); i == 0 || goal.miss(c) < goal.miss(best) {
			best = c
		}
	}
	if !goal.met(best) {
		return d.partImages(part, goal, cut, r)
	}
	for i := range d.Pairs {
		if p := &d.Pairs[i]; p.Split == Train && best.held[groupOf[p.Left]] {
			p.Split = cut.to
		}
	}
	for i := range d.Triplets {
		if t := &d.Triplets[i]; t.Split == Train && best.held[groupOf[t.Anchor]] {
			t.Split = cut.to
		}
	}
	d.relabel()
	d.note("no split %s in the data: %d of %s held out, %d of %s by shared images, seed %d",
		cut.to, best.pairs, plural(all.pairs, "training pair"), best.groups,
		plural(len(groups), "group"), cut.seed)
	return nil
}

// relabel sets the splits of the images after those of pairs have changed.
func (d *Dataset) relabel() {
	for i := range d.Images {
		d.Images[i].Split = ""
	}
	d.splitImages()
}

// groups returns the connected components of the pairs, in the order of their
// lowest images, and the group of each image in them.
func (d *Dataset) groups(pairs []Pair) (of []int, groups []group) {
	joined := forest.New(len(d.Images))
	for _, p := range pairs {
		joined.Join(p.Left, p.Right)
	}
	of = make([]int, len(d.Images))
	for _, i := range imagesOf(pairs) {
		top := joined.Root(i)
		if top == i {
			of[i] = len(groups)
			groups = append(groups, group{number: len(groups)})
		}
		of[i] = of[top]
	}
	for _, p := range pairs {
		g := &groups[of[p.Left]]
		g.pairs++
		if p.Same {
			g.same++
		}
	}
	return of, groups
}

// goal is what the side that is held out should be.
type goal struct {
	all   group // all training pairs
	pairs int   // wanted
	same  float64
}

func newGoal(all group, share float64) goal {
	pairs := max(2, int(math.Round(share*float64(all.pairs)))) // one same, one different
	return goal{all, pairs, float64(pairs) * float64(all.same) / float64(all.pairs)}
}

// choice is some groups.
type choice struct {
	held                map[int]bool // by number of the group
	groups, pairs, same int
}

func (c *choice) add(g group) {
	c.held[g.number] = true
	c.groups++
	c.pairs += g.pairs
	c.same += g.same
}

// choose takes groups in random order as long as they fit. If that is less than
// half of the goal, it takes the smallest group left, up to twice the goal.
func (o goal) choose(groups []group, r *rand.Rand) choice {
	c := choice{held: map[int]bool{}}
	smallest := group{pairs: math.MaxInt}
	for _, i := range r.Perm(len(groups)) {
		g := groups[i]
		if c.pairs+g.pairs <= o.pairs {
			c.add(g)
		} else if g.pairs < smallest.pairs {
			smallest = g
		}
	}
	if 2*c.pairs < o.pairs && smallest.pairs <= 2*o.pairs-c.pairs {
		c.add(smallest)
	}
	return c
}

// miss is how far a choice is from the goal, in pairs.
func (o goal) miss(c choice) float64 {
	miss := math.Abs(float64(c.pairs-o.pairs)) + math.Abs(float64(c.same)-o.same)
	if !o.met(c) {
		miss += float64(2 * o.all.pairs)
	}
	return miss
}

// met tells whether a choice is a quarter of the goal or more, and leaves both kinds
// of pairs, where there are both, on both sides.
func (o goal) met(c choice) bool {
	different, allDifferent := c.pairs-c.same, o.all.pairs-o.all.same
	return c.pairs > 0 && 4*c.pairs >= o.pairs && c.pairs < o.all.pairs &&
		(o.all.same == 0 || c.same > 0 && c.same < o.all.same) &&
		(allDifferent == 0 || different > 0 && different < allDifferent)
}
