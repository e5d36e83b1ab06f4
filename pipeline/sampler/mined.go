package sampler

import (
	"fmt"
	"math/rand/v2"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// minedOptions are the options of the "mined" sampler.
type minedOptions struct {
	ImagesPerClass int `yaml:"images_per_class"` // K, images of each of the two classes of a group; >= 2
	Every          int `yaml:"every"`            // updates until all training images are compared anew; > 0
	Among          int `yaml:"among"`            // a negative is drawn among so many nearest images of other classes; > 0
}

var mined = named.Row[Maker]{
	Brief: "images beside those of other classes that the network finds nearest to them, in all of the training data; " +
		"batch_size counts images",
	Paper: "Harwood et al., Smart Mining for Deep Metric Learning, 2017, arXiv:1704.01285",
	New: func(raw named.Raw) (Maker, error) {
		o := minedOptions{ImagesPerClass: 4, Every: 100, Among: 10}
		if err := named.Options(raw, &o); err != nil {
			return Maker{}, err
		}
		switch {
		case o.ImagesPerClass < 2:
			return Maker{}, fmt.Errorf("images_per_class must be at least 2, got %d", o.ImagesPerClass)
		case o.Every < 1:
			return Maker{}, fmt.Errorf("every must be at least 1 update, got %d", o.Every)
		case o.Among < 1:
			return Maker{}, fmt.Errorf("among must be at least 1 image, got %d", o.Among)
		}
		return Maker{
			Gives:  []Tuples{Pairs, Triplets, Classes},
			Lists:  func(dataset.Part) bool { return false },
			New:    o.sampler,
			Mining: Mining{Every: o.Every, Among: o.Among},
		}, nil
	},
}

// besideHardest gives batches of groups, and every pair of a batch's images, or every triplet, or neither. A group is
// K images of an anchor's class, the anchor among them, and K of the class of its negative, the negative
// among them; what is not anchor or negative is drawn. A class of fewer than K images gives all it has. Groups
// that meet share images: a batch may hold fewer than 2·K of each.
//
// Anchors are taken in an order drawn for the epoch, as many as make as many images as there are. An image alone in
// its class is no anchor. The negative is drawn among Source.Hardest of the anchor; before these
// are known it is drawn from any other class.
type besideHardest struct {
	source  Source
	k       int
	classes classes
	where   map[int32]member
	anchors []member
	notes   []string
	orders  perEpoch[[]member]
}

func (o minedOptions) sampler(s Source) (Sampler, error) {
	all := byClass(s)
	if err := checkClasses(s, all); err != nil {
		return nil, err
	}
	if group := 2 * o.ImagesPerClass; s.BatchSize < group || s.BatchSize%group != 0 {
		return nil, &FitError{fmt.Sprintf("batch_size must be a multiple of twice images_per_class (%d), got %d", group, s.BatchSize),
			[]Setting{number(batchSize, max(s.BatchSize/group, 1)*group)}}
	}
	b := &besideHardest{source: s, k: o.ImagesPerClass, classes: all, where: map[int32]member{},
		notes: unlabelledNote(s, all)}
	for _, m := range all.members() {
		b.where[all.image(m)] = m
		if len(all[m.class]) > 1 {
			b.anchors = append(b.anchors, m)
		}
	}
	if n := all.singles(); n > 0 {
		b.notes = append(b.notes, fmt.Sprintf(
			"%d of %d classes in %s have one image, which is only a negative", n, len(all), s.place()))
	}
	b.orders.compute = func(epoch int) []member {
		return shuffled(stream(s.Seed, orderMined, epoch), b.anchors)
	}
	return b, nil
}

func (b *besideHardest) StepsPerEpoch() int {
	return ceilDiv(len(b.where), b.source.BatchSize)
}

func (b *besideHardest) Notes() []string { return b.notes }

func (b *besideHardest) Plan(step int) Plan {
	epoch, at := step/b.StepsPerEpoch(), step%b.StepsPerEpoch()
	groups, anchors := b.source.BatchSize/(2*b.k), b.orders.at(epoch)
	r := stream(b.source.Seed, drawMined, step)
	p := newPlan(b.source.BatchSize)
	for i := range groups {
		anchor := anchors[(at*groups+i)%len(anchors)]
		for _, m := range []member{anchor, b.drawHard(r, anchor)} {
			b.addGroup(r, p, m)
		}
	}
	return b.source.withTuples(p.Images)
}

// drawHard draws a negative of an anchor.
func (b *besideHardest) drawHard(r *rand.Rand, anchor member) member {
	image := int(b.classes.image(anchor))
	if image >= len(b.source.Hardest) || len(b.source.Hardest[image]) == 0 {
		return b.classes.drawOther(r, anchor)
	}
	nearest := b.source.Hardest[image]
	return b.where[nearest[r.IntN(len(nearest))]]
}

// addGroup adds m and drawn images of its class, k in all where there are so many.
func (b *besideHardest) addGroup(r *rand.Rand, p *planner, m member) {
	p.row(b.classes.image(m))
	left := b.k - 1
	for _, i := range r.Perm(len(b.classes[m.class])) {
		if left == 0 {
			return
		}
		if int32(i) != m.at {
			p.row(b.classes[m.class][i])
			left--
		}
	}
}
