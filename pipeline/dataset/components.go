package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/tfpair/tfpair/internal/forest"
)

// draws is how many choices of components are tried at most; the best is taken. Components
// differ in size and in their share of same pairs, and one may be far off in both.
const draws = 64

// component is pairs that hang together by shared images.
type component struct {
	number int // of components, by lowest image
	pairs  int
	same   int // of pairs
}

// holdOutPairs moves whole components out of train, so that no image is on both sides. Where
// components are too large for that, images are parted instead.
func (d *Dataset) holdOutPairs(part Part, cut cut, r *rand.Rand) error {
	componentOf, components := d.components(part.Pairs)
	var all component
	for _, g := range components {
		all.pairs += g.pairs
		all.same += g.same
	}
	goal := newGoal(all, cut.share)
	var best choice
	for i := 0; i < draws && (i == 0 || goal.miss(best) >= 1); i++ {
		if c := goal.choose(components, r); i == 0 || goal.miss(c) < goal.miss(best) {
			best = c
		}
	}
	if !goal.met(best) {
		return d.partImages(part, goal, cut, r)
	}
	for i := range d.Pairs {
		if p := &d.Pairs[i]; p.Split == Train && best.held[componentOf[p.Left]] {
			p.Split = cut.to
		}
	}
	for i := range d.Triplets {
		if t := &d.Triplets[i]; t.Split == Train && best.held[componentOf[t.Anchor]] {
			t.Split = cut.to
		}
	}
	d.relabel()
	d.note("no split %s in the data: %d of %s held out, %d of %s joined by shared images, seed %d",
		cut.to, best.pairs, plural(all.pairs, "training pair"), best.components,
		plural(len(components), "set"), cut.seed)
	return nil
}

// relabel sets the splits of the images after those of pairs have changed.
func (d *Dataset) relabel() {
	for i := range d.Images {
		d.Images[i].Split = Unsplit
	}
	d.splitImages()
}

// components returns the connected components of the pairs, in the order of their lowest
// images, and the number of the component of each image in them. Images of one of Dataset.Groups hang together.
func (d *Dataset) components(pairs Listed[Pair]) (of []int, components []component) {
	joined := d.JoinGroups(forest.New(len(d.Images)))
	for p := range pairs.All() {
		joined.Join(p.Left, p.Right)
	}
	of = make([]int, len(d.Images))
	number := map[int32]int{} // by root, which may be an image of other pairs
	for _, i := range imagesOf(pairs) {
		top := joined.Root(i)
		if _, ok := number[top]; !ok {
			number[top] = len(components)
			components = append(components, component{number: len(components)})
		}
		of[i] = number[top]
	}
	for p := range pairs.All() {
		g := &components[of[p.Left]]
		g.pairs++
		if p.Same {
			g.same++
		}
	}
	return of, components
}

// goal is what the side that is held out should be.
type goal struct {
	all   component // all training pairs
	pairs int       // wanted
	same  float64
}

func newGoal(all component, share float64) goal {
	pairs := max(2, int(math.Round(share*float64(all.pairs)))) // one same, one different
	return goal{all, pairs, float64(pairs) * float64(all.same) / float64(all.pairs)}
}

// choice is some components.
type choice struct {
	held                    map[int]bool // by number of the component
	components, pairs, same int
}

func (c *choice) add(g component) {
	c.held[g.number] = true
	c.components++
	c.pairs += g.pairs
	c.same += g.same
}

// choose takes components in random order as long as they fit. If that is less than
// half of the goal, it takes the smallest component left, up to twice the goal.
func (o goal) choose(components []component, r *rand.Rand) choice {
	c := choice{held: map[int]bool{}}
	smallest := component{pairs: math.MaxInt}
	for _, i := range r.Perm(len(components)) {
		g := components[i]
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
