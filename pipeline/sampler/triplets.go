package sampler

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// triplets gives the listed triplets where the part lists any, else triplets drawn
// from classes. Where pairs are wanted it gives the two of each triplet.
var triplets = named.Row[Maker]{
	Brief: "triplets as listed, or drawn from classes; batch_size counts triplets",
	New: func(raw named.Raw) (Maker, error) {
		return Maker{
			Gives: []Tuples{Pairs, Triplets, Classes},
			Lists: func(p dataset.Part) bool { return p.Kind() == dataset.OfTriplets },
			New:   newTriplets,
		}, named.Options(raw, &struct{}{})
	},
}

// orderedTriplets gives each of an epoch's triplets once, batch by batch. The last
// batch of an epoch holds what is left.
type orderedTriplets struct {
	source Source
	epoch  int // triplets in one
	notes  []string
	// of returns the triplets [first,last) of an epoch, images of the dataset: anchor,
	// positive, negative. step is that of the batch they form.
	of func(epoch, step, first, last int) [][3]int32
}

func newTriplets(s Source) (Sampler, error) {
	if s.BatchSize < 1 {
		return nil, s.least(1, "triplet")
	}
	if s.Part.Kind() == dataset.OfTriplets {
		return listedTriplets(s), nil
	}
	return drawnTriplets(s)
}

// listedTriplets takes the list in an order drawn for each epoch.
func listedTriplets(s Source) Sampler {
	all := s.Part.Triplets
	orders := &perEpoch[[]int32]{compute: func(epoch int) []int32 {
		return permuted(stream(s.Seed, orderTriplets, epoch), all.Len())
	}}
	of := func(epoch, _, first, last int) [][3]int32 {
		listed := make([][3]int32, 0, last-first)
		for _, at := range orders.at(epoch)[first:last] {
			t := all.At(int(at))
			listed = append(listed, [3]int32{t.Anchor, t.Positive, t.Negative})
		}
		return listed
	}
	return &orderedTriplets{source: s, epoch: all.Len(), of: of}
}

// drawnTriplets makes each image that is not alone in its class the anchor of one
// triplet per epoch, in an order drawn for it. The positive is uniformly another
// image of the class; the negative uniformly a class, then an image of it. An
// image alone in its class is only ever a negative.
func drawnTriplets(s Source) (Sampler, error) {
	classes := byClass(s)
	if err := checkClasses(s, classes); err != nil {
		return nil, err
	}
	var anchors []member
	for _, m := range classes.members() {
		if len(classes[m.class]) > 1 {
			anchors = append(anchors, m)
		}
	}
	orders := &perEpoch[[]member]{compute: func(epoch int) []member {
		return shuffled(stream(s.Seed, orderAnchors, epoch), anchors)
	}}
	of := func(epoch, step, first, last int) [][3]int32 {
		r := stream(s.Seed, drawTriplets, step)
		drawn := make([][3]int32, 0, last-first)
		for _, a := range orders.at(epoch)[first:last] {
			positive, negative := classes.drawMate(r, a), classes.drawOther(r, a)
			drawn = append(drawn,
				[3]int32{classes.image(a), classes.image(positive), classes.image(negative)})
		}
		return drawn
	}
	notes := unlabelledNote(s, classes)
	if n := classes.singles(); n > 0 {
		notes = append(notes, fmt.Sprintf(
			"%d of %d classes in %s have one image, which is only a negative", n, len(classes), s.place()))
	}
	return &orderedTriplets{source: s, epoch: len(anchors), notes: notes, of: of}, nil
}

func (o *orderedTriplets) StepsPerEpoch() int { return ceilDiv(o.epoch, o.source.BatchSize) }

func (o *orderedTriplets) Notes() []string { return o.notes }

func (o *orderedTriplets) Plan(step int) Plan {
	epoch, k := step/o.StepsPerEpoch(), step%o.StepsPerEpoch()
	first := k * o.source.BatchSize
	last := min(first+o.source.BatchSize, o.epoch)
	p := newPlan(2 * (last - first))
	for _, t := range o.of(epoch, step, first, last) {
		p.addTriplet(t, o.source.Tuples)
	}
	return p.plan(o.source.Tuples)
}
