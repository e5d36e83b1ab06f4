package dataset

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// leastClasses is how many classes of two images or more a split needs, so that it
// has pairs of both kinds and a query can err.
const leastClasses = 2

// enoughClasses is how many classes validation has, where that leaves training three times as
// many: thresholds of searches come from them, and fewer say little of other classes.
const enoughClasses = 5

// assignClasses puts each class, whole, into one split. Where the data names splits and no
// class is in two of them, they stay, and those that lack take classes of train. Otherwise
// all images are dealt anew.
func (d *Dataset) assignClasses(o SplitOptions) error {
	if d.Kind().Lists() {
		return errors.New("pairs are listed without classes; unseen classes need class folders")
	}
	split, sizes, disjoint := d.classSplits()
	if disjoint && slices.Contains(split, Val) && (o.Test == 0 || slices.Contains(split, Test)) {
		return nil
	}
	named := d.Splits()
	if !disjoint && o.Test == 0 && slices.Contains(named, Test) {
		return errors.New("its split test shares classes with others, and no classes are kept for test: " +
			"train.test must be above 0, or test hold other classes")
	}
	if !disjoint {
		clear(split)
	}
	joined := d.joinClasses()
	dealt := sizesOf(joined, sizes)
	r := rand.New(rand.NewPCG(o.Seed, classStream))
	if o.Test > 0 && !slices.Contains(split, Test) {
		deal(split, dealt, r, Test, func(n int) int { return int(o.Test * float64(n)) })
	}
	if !slices.Contains(split, Val) {
		deal(split, dealt, r, Val, func(n int) int { return int(math.Round(o.Val * float64(n))) })
	}
	for c := range split {
		split[c] = split[joined.Root(int32(c))]
		train(&split[c])
	}
	if err := checkDealt(split, sizes, o.Test > 0); err != nil {
		err.WithoutTest = o.Test > 0 && !slices.Contains(named, Test) && usable(dealt) >= 2*leastClasses
		return err
	}
	labels := d.LabelImageSet()
	for i := range d.Images {
		if c := d.Images[i].Class; c >= 0 && !labels[int32(i)] {
			d.Images[i].Split = split[c]
		}
	}
	for i := range d.Matches {
		m := &d.Matches[i]
		m.Split = d.Images[m.Image].Split
	}
	d.noteDealt(split, o.Seed, len(named) > 1 && !disjoint)
	return nil
}

// joinClasses joins the classes that have images of one group.
func (d *Dataset) joinClasses() forest.Forest {
	joined := forest.New(len(d.Classes))
	first := map[int32]int32{}
	for i, g := range d.GroupOf {
		c := d.Images[i].Class
		if g < 0 || c < 0 {
			continue
		}
		if before, ok := first[g]; ok {
			joined.Join(before, c)
		}
		first[g] = c
	}
	return joined
}

// sizesOf returns the sizes of joined classes, at the lowest of each set.
func sizesOf(joined forest.Forest, sizes []int) []int {
	sum := make([]int, len(sizes))
	for c, n := range sizes {
		sum[joined.Root(int32(c))] += n
	}
	return sum
}

// classSplits returns the split and the size of each class, and whether the data names at
// least two splits and no class is in two.
func (d *Dataset) classSplits() (split []Split, sizes []int, disjoint bool) {
	sizes, split = make([]int, len(d.Classes)), make([]Split, len(d.Classes))
	disjoint = len(d.Splits()) > 1
	labels := d.LabelImageSet()
	for i, image := range d.Images {
		c := image.Class
		if c < 0 || labels[int32(i)] {
			continue
		}
		if sizes[c] > 0 && split[c] != image.Split {
			disjoint = false
		}
		split[c] = image.Split
		sizes[c]++
	}
	return split, sizes, disjoint
}

