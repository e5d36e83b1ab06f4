package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// Pairs are the pairs to measure and the distinct images in them.
type Pairs struct {
	Images      []int32   // [N] dataset images
	Left, Right []int32   // [M] rows of Images
	Same        []bool    // [M]
	Weight      []float64 // [M] how often each counts, M in all; nil: once
	Fold        []int     // [M] of a protocol of folds, from 1; nil: there are none
	Source      string    // "listed", or how they were drawn

	Sample  metric.Sample // how the images came to be measured
	Answers bool          // each pair is a photo, left, and a label image, which is not drawn at random

	OneGroup bool // same pairs are of one group each: no class has images of two

	SeenUnknown bool // the images have classes, and which of them training saw is not known
}

// intervals returns an interval for each statistic over s, which are these pairs.
func (p Pairs) intervals(s *metric.Scored, of ...metric.Statistic) []metric.Interval {
	left, right := p.drawn()
	return p.Sample.Pairs(s, left, right, of)
}

// drawn returns the images of each pair [M] that are taken for drawn at random.
func (p Pairs) drawn() (left, right []int32) {
	if p.Answers {
		return p.Left, p.Left
	}
	return p.Left, p.Right
}

// NoPairsError says why a part of a data set holds no pairs of one kind.
type NoPairsError struct {
	Split  dataset.Split
	Reason string
}

func (e *NoPairsError) Error() string {
	if e.Split == dataset.Unsplit {
		return "data: " + e.Reason
	}
	return fmt.Sprintf("split %q: %s", e.Split, e.Reason)
}

// ChoosePairs returns the listed pairs of part, each once; of photos with label images, each photo
// with its own and with another one of labels, ascending, which holds those of part; or,
// where part is made of class folders, pairs drawn from them: see draw. Equal seeds draw
// equal pairs. seen are the names of the classes that the model was trained on; empty: not
// known. The error is a *NoPairsError.
func ChoosePairs(data *dataset.Dataset, part dataset.Part, labels []int32, seen []string, seed uint64) (Pairs, error) {
	p, err := choosePairs(data, part, labels, seed)
	if err != nil {
		return Pairs{}, err
	}
	p.Sample = SampleOf(data, p.Images, seen)
	p.SeenUnknown = p.Sample.Class != nil && len(seen) == 0
	return p, nil
}

// Measurable reports whether a part has what an evaluation asks for: pairs of both kinds.
func Measurable(data *dataset.Dataset, part dataset.Part) bool {
	p, err := choosePairs(data, part, data.All().LabelImages(), 0)
	if err != nil {
		return false
	}
	same, different := p.counts()
	return same > 0 && different > 0
}

func choosePairs(data *dataset.Dataset, part dataset.Part, labels []int32, seed uint64) (Pairs, error) {
	switch kind := part.Kind(); {
	case kind.Lists():
		return listed(part), nil
	case kind == dataset.OfLabelImages && len(labels) < 2:
		return Pairs{}, &NoPairsError{part.Split, "one label image is left, so no pair is different"}
	case kind == dataset.OfLabelImages:
		return answered(labels, part, seed), nil
	}
	return drawn(data, part, seed)
}

// SampleOf says of images what data knows. Classes are new where training saw fewer than
// half of them. Where seen is empty, which classes training saw is not known, and none is new:
// a list of pairs that was trained on may show any of them.
func SampleOf(data *dataset.Dataset, images []int32, seen []string) metric.Sample {
	s := metric.Sample{Class: make([]int32, len(images))}
	for _, image := range images {
		if data.GroupOf != nil {
			s.Group = append(s.Group, data.GroupOf[image])
		}
	}
	classes := map[int32]bool{}
	for i, image := range images {
		s.Class[i] = data.Images[image].Class
		if s.Class[i] >= 0 {
			classes[s.Class[i]] = true
		}
	}
	if len(classes) == 0 {
		return metric.Sample{Group: s.Group}
	}
	known := 0
	for class := range classes {
		if slices.Contains(seen, data.Classes[class]) {
			known++
		}
	}
	s.NewClasses = len(seen) > 0 && 2*known < len(classes)
	return s
}

func listed(part dataset.Part) Pairs {
	p := Pairs{Source: "listed"}
	rows := map[int32]int32{}
	row := func(image int32) int32 {
		at, ok := rows[image]
		if !ok {
			at = int32(len(p.Images))
			rows[image] = at
			p.Images = append(p.Images, image)
		}
		return at
	}
	seen := map[dataset.Pair]bool{}
	for pair := range part.Pairs.All() {
		key := dataset.Pair{Left: min(pair.Left, pair.Right), Right: max(pair.Left, pair.Right), Same: pair.Same}
		if seen[key] { // the list says it twice, which makes it no more certain
			continue
		}
		seen[key] = true
		p.Left = append(p.Left, row(pair.Left))
		p.Right = append(p.Right, row(pair.Right))
		p.Same = append(p.Same, pair.Same)
		if pair.Fold > 0 {
			p.Fold = append(p.Fold, int(pair.Fold))
		}
	}
	return p
}

// answered pairs each photo with its label image, and with another of the gallery.
func answered(gallery []int32, part dataset.Part, seed uint64) Pairs {
	r := rand.New(rand.NewPCG(seed, 0x6c6162656c)) // "label": a stream of its own
	p := Pairs{Images: slices.Concat(part.Images, gallery),
		Source: fmt.Sprintf("photos and label images, others drawn, seed %d", seed), Answers: true}
	for _, m := range part.Matches {
		photo, _ := slices.BinarySearch(part.Images, m.Image)
		own, _ := slices.BinarySearch(gallery, m.Label)
		other := r.IntN(len(gallery) - 1)
		if other >= own {
			other++
		}
		first := len(part.Images)
		p.add(int32(photo), int32(first+own), true)
		p.add(int32(photo), int32(first+other), false)
	}
	return p
}

func (p *Pairs) add(left, right int32, same bool) {
	p.Left, p.Right, p.Same = append(p.Left, left), append(p.Right, right), append(p.Same, same)
}
