package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// SplitOptions say how Assign parts data whose splits are not named.
type SplitOptions struct {
	Val     float64 // share of the images, pairs or classes held out for validation; in [0,1), 0: none
	Test    float64 // share kept for test; in [0,1), 0: none; Val + Test < 1
	ByClass bool    // no class is in two splits
	Folds   int     // parts of train and validation, each of which is validation once; 0: none, else >= 2
	Fold    int     // the part that is validation, from 1; 0: none, all is in train
	Seed    uint64
}

// Streams of random numbers, so that a cut for test leaves the draws for validation alone.
const (
	valStream   = 0x73706c6974 // "split"
	testStream  = 0x74657374   // "test"
	classStream = 0x636c617373 // "class"
)

// Assign puts what has no split into train and, where the data has no split test, moves
// about the share Test of it there; then, where it has no split val, about the share Val. Of
// class folders it moves images of each class; of a list, pairs that share no image with the
// others, or photos of each label image. Splits that the data names stay. Equal data and
// options give equal splits, whatever the order of files or rows.
//
// Where groups are held out of class folders, a class gives two of its groups if it can.
// Both sides of class folders can form same and different pairs: classes that would give
// fewer than two images take turns in giving two, and those of fewer than four stay in
// train. Where all pairs hang together, images are parted and the pairs across are left
// out. Data that is too small for test and validation goes without test, and a note says
// so; without validation it is an *Error. Other errors are *OptionsError.
//
// ByClass holds out whole classes instead, at least two for each split. Splits that the
// data names stay if no class is in two of them.
//
// Folds joins what is neither test nor left out, and parts it anew: whole classes with
// ByClass, else the images of each class, whole groups, the photos of each label image, or
// pairs that share no image. Folds of equal data and seed are equal, whatever Fold is. The
// error, an *Error, says how many folds the data is enough for.
func (d *Dataset) Assign(o SplitOptions) error {
	if !(o.Val >= 0 && o.Val < 1) {
		return &OptionsError{fmt.Sprintf("share for validation must be in [0,1), got %g", o.Val)}
	}
	if !(o.Test >= 0 && o.Test+o.Val < 1) {
		return &OptionsError{fmt.Sprintf("share for test must be in [0,1) and leave some for training "+
			"beside %g for validation, got %g", o.Val, o.Test)}
	}
	if o.Folds == 1 || o.Folds < 0 || o.Fold < 0 || o.Fold > o.Folds {
		return &OptionsError{fmt.Sprintf("folds must be 0 (none) or 2 or more, and fold 0 (none) to as many, got %d and %d", o.Folds, o.Fold)}
	}
	if o.Folds > 0 {
		if err := d.assignFolds(o); err != nil {
			return &Error{"data", d.Name, err}
		}
		return nil
	}
	if o.ByClass {
		if err := d.assignClasses(o); err != nil {
			return &Error{"data", d.Name, err}
		}
		return nil
	}
	d.allTrain()
	if !d.has(Train) {
		return nil
	}
	if err := d.holdOut(o); err != nil {
		return &Error{"data", d.Name, err}
	}
	return nil
}

// allTrain puts into train what has no split.
func (d *Dataset) allTrain() { d.eachSplit(func(s *Split, _ int32) { train(s) }) }

// eachSplit visits the split of each tuple, with its first image, and of each image but label
// images, which have none.
func (d *Dataset) eachSplit(visit func(s *Split, image int32)) {
	for i := range d.Pairs {
		visit(&d.Pairs[i].Split, d.Pairs[i].Left)
	}
	for i := range d.Triplets {
		visit(&d.Triplets[i].Split, d.Triplets[i].Anchor)
	}
	for i := range d.Matches {
		visit(&d.Matches[i].Split, d.Matches[i].Image)
	}
	labels := d.LabelImageSet()
	for i := range d.Images {
		if !labels[int32(i)] {
			visit(&d.Images[i].Split, int32(i))
		}
	}
}

func train(s *Split) {
	if *s == Unsplit {
		*s = Train
	}
}

// holdOut moves shares of train to test and validation.
func (d *Dataset) holdOut(o SplitOptions) error {
	test := o.Test > 0 && !d.has(Test)
	val := o.Val > 0 && !d.has(Val)
	if test {
		before := d.roles()
		err := d.move(cut{to: Test, share: o.Test, seed: o.Seed}, testStream)
		if err == nil && val {
			err = d.move(cut{to: Val, share: o.Val / (1 - o.Test), seed: o.Seed}, valStream)
		}
		if err == nil {
			return nil
		}
		d.restore(before)
		d.note("no test part is kept, the data is too small: %v", err)
	}
	if val {
		return d.move(cut{to: Val, share: o.Val, seed: o.Seed}, valStream)
	}
	return nil
}

// cut says what is moved out of train.
type cut struct {
	to    Split
	share float64 // of train, in (0,1)
	seed  uint64
}

// move makes a cut.
func (d *Dataset) move(c cut, stream uint64) error {
	r, part := rand.New(rand.NewPCG(c.seed, stream)), d.In(Train)
	switch kind := d.Kind(); {
	case kind.Lists():
		return d.holdOutPairs(part, c, r)
	case kind == OfLabelImages:
		return d.holdOutPhotos(part, c, r)
	}
	return d.holdOutImages(part, c, r)
}

// purpose says what a split is held out for.
func (s Split) purpose() string {
	if s == Val {
		return "validation"
	}
	return s.String()
}

// Unsplit forgets the splits that the data names.
func (d *Dataset) Unsplit() {
	for i := range d.Pairs {
		d.Pairs[i].Split = Unsplit
	}
	for i := range d.Triplets {
		d.Triplets[i].Split = Unsplit
	}
	for i := range d.Matches {
		d.Matches[i].Split = Unsplit
	}
	for i := range d.Images {
		d.Images[i].Split = Unsplit
	}
}

// roles are what Assign changes.
type roles struct {
	Dataset
	splits []Split // those of eachSplit
}

// roles returns what Assign changes. Tuples and images are not copied: Assign leaves some out into new slices, and
// changes nothing else of them but their splits.
func (d *Dataset) roles() roles {
	r := roles{splits: make([]Split, 0, len(d.Pairs)+len(d.Triplets)+len(d.Matches)+len(d.Images)), Dataset: Dataset{Images: d.Images, Pairs: d.Pairs, Triplets: d.Triplets, Matches: d.Matches, Notes: slices.Clone(d.Notes)}}
	d.eachSplit(func(s *Split, _ int32) {
		r.splits = append(r.splits, *s)
	})
	return r
}

// restore undoes what was assigned since roles.
func (d *Dataset) restore(r roles) {
	d.Images, d.Pairs, d.Triplets, d.Matches, d.Notes = r.Images, r.Pairs, r.Triplets, r.Matches, r.Notes
	at := 0
	d.eachSplit(func(s *Split, _ int32) {
		*s = r.splits[at]
		at++
	})
}
