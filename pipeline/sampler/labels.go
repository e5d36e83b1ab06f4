package sampler

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// labelOptions are the options of the "labels" sampler.
type labelOptions struct {
	Against string `yaml:"against"` // batch: the label images of the batch; gallery: all of the part
}

var labels = named.Row[Maker]{
	Brief: "photos, and the label images of the batch or of all; batch_size counts photos",
	New: func(raw named.Raw) (Maker, error) {
		o := labelOptions{Against: "batch"}
		if err := named.Options(raw, &o); err != nil {
			return Maker{}, err
		}
		if o.Against != "batch" && o.Against != "gallery" {
			return Maker{}, fmt.Errorf("against must be batch or gallery, got %q", o.Against)
		}
		return Maker{
			Gives: []Tuples{Targets},
			Lists: func(p dataset.Part) bool { return p.Kind() == dataset.OfLabelImages },
			New:   o.sampler,
		}, nil
	},
}

// ErrNoLabelImages says that photos are to be sampled, and the data does not say which label
// image each belongs to.
var ErrNoLabelImages = errors.New("the data has no label images: want a list with columns image,label_image")

// perPhoto gives each photo once per epoch, in an order drawn for the epoch. The last
// batch of an epoch holds what is left.
type perPhoto struct {
	source  Source
	gallery []int32 // label images that stand beside each batch; nil: those of its photos
	photos  int
	orders  perEpoch[[]dataset.Match]
}

func (o labelOptions) sampler(s Source) (Sampler, error) {
	if s.Part.Kind() != dataset.OfLabelImages {
		return nil, ErrNoLabelImages
	}
	if s.BatchSize < 1 {
		return nil, s.least(1, "photo")
	}
	p := &perPhoto{source: s, photos: len(s.Part.Matches)}
	if o.Against == "gallery" {
		p.gallery = s.Part.LabelImages()
	}
	p.orders.compute = func(epoch int) []dataset.Match {
		return shuffled(stream(s.Seed, orderPhotos, epoch), s.Part.Matches)
	}
	return p, nil
}

func (p *perPhoto) StepsPerEpoch() int { return ceilDiv(p.photos, p.source.BatchSize) }

func (p *perPhoto) Notes() []string { return nil }

func (p *perPhoto) Plan(step int) Plan {
	epoch, k := step/p.StepsPerEpoch(), step%p.StepsPerEpoch()
	first := k * p.source.BatchSize
	last := min(first+p.source.BatchSize, p.photos)
	matches := p.orders.at(epoch)[first:last]
	plan := Plan{References: slices.Clone(p.gallery)}
	if p.gallery == nil {
		plan.References = dataset.Part{Matches: matches}.LabelImages()
	}
	for _, m := range matches {
		at, _ := slices.BinarySearch(plan.References, m.Label) // both hold those of the batch
		plan.Images, plan.Targets = append(plan.Images, m.Image), append(plan.Targets, int32(at))
	}
	return plan
}
