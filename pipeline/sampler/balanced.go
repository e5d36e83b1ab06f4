package sampler

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// balancedOptions are the options of the "balanced" sampler.
type balancedOptions struct {
	ImagesPerClass int `yaml:"images_per_class"` // K, images of each class in a batch; >= 2
}

var balanced = named.Row[Maker]{
	Brief: "P classes with K images of each, and all pairs or triplets of them; " +
		"batch_size counts images",
	Paper: "Hermans et al., In Defense of the Triplet Loss, 2017, arXiv:1703.07737, section 2",
	New: func(raw named.Raw) (Maker, error) {
		o := balancedOptions{ImagesPerClass: 4} // the K of the paper
		if err := named.Options(raw, &o); err != nil {
			return Maker{}, err
		}
		if o.ImagesPerClass < 2 {
			return Maker{}, fmt.Errorf("images_per_class must be at least 2, got %d", o.ImagesPerClass)
		}
		return Maker{
			Gives: []Tuples{Pairs, Triplets, Classes},
			Lists: func(dataset.Part) bool { return false },
			New:   o.sampler,
		}, nil
	},
}

// perClass gives batches of P classes with K images of each, and every pair of
// the batch's images, or every triplet, or neither. Classes of one image are left
// out. A class of fewer than K images gives all it has, none twice, so a batch may
// hold fewer than P·K.
//
// For an epoch, the classes and the images of each are put in a drawn order;
// batches then go round the classes, and each visit to a class goes on through
// its images where the last one stopped. Every class is so visited equally often,
// up to one, and every image of a class equally often, up to one.
type perClass struct {
	source  Source
	p, k    int
	images  int       // in classes, together
	classes [][]int32 // of two images or more
	notes   []string
	orders  perEpoch[[][]int32] // classes in drawn order, each with its images in drawn order
}

func (o balancedOptions) sampler(s Source) (Sampler, error) {
	all := byClass(s)
	if err := checkClasses(s, all); err != nil {
		return nil, err
	}
	b := &perClass{source: s, k: o.ImagesPerClass, p: s.BatchSize / o.ImagesPerClass}
	small, largest := 0, 0
	for _, images := range all {
		largest = max(largest, len(images))
		if len(images) < 2 {
			continue
		}
		if len(images) < b.k {
			small++
		}
		b.classes = append(b.classes, images)
		b.images += len(images)
	}
	if err := b.check(largest); err != nil {
		return nil, err
	}
	b.notes = unlabelledNote(s, all)
	if n := all.singles(); n > 0 {
		b.notes = append(b.notes, fmt.Sprintf(
			"%d of %d classes in %s have one image and are not used", n, len(all), s.place()))
	}
	if small > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d of %d classes in %s have fewer than %d images "+
			"and give all they have to a batch", small, len(b.classes), s.place(), b.k))
	}
	b.orders.compute = b.order
	return b, nil
}

// check refuses classes and images per class that no batch of the asked size has. largest is
// the number of images in the largest class.
func (b *perClass) check(largest int) error {
	size, usable := b.source.BatchSize, len(b.classes)
	if usable < 2 {
		return &FitError{What: b.source.place() + " has one class with two or more images, balanced batches need 2"}
	}
	switch {
	case b.k > largest:
		return b.refit(largest, "images_per_class is %d, but no class in %s has more than %s", b.k,
			b.source.place(), plural.Count(largest, "image"))
	case size < 1 || size%b.k != 0:
		return b.refit(largest, "batch_size must be a multiple of images_per_class (%d), got %d", b.k, size)
	case b.p < 2:
		return b.refit(largest, "batch_size %d at %d images_per_class is one class per batch", size, b.k)
	case b.p > usable:
		return b.refit(largest, "batch_size %d at %d images_per_class needs %d classes with two or more "+
			"images, %s has %d", size, b.k, b.p, b.source.place(), usable)
	}
	return nil
}

// refit says what is wrong, and the settings nearest to those asked for that the data can fill.
func (b *perClass) refit(largest int, format string, args ...any) error {
	e := &FitError{What: fmt.Sprintf(format, args...)}
	k := min(b.k, largest)
	if k != b.k {
		e.Settings = append(e.Settings, number(imagesPerClass, k))
	}
	if size := k * min(max(b.source.BatchSize/k, 2), len(b.classes)); size != b.source.BatchSize {
		e.Settings = append(e.Settings, number(batchSize, size))
	}
	return e
}

func (b *perClass) order(epoch int) [][]int32 {
	r := stream(b.source.Seed, orderClasses, epoch)
	classes := shuffled(r, b.classes)
	for i, images := range classes {
		classes[i] = shuffled(r, images)
	}
	return classes
}

func (b *perClass) StepsPerEpoch() int { return ceilDiv(b.images, b.source.BatchSize) }

func (b *perClass) Notes() []string { return b.notes }

func (b *perClass) Plan(step int) Plan {
	epoch, k := step/b.StepsPerEpoch(), step%b.StepsPerEpoch()
	classes := b.orders.at(epoch)
	images := make([]int32, 0, b.source.BatchSize)
	for turn := k * b.p; turn < (k+1)*b.p; turn++ {
		class, visit := classes[turn%len(classes)], turn/len(classes)
		for j := range min(b.k, len(class)) {
			images = append(images, class[(visit*b.k+j)%len(class)])
		}
	}
	return b.source.withTuples(images)
}

// withTuples returns the plan of images with all tuples of them that are wanted.
func (s Source) withTuples(images []int32) Plan {
	if s.Tuples == Classes {
		return Plan{Images: images}
	}
	p := s.allPairs(images)
	if s.Tuples == Triplets {
		addTriplets(&p)
	}
	return p
}

// allPairs pairs every two of the images, rows i < j in ascending order.
func (s Source) allPairs(images []int32) Plan {
	m := len(images) * (len(images) - 1) / 2
	p := Plan{
		Images: images,
		Left:   make([]int32, 0, m),
		Right:  make([]int32, 0, m),
		Same:   make([]bool, 0, m),
	}
	for i := range images {
		for j := i + 1; j < len(images); j++ {
			p.Left = append(p.Left, int32(i))
			p.Right = append(p.Right, int32(j))
			p.Same = append(p.Same, s.label(images[i]) == s.label(images[j]))
		}
	}
	return p
}

// addTriplets adds every triplet of p's images, in ascending order of anchor,
// positive and negative. p has all pairs, in the order of allPairs.
func addTriplets(p *Plan) {
	n := int32(len(p.Images))
	pair := func(i, j int32) int32 {
		i, j = min(i, j), max(i, j)
		return i*(2*n-i-1)/2 + j - i - 1 // i rows of n-1, n-2, … pairs come before
	}
	for a := range n {
		for positive := range n {
			if positive == a || !p.Same[pair(a, positive)] {
				continue
			}
			for negative := range n {
				if negative != a && !p.Same[pair(a, negative)] {
					p.Anchor = append(p.Anchor, a)
					p.Positive = append(p.Positive, pair(a, positive))
					p.Negative = append(p.Negative, pair(a, negative))
				}
			}
		}
	}
}
