package sampler

import (
	"fmt"
	"math/rand/v2"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// pairs gives the listed pairs where the part lists any, else pairs drawn from classes.
var pairs = named.Row[Maker]{
	Brief: "pairs as listed, or drawn half same, half different from classes; " +
		"batch_size counts pairs",
	New: func(raw named.Raw) (Maker, error) {
		return Maker{
			Gives: []Tuples{Pairs, Classes},
			Lists: func(p dataset.Part) bool { return p.Kind().Lists() },
			New:   newPairs,
		}, named.Options(raw, &struct{}{})
	},
}

func newPairs(s Source) (Sampler, error) {
	if s.Part.Kind().Lists() {
		return newListed(s)
	}
	return newDrawn(s)
}

// listed gives each listed pair once per epoch, in an order drawn for the epoch.
// The last batch of an epoch holds what is left.
type listed struct {
	size   int // pairs of a batch
	tuples Tuples
	pairs  dataset.Listed[dataset.Pair]
	orders perEpoch[[]int32] // indices of pairs
}

func newListed(s Source) (Sampler, error) {
	if s.BatchSize < 1 {
		return nil, s.least(1, "pair")
	}
	l := &listed{size: s.BatchSize, tuples: s.Tuples, pairs: s.Part.Pairs}
	l.orders.compute = func(epoch int) []int32 { return permuted(stream(s.Seed, orderPairs, epoch), l.pairs.Len()) }
	return l, nil
}

func (l *listed) StepsPerEpoch() int { return ceilDiv(l.pairs.Len(), l.size) }

func (l *listed) Notes() []string { return nil }

func (l *listed) Plan(step int) Plan {
	epoch, k := step/l.StepsPerEpoch(), step%l.StepsPerEpoch()
	first := k * l.size
	last := min(first+l.size, l.pairs.Len())
	p := newPlan(last - first)
	for _, at := range l.orders.at(epoch)[first:last] {
		pair := l.pairs.At(int(at))
		p.add(pair.Left, pair.Right, pair.Same)
	}
	return p.plan(l.tuples)
}

// drawn makes pairs from classes. In an epoch each labelled image is the left of
// one pair, in an order drawn for the epoch. Half of each batch, drawn among the
// lefts, get a right from their own class: uniformly another image of it. The
// others get one from a different class: uniformly a class, then an image of it.
// An image alone in its class is only ever in different pairs; a batch has fewer
// same pairs than half only where more than half of its lefts are such.
type drawn struct {
	source  Source
	classes classes
	lefts   []member // every image of classes
	orders  perEpoch[[]member]
}

func newDrawn(s Source) (Sampler, error) {
	classes := byClass(s)
	if err := checkClasses(s, classes); err != nil {
		return nil, err
	}
	if s.BatchSize < 2 {
		return nil, s.least(2, "pairs, one same and one different")
	}
	d := &drawn{source: s, classes: classes, lefts: classes.members()}
	d.orders.compute = func(epoch int) []member {
		return shuffled(stream(s.Seed, orderLefts, epoch), d.lefts)
	}
	return d, nil
}

func (d *drawn) StepsPerEpoch() int { return ceilDiv(len(d.lefts), d.source.BatchSize) }

func (d *drawn) Notes() []string {
	notes := unlabelledNote(d.source, d.classes)
	if n := d.classes.singles(); n > 0 {
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
		right := d.classes.drawOther(r, left)
		if same[i] {
			right = d.classes.drawMate(r, left)
		}
		p.add(d.classes.image(left), d.classes.image(right), same[i])
	}
	return p.plan(d.source.Tuples)
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
