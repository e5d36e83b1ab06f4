package sampler

import (
	"fmt"
	"math/rand/v2"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// pairs gives the listed pairs where the part lists any, else pairs drawn from classes.
var pairs = named.Row[func(Source) (Sampler, error)]{
	Brief: "pairs as listed, or drawn half same, half different from classes; " +
		"batch_size counts pairs",
	New: func(raw named.Raw) (func(Source) (Sampler, error), error) {
		return newPairs, named.Options(raw, &struct{}{})
	},
}

func newPairs(s Source) (Sampler, error) {
	if len(s.Part.Pairs) > 0 {
		return newListed(s)
	}
	return newDrawn(s)
}

// listed gives each listed pair once per epoch, in an order drawn for the epoch.
// The last batch of an epoch holds what is left.
type listed struct {
	batch  int
	pairs  int
	orders perEpoch[[]dataset.Pair]
}

func newListed(s Source) (Sampler, error) {
	if s.BatchSize < 1 {
		return nil, fmt.Errorf("batch_size must be at least 1 pair, got %d", s.BatchSize)
	}
	order := func(epoch int) []dataset.Pair {
		return shuffled(stream(s.Seed, orderPairs, epoch), s.Part.Pairs)
	}
	return &listed{
		batch:  s.BatchSize,
		pairs:  len(s.Part.Pairs),
		orders: perEpoch[[]dataset.Pair]{compute: order},
	}, nil
}

func (l *listed) StepsPerEpoch() int { return ceilDiv(l.pairs, l.batch) }

func (l *listed) Notes() []string { return nil }

func (l *listed) Plan(step int) Plan {
	epoch, k := step/l.StepsPerEpoch(), step%l.StepsPerEpoch()
	first := k * l.batch
	last := min(first+l.batch, l.pairs)
	p := newPlan(last - first)
	for _, pair := range l.orders.at(epoch)[first:last] {
		p.add(pair.Left, pair.Right, pair.Same)
	}
	return p.Plan
}

// drawn makes pairs from classes. In an epoch each labelled image is the left of
// one pair, in an order drawn for the epoch. Half of each batch, drawn among the
// lefts, get a right from their own class: uniformly another image of it. The
// others get one from a different class: uniformly a class, then an image of it.
// An image alone in its class is only ever in different pairs; a batch has fewer
// same pairs than half only where more than half of its lefts are such.
type drawn struct {
	source  Source
	classes [][]int32 // images of each class
	lefts   []member  // every image of classes
	orders  perEpoch[[]member]
}

// member is one image as its class holds it: classes[class][at].
type member struct{ class, at int32 }

func newDrawn(s Source) (Sampler, error) {
	classes := byClass(s)
	if err := checkClasses(s, classes); err != nil {
		return nil, err
	}
	if s.BatchSize < 2 {
		return nil, fmt.Errorf("batch_size must be at least 2 pairs, one same and one different, "+
			"got %d", s.BatchSize)
	}
	d := &drawn{source: s, classes: classes}
	for c, images := range classes {
		for at := range images {
			d.lefts = append(d.lefts, member{int32(c), int32(at)})
		}
	}
	d.orders.compute = func(epoch int) []member {
		return shuffled(stream(s.Seed, orderLefts, epoch), d.lefts)
	}
	return d, nil
}

func (d *drawn) StepsPerEpoch() int { return ceilDiv(len(d.lefts), d.source.BatchSize) }

func (d *drawn) Notes() []string {
	notes := unlabelledNote(d.source, d.classes)
	if n := singles(d.classes); n > 0 {
		notes = append(notes, fmt.Sprintf(
			"%d of %d classes in %s have one image, which is only in different pairs",
			n, len(d.classes), d.source.place()))
	}
	return notes
}

func (d *drawn) Plan(step int) Plan {
	epoch, k := step/d.StepsPerEpoch(), step%d.StepsPerEpoch()
	first := k * d.source.BatchSize
	last := min(first+d.source.BatchSize, len(d.lefts))
	lefts := d.orders.at(epoch)[first:last]
	r := stream(d.source.Seed, drawRights, step)
	same := d.drawSame(r, lefts)
	p := newPlan(len(lefts))
	for i, left := range lefts {
		right := d.drawOther(r, left)
		if same[i] {
			right = d.drawMate(r, left)
		}
		p.add(d.image(left), d.image(right), same[i])
	}
	return p.Plan
}

// drawSame chooses which of the lefts get a right of their own class: half of
// them, an odd one by a coin, as far as they are not alone in their class.
func (d *drawn) drawSame(r *rand.Rand, lefts []member) []bool {
	var able []int
	for i, left := range lefts {
		if len(d.classes[left.class]) > 1 {
			able = append(able, i)
		}
	}
	want := len(lefts) / 2
	if len(lefts)%2 == 1 {
		want += r.IntN(2)
	}
	same := make([]bool, len(lefts))
	for _, i := range shuffled(r, able)[:min(want, len(able))] {
		same[i] = true
	}
	return same
}

// drawMate draws another image of m's class, which must have two.
func (d *drawn) drawMate(r *rand.Rand, m member) member {
	return member{m.class, drawExcept(r, len(d.classes[m.class]), m.at)}
}

// drawOther draws an image of another class.
func (d *drawn) drawOther(r *rand.Rand, m member) member {
	c := drawExcept(r, len(d.classes), m.class)
	return member{c, r.Int32N(int32(len(d.classes[c])))}
}

func (d *drawn) image(m member) int32 { return d.classes[m.class][m.at] }

// drawExcept draws uniformly from [0,n) without x.
func drawExcept(r *rand.Rand, n int, x int32) int32 {
	y := r.Int32N(int32(n) - 1)
	if y >= x {
		y++
	}
	return y
}

// planner builds a Plan pair by pair, giving each image one row.
type planner struct {
	Plan
	rows map[int32]int32 // dataset image → row of Images
}

func newPlan(pairs int) *planner {
	return &planner{
		rows: make(map[int32]int32, 2*pairs),
		Plan: Plan{
			Images: make([]int32, 0, 2*pairs),
			Left:   make([]int32, 0, pairs),
			Right:  make([]int32, 0, pairs),
			Same:   make([]bool, 0, pairs),
		},
	}
}

func (p *planner) add(left, right int32, same bool) {
	p.Left = append(p.Left, p.row(left))
	p.Right = append(p.Right, p.row(right))
	p.Same = append(p.Same, same)
}

func (p *planner) row(image int32) int32 {
	row, ok := p.rows[image]
	if !ok {
		row = int32(len(p.Images))
		p.rows[image] = row
		p.Images = append(p.Images, image)
	}
	return row
}
