package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// SplitOptions say how Assign holds out images for validation.
type SplitOptions struct {
	Val     float64 // share of training images, pairs or classes held out; in [0,1), 0: none
	ByClass bool    // no class is in two splits, and half of them are for test
	Seed    uint64
}

// Assign puts what has no split into train and, where the data has no split val,
// moves about the share Val of train there: of class folders, images of each class;
// of a list, groups of pairs that share no image with the others, or photos of each
// label image. Splits that the data names stay. Both sides of class folders can form same and different pairs:
// classes that would give fewer than two images take turns in giving two, and those
// of fewer than four stay in train. Equal data and options give equal splits,
// whatever the order of files or rows. The error is an *OptionsError or an *Error.
//
// ByClass holds out whole classes instead, at least two, and half of them for test,
// unless the data names a split test that shares no class with the others.
func (d *Dataset) Assign(o SplitOptions) error {
	if !(o.Val >= 0 && o.Val < 1) {
		return &OptionsError{fmt.Sprintf("share for validation must be in [0,1), got %g", o.Val)}
	}
	if o.ByClass {
		if err := d.assignClasses(o); err != nil {
			return &Error{"data", d.Name, err}
		}
		return nil
	}
	for i := range d.Pairs {
		if p := &d.Pairs[i]; p.Split == "" {
			p.Split = Train
		}
	}
	for i := range d.Triplets {
		if t := &d.Triplets[i]; t.Split == "" {
			t.Split = Train
		}
	}
	for i := range d.Matches {
		if m := &d.Matches[i]; m.Split == "" {
			m.Split = Train
		}
	}
	labels := d.labelImages()
	for i := range d.Images {
		if image := &d.Images[i]; image.Split == "" && !labels[int32(i)] {
			image.Split = Train
		}
	}
	part := d.In(Train)
	if o.Val == 0 || len(part.Images) == 0 || len(d.In(Val).Images) > 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(o.Seed, 0x73706c6974)) // "split": a stream of its own
	var err error
	switch {
	case len(d.Pairs) > 0:
		err = d.holdOutPairs(part, o, r)
	case len(d.Matches) > 0:
		err = d.holdOutPhotos(part, o, r)
	default:
		err = d.holdOutImages(part, o, r)
	}
	if err != nil {
		return &Error{"data", d.Name, err}
	}
	return nil
}

// holdOutImages moves images of each class to validation.
func (d *Dataset) holdOutImages(part Part, o SplitOptions, r *rand.Rand) error {
	classes := make([][]int32, len(d.Classes)) // images of each class
	sizes := make([]int, len(d.Classes))
	for _, i := range part.Images {
		if c := d.Images[i].Class; c >= 0 {
			classes[c] = append(classes[c], i)
			sizes[c]++
		}
	}
	counts, ok := shares(sizes, o.Val, r)
	if !ok {
		return fmt.Errorf("no %g %% can be held out for validation: that needs two classes of at "+
			"least 2 training images, one of them of at least 4; add images, or a folder val", 100*o.Val)
	}
	held := 0
	for c, images := range classes {
		for _, at := range r.Perm(len(images))[:counts[c]] {
			d.Images[images[at]].Split = Val
		}
		held += counts[c]
	}
	d.note("no split val in the data: %d of %s held out by class, seed %d",
		held, plural(len(part.Images), "training image"), o.Seed)
	return nil
}

// shares returns how many images of each class go to validation, or false if not
// both sides can form pairs of both kinds.
func shares(sizes []int, val float64, r *rand.Rand) (counts []int, ok bool) {
	counts = make([]int, len(sizes))
	order := r.Perm(len(sizes))
	credit, givers, same := 0.0, 0, false
	for _, c := range order {
		n := sizes[c]
		share := val * float64(n)
		switch k := int(math.Round(share)); {
		case n < 4: // two on each side, for same pairs
			continue
		case k >= 2:
			counts[c] = min(k, n-2)
		default: // classes too small for two take turns, so that the sum is right
			if credit += share; credit >= 1 {
				counts[c] = 2
				credit -= 2
			}
		}
		if counts[c] > 0 {
			givers, same = givers+1, true
		}
	}
	for _, c := range order { // different pairs need two classes
		if givers < 2 && counts[c] == 0 && sizes[c] >= 4 {
			counts[c] = 2
			givers, same = givers+1, true
		}
	}
	for _, c := range order {
		if givers < 2 && counts[c] == 0 && sizes[c] >= 2 {
			counts[c] = 1
			givers++
		}
	}
	return counts, same && givers >= 2
}
