package dataset

import "slices"

// Part is some of the images of a Dataset and the tuples over them.
type Part struct {
	Split    Split           // Unsplit stands for all of the data
	Images   []int32         // indices of Dataset.Images, ascending; of a list, those in Pairs, or the photos of Matches
	Pairs    Listed[Pair]    // none where the format has none
	Triplets Listed[Triplet] // none where the format has none
	Matches  []Match         // in the order of the list; nil where the format has none
}

// All returns all images and tuples.
func (d *Dataset) All() Part { return d.In(Unsplit) }

// In returns the images and tuples of a split, or everything for Unsplit. Which images of
// a list are in a split its pairs say. Matches may be those of d itself: who changes them
// makes a copy first.
func (d *Dataset) In(split Split) Part {
	p := Part{Split: split}
	switch kind := d.Kind(); {
	case kind.Lists():
		p.Pairs, p.Triplets = ListOf(d.Pairs), ListOf(d.Triplets)
		if split != Unsplit {
			p.Pairs = p.Pairs.only(func(p Pair) bool { return p.Split == split })
			p.Triplets = p.Triplets.only(func(t Triplet) bool { return t.Split == split })
		}
		p.Images = imagesOf(p.Pairs)
		return p
	case kind == OfLabelImages:
		p.Matches = d.matchesIn(split)
		p.Images = photosOf(p.Matches)
		return p
	}
	for i := range d.Images {
		if split == Unsplit || d.Images[i].Split == split {
			p.Images = append(p.Images, int32(i))
		}
	}
	return p
}

// matchesIn returns the matches of a split, or all for Unsplit.
func (d *Dataset) matchesIn(split Split) (matches []Match) {
	if split == Unsplit {
		return d.Matches
	}
	for _, m := range d.Matches {
		if m.Split == split {
			matches = append(matches, m)
		}
	}
	return matches
}

// has reports whether In of a split has images.
func (d *Dataset) has(split Split) bool {
	switch kind := d.Kind(); {
	case kind.Lists():
		return slices.ContainsFunc(d.Pairs, func(p Pair) bool { return p.Split == split })
	case kind == OfLabelImages:
		return slices.ContainsFunc(d.Matches, func(m Match) bool { return m.Split == split })
	}
	return slices.ContainsFunc(d.Images, func(i Image) bool { return i.Split == split })
}

// Without returns the part without the images that skip holds, and without the
// tuples on them.
func (p Part) Without(skip map[int32]bool) Part {
	switch p.Kind() {
	case OfLabelImages:
		p.Matches = slices.DeleteFunc(slices.Clone(p.Matches), func(m Match) bool {
			return skip[m.Image] || skip[m.Label]
		})
		p.Images = photosOf(p.Matches)
		return p
	case OfClasses:
		p.Images = slices.DeleteFunc(slices.Clone(p.Images), func(i int32) bool { return skip[i] })
		return p
	}
	p.Pairs = p.Pairs.only(func(pair Pair) bool { return !skip[pair.Left] && !skip[pair.Right] })
	p.Triplets = p.Triplets.only(func(t Triplet) bool { return !skip[t.Anchor] && !skip[t.Positive] && !skip[t.Negative] })
	p.Images = imagesOf(p.Pairs)
	return p
}

// Without returns a copy of the data without the given images, and the tuples and
// episodes with them. Images of the copy are numbered anew; its classes are those of d.
func (d *Dataset) Without(bad []int32) *Dataset {
	skip := make([]bool, len(d.Images))
	for _, i := range bad {
		skip[i] = true
	}
	c := *d
	c.Images, c.Pairs, c.Triplets, c.Matches, c.Episodes = nil, nil, nil, nil, nil
	c.Notes, c.GroupOf, c.Times = slices.Clone(d.Notes), nil, nil
	number := make([]int32, len(d.Images))
	for i, image := range d.Images {
		number[i] = int32(len(c.Images))
		if !skip[i] {
			c.Images = append(c.Images, image)
			if d.GroupOf != nil {
				c.GroupOf = append(c.GroupOf, d.GroupOf[i])
			}
			if d.Times != nil {
				c.Times = append(c.Times, d.Times[i])
			}
		}
	}
	for _, p := range d.Pairs {
		if !skip[p.Left] && !skip[p.Right] {
			p.Left, p.Right = number[p.Left], number[p.Right]
			c.Pairs = append(c.Pairs, p)
		}
	}
	for _, t := range d.Triplets {
		if !skip[t.Anchor] && !skip[t.Positive] && !skip[t.Negative] {
			t.Anchor, t.Positive, t.Negative = number[t.Anchor], number[t.Positive], number[t.Negative]
			c.Triplets = append(c.Triplets, t)
		}
	}
	for _, m := range d.Matches {
		if !skip[m.Image] && !skip[m.Label] {
			m.Image, m.Label = number[m.Image], number[m.Label]
			c.Matches = append(c.Matches, m)
		}
	}
	for _, e := range d.Episodes {
		if e, whole := e.renumbered(number, skip); whole {
			c.Episodes = append(c.Episodes, e)
		}
	}
	return &c
}

// LabelImages returns the distinct label images of the part, ascending, which is the
// order of their paths; nil where the format has none.
func (p Part) LabelImages() []int32 {
	var labels []int32
	for _, m := range p.Matches {
		labels = append(labels, m.Label)
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// photosOf returns the photos of matches, ascending.
func photosOf(matches []Match) []int32 {
	photos := make([]int32, len(matches))
	for i, m := range matches {
		photos[i] = m.Image
	}
	slices.Sort(photos)
	return photos
}

// imagesOf returns the distinct images in pairs, ascending.
func imagesOf(pairs Listed[Pair]) []int32 {
	if pairs.Len() == 0 {
		return []int32{}
	}
	most := int32(0)
	for pair := range pairs.All() {
		most = max(most, pair.Left, pair.Right)
	}
	in := make([]bool, most+1)
	n := 0
	for pair := range pairs.All() {
		for _, image := range []int32{pair.Left, pair.Right} {
			if !in[image] {
				in[image] = true
				n++
			}
		}
	}
	images := make([]int32, 0, n)
	for i := range in {
		if in[i] {
			images = append(images, int32(i))
		}
	}
	return images
}