// deal moves classes that are in train, or in no split yet, to another split: share of
// those of two images or more, but at least leastClasses, of validation enoughClasses where it
// can be, and share of the others.
func deal(split []Split, sizes []int, r *rand.Rand, to Split, share func(n int) int) {
	var many, single []int
	for _, c := range r.Perm(len(split)) {
		switch {
		case split[c] != Unsplit && split[c] != Train:
		case sizes[c] >= 2:
			many = append(many, c)
		case sizes[c] == 1:
			single = append(single, c)
		}
	}
	least := leastClasses
	if to == Val {
		least = max(least, min(enoughClasses, len(many)/4))
	}
	rest := leastClasses // that must stay: for train, and for validation behind test
	if to == Test && !slices.Contains(split, Val) {
		rest += leastClasses
	}
	n := min(max(share(len(many)), least), max(len(many)-rest, 0))
	for _, c := range slices.Concat(many[:n], single[:share(len(single))]) {
		split[c] = to
	}
}

// FewClassesError says that there are too few classes to keep whole ones for validation and test.
type FewClassesError struct {
	What        string
	WithoutTest bool // there are enough if none are kept for test
}

func (e *FewClassesError) Error() string { return e.What }

// usable counts the sizes of two images or more.
func usable(sizes []int) int {
	n := 0
	for _, size := range sizes {
		if size >= 2 {
			n++
		}
	}
	return n
}

// checkDealt refuses a split of too few classes.
func checkDealt(split []Split, sizes []int, test bool) *FewClassesError {
	splits := []Split{Train, Val}
	if test {
		splits = append(splits, Test)
	}
	for _, s := range splits {
		n := 0
		for c := range split {
			if split[c] == s && sizes[c] >= 2 {
				n++
			}
		}
		if n < leastClasses {
			return &FewClassesError{What: fmt.Sprintf("%s cannot be split by class: %s need at least %d "+
				"classes of two images or more each, %s has %d; %d such classes are enough", plural(len(split), "class"),
				and(splits), leastClasses, s, n, leastClasses*len(splits))}
		}
	}
	return nil
}

// and returns "train and val", or "train, val and test".
func and(splits []Split) string {
	text := splits[0].String()
	for i, s := range splits[1:] {
		if i == len(splits)-2 {
			text += " and " + s.String()
		} else {
			text += ", " + s.String()
		}
	}
	return text
}

func (d *Dataset) noteDealt(split []Split, seed uint64, anew bool) {
	count := map[Split]int{}
	for _, s := range split {
		count[s]++
	}
	suffix := ""
	if anew {
		suffix = "; the splits of the data share classes and are set aside"
	}
	if count[Val] < enoughClasses {
		suffix += fmt.Sprintf("; a threshold of searches needs %d for validation: a larger train.val keeps more", enoughClasses)
	}
	d.note("split by class, seed %d: %s trained on, %d for validation, %d unseen for test%s", seed,
		plural(count[Train], "class"), count[Val], count[Test], suffix)
}

// Unseen returns, as split Test, the images whose class is not among the names seen,
// whatever their split. The error is an *Error where there is none.
func (d *Dataset) Unseen(seen []string) (Part, error) {
	p := Part{Split: Test}
	labels := d.LabelImageSet()
	for i, image := range d.Images {
		if image.Class >= 0 && !labels[int32(i)] && !slices.Contains(seen, d.Classes[image.Class]) {
			p.Images = append(p.Images, int32(i))
		}
	}
	for _, m := range d.Matches {
		if !slices.Contains(seen, d.Classes[d.Images[m.Image].Class]) {
			p.Matches = append(p.Matches, m)
		}
	}
	if len(d.Classes) == 0 {
		return Part{}, &Error{"data", d.Name, errors.New("it has no classes, so none is unseen")}
	}
	if len(p.Images) == 0 {
		return Part{}, &Error{"data", d.Name, fmt.Errorf("training has seen all of its %s",
			plural(len(d.Classes), "class"))}
	}
	return p, nil
}

// Seen returns the names of the classes with an image in train or val, sorted.
func (d *Dataset) Seen() []string { return d.ClassesOf(Train, Val) }

// ClassesOf returns the names of the classes with an image in any of the splits, sorted.
func (d *Dataset) ClassesOf(splits ...Split) []string {
	seen := make([]bool, len(d.Classes))
	for _, image := range d.Images {
		if image.Class >= 0 && slices.Contains(splits, image.Split) {
			seen[image.Class] = true
		}
	}
	var names []string
	for c, yes := range seen {
		if yes {
			names = append(names, d.Classes[c])
		}
	}
	return names
}
