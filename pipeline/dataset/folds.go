package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

const (
	foldStream = 0x666f6c64 // "fold": the random numbers that part folds
	// leastHeld is how many images of a class a fold holds, if any: two, so that it has same pairs.
	leastHeld = 2
	// leastParted is how many images a class needs to be parted over folds: two on either side.
	leastParted = 4
)

// assignFolds joins validation with train and parts both in o.Folds folds, of which o.Fold is
// then validation; 0 leaves all in train. Test is what it is without folds.
func (d *Dataset) assignFolds(o SplitOptions) error {
	if err := d.beforeFolds(o); err != nil {
		return err
	}
	f, err := d.dealt(o.ByClass, o.Folds, o.Seed)
	if err != nil {
		for n := o.Folds - 1; n > 1; n-- {
			if _, enough := d.dealt(o.ByClass, n, o.Seed); enough == nil {
				return fmt.Errorf("%w; the data is enough for %d folds", err, n)
			}
		}
		return fmt.Errorf("%w; the data is not enough for 2 either", err)
	}
	of := plural(slices.Max(f.sizes), f.noun)
	if low := slices.Min(f.sizes); low < slices.Max(f.sizes) {
		of = fmt.Sprintf("%d to %s", low, of)
	}
	d.note("training and validation are parted in %d folds of %s each, seed %d", o.Folds, of, o.Seed)
	d.hold(f, o.Fold)
	return nil
}

// beforeFolds cuts off test, and puts all else into train.
func (d *Dataset) beforeFolds(o SplitOptions) error {
	notes := slices.Clone(d.Notes)
	if o.ByClass {
		if err := d.assignClasses(o); err != nil {
			return err
		}
		d.Notes = notes // they say what is held out for validation
		if test := d.ClassesOf(Test); len(test) > 0 {
			d.note("%s kept for test", plural(len(test), "class"))
		}
	} else {
		d.allTrain()
		o.Val = 0
		if err := d.holdOut(o); err != nil {
			return err
		}
	}
	d.eachSplit(func(s *Split, _ int32) {
		if *s == Val {
			*s = Train
		}
	})
	return nil
}

// hold puts the fold number k of train into validation; 0 is none. Where images were parted,
// the pairs with images on both sides are left out.
func (d *Dataset) hold(f *folding, k int) {
	if !f.parted {
		d.eachSplit(func(s *Split, i int32) {
			if *s == Train && f.of(i) == k {
				*s = Val
			}
		})
		return
	}
	held, before := map[int32]bool{}, len(d.Pairs)
	for i := range f.unit {
		held[i] = f.of(i) == k
	}
	d.divide(held, Val)
	if left := before - len(d.Pairs); left > 0 {
		d.note("fold %d: %s left out, of one image that is held out and one that is not", k, plural(left, "pair"))
	}
}

// folding is sets of training images that are held out whole, and what they hold of which each
// fold is to have its share. Images of no unit stay in train.
type folding struct {
	noun   string          // of what is counted: "image"
	parted bool            // images of pairs that all hang together were parted
	unit   map[int32]int   // of an image
	holds  []map[int32]int // [unit] by key
	fold   []int           // [unit] from 1
	sizes  []int           // [folds]
}

// of returns the fold of an image, from 1; -1 where it has none.
func (f *folding) of(i int32) int {
	if at, ok := f.unit[i]; ok {
		return f.fold[at]
	}
	return -1
}

// add makes a unit of images, each of which holds one of its key.
func (f *folding) add(images []int32, key func(i int32) int32) {
	holds := map[int32]int{}
	for _, i := range images {
		f.unit[i] = len(f.holds)
		holds[key(i)]++
	}
	f.holds = append(f.holds, holds)
}

// dealt parts the training part of d over n folds. Where pairs hang together too much for that,
// images are parted.
func (d *Dataset) dealt(byClass bool, n int, seed uint64) (*folding, error) {
	f := d.folding(byClass, n, seed)
	err := f.deal(d, seed)
	if err == nil || !d.Kind().Lists() {
		return f, err
	}
	parted := d.partFolds(n, rand.New(rand.NewPCG(seed, foldStream)))
	if parted == nil || parted.check(d) != nil {
		return f, err
	}
	return parted, nil
}

// folding returns what is dealt of the training part of d over n folds.
func (d *Dataset) folding(byClass bool, n int, seed uint64) *folding {
	f, part := &folding{noun: "image", unit: map[int32]int{}, sizes: make([]int, n)}, d.In(Train)
	switch kind := d.Kind(); {
	case kind.Lists():
		f.byComponent(d, part)
	case byClass:
		f.byClass(d, part)
	case d.GroupOf != nil:
		key := d.foldKey(part)
		for _, images := range d.newUnits(part.Images, key).images {
			f.add(images, key)
		}
	default:
		f.byImage(d, part, rand.New(rand.NewPCG(seed, foldStream)))
	}
	return f
}

// foldKey returns of what each fold is to have its share: classes, or label images.
func (d *Dataset) foldKey(part Part) func(i int32) int32 {
	if part.Kind() != OfLabelImages {
		return func(i int32) int32 { return d.Images[i].Class }
	}
	label := map[int32]int32{}
	for _, m := range part.Matches {
		label[m.Image] = m.Label
	}
	return func(i int32) int32 { return label[i] }
}

// byComponent keeps pairs together that share images, and parts both kinds.
func (f *folding) byComponent(d *Dataset, part Part) {
	of, components := d.components(part.Pairs)
	f.noun, f.holds = "pair", make([]map[int32]int, len(components))
	for n, c := range components {
		f.holds[n] = map[int32]int{0: c.pairs - c.same, 1: c.same}
	}
	for _, i := range part.Images {
		f.unit[i] = of[i]
	}
}

// byClass keeps classes together, and those that share a group. Classes of one image are
// parted apart: a fold needs others.
func (f *folding) byClass(d *Dataset, part Part) {
	f.noun = "class"
	joined, sizes := d.joinClasses(), make([]int, len(d.Classes))
	for _, i := range part.Images {
		if c := d.Images[i].Class; c >= 0 {
			sizes[c]++
		}
	}
	unit := map[int32]int{}
	for c, n := range sizes {
		if n == 0 {
			continue
		}
		root := joined.Root(int32(c))
		if _, ok := unit[root]; !ok {
			unit[root] = len(f.holds)
			f.holds = append(f.holds, map[int32]int{})
		}
		f.holds[unit[root]][int32(min(n, 2))]++
	}
	for _, i := range part.Images {
		if c := d.Images[i].Class; c >= 0 {
			f.unit[i] = unit[joined.Root(c)]
		}
	}
}

// byImage parts the images of each class, or the photos of each label image. Of a class too
// small for two in every fold, images go two by two, and one of fewer than four stays in train;
// so does the only photo of a label image.
func (f *folding) byImage(d *Dataset, part Part, r *rand.Rand) {
	key, of, photos := d.foldKey(part), map[int32][]int32{}, part.Kind() == OfLabelImages
	var keys []int32
	for _, i := range part.Images {
		k := key(i)
		if of[k] == nil {
			keys = append(keys, k)
		}
		of[k] = append(of[k], i)
	}
	for _, k := range keys {
		images := of[k]
		if k < 0 || len(images) < 2 || !photos && len(images) < leastParted {
			continue
		}
		r.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
		each := 1
		if !photos && len(images) < leastHeld*len(f.sizes) {
			each = leastHeld
		}
		for ; len(images) >= 2*each; images = images[each:] {
			f.add(images[:each], key)
		}
		f.add(images, key)
	}
}

// deal parts the units over the folds, large ones first, each to the fold that has least of
// what it holds. The order of equal ones is drawn.
func (f *folding) deal(d *Dataset, seed uint64) error {
	size, total, n := make([]int, len(f.holds)), map[int32]int{}, len(f.sizes)
	for u, holds := range f.holds {
		for key, count := range holds {
			size[u] += count
			total[key] += count
		}
	}
	order := rand.New(rand.NewPCG(seed, foldStream)).Perm(len(f.holds))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	held := make([]map[int32]int, n)
	for k := range held {
		held[k] = map[int32]int{}
	}
	f.fold = make([]int, len(f.holds))
	for _, u := range order {
		best, least := 0, f.shared(u, held[0], total)
		for k := 1; k < n; k++ {
			if has := f.shared(u, held[k], total); has < least || has == least && f.sizes[k] < f.sizes[best] {
				best, least = k, has
			}
		}
		f.fold[u] = best + 1
		f.sizes[best] += size[u]
		for key, count := range f.holds[u] {
			held[best][key] += count
		}
	}
	return f.check(d)
}

// shared is how much of what a unit holds is held already, each key by its share of all. It
// adds in the order of keys: the sum is the same each time.
func (f *folding) shared(unit int, held, total map[int32]int) (sum float64) {
	for _, key := range slices.Sorted(maps.Keys(f.holds[unit])) {
		sum += float64(f.holds[unit][key]*held[key]) / float64(total[key])
	}
	return sum
}

// check says which fold, or what is left to train on beside it, cannot be used.
func (f *folding) check(d *Dataset) error {
	part, n := d.In(Train), len(f.sizes)
	all := 0
	for _, size := range f.sizes {
		all += size
	}
	for k := 1; k <= n; k++ {
		held, rest := map[int32]bool{}, map[int32]bool{}
		for _, i := range part.Images {
			if f.of(i) == k {
				held[i] = true
			} else {
				rest[i] = true
			}
		}
		val, train := part.Without(rest), part.Without(held)
		lacks := ""
		switch {
		case len(val.Images) == 0:
			lacks = "it is empty"
		case f.noun == "class" && d.pairable(val) < leastClasses:
			lacks = fmt.Sprintf("it has %s of two images or more, want %d", plural(d.pairable(val), "class"), leastClasses)
		case !f.parted && (4*f.sizes[k-1] > 3*all || n > 2 && n*f.sizes[k-1] > 2*all):
			lacks = fmt.Sprintf("it has %d of %s, which hang together", f.sizes[k-1], plural(all, f.noun))
		case d.Kind() != OfLabelImages && d.noPairs(val) != "":
			lacks = "in it are " + d.noPairs(val)
		case d.noPairs(train) != "":
			lacks = "beside it are " + d.noPairs(train)
		}
		if lacks != "" {
			return fmt.Errorf("fold %d of %d cannot be used: %s", k, n, lacks)
		}
	}
	return nil
}

// pairable counts the classes of two images or more in a part.
func (d *Dataset) pairable(p Part) (classes int) {
	sizes := map[int32]int{}
	for _, i := range p.Images {
		if c := d.Images[i].Class; c >= 0 {
			if sizes[c]++; sizes[c] == 2 {
				classes++
			}
		}
	}
	return classes
}
