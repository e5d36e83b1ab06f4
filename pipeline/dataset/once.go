package dataset

// Once returns the part as evidence: each content once, under whatever paths, and how many of
// its images, photos or pairs that leaves out. first leads from an image to the first one that
// is the same file; images that it lacks are their own first.
//
// An image of a class is left out where it is not the first. So is a photo whose file and label
// image are those of an earlier photo. Pairs are those of the firsts: a pair that says of two
// files what an earlier one says is left out, and so is a pair of one file with itself. Rows
// that repeat a pair, path by path, are left out and not counted: the list says so itself.
// Triplets stay as they are: they are measured by their pairs.
func (p Part) Once(first map[int32]int32) (once Part, again int) {
	file := func(i int32) int32 {
		if f, ok := first[i]; ok {
			return f
		}
		return i
	}
	switch kind := p.Kind(); {
	case kind.Lists():
		return p.pairsOnce(file)
	case kind == OfLabelImages:
		known, skip := map[[2]int32]bool{}, map[int32]bool{}
		for _, m := range p.Matches {
			key := [2]int32{file(m.Image), file(m.Label)}
			skip[m.Image], known[key] = known[key], true
		}
		once = p.Without(skip)
		return once, len(p.Matches) - len(once.Matches)
	}
	skip := map[int32]bool{}
	for _, i := range p.Images {
		skip[i] = file(i) != i
	}
	once = p.Without(skip)
	return once, len(p.Images) - len(once.Images)
}

// pairsOnce is Once of listed pairs.
func (p Part) pairsOnce(file func(int32) int32) (once Part, again int) {
	once = p
	var pairs []Pair
	type said struct {
		left, right int32 // the lower number first
		same        bool
	}
	of := func(left, right int32, same bool) said { return said{min(left, right), max(left, right), same} }
	paths, files := map[said]bool{}, map[said]bool{}
	for pair := range p.Pairs.All() {
		path := of(pair.Left, pair.Right, pair.Same)
		if paths[path] {
			continue
		}
		paths[path] = true
		pair.Left, pair.Right = file(pair.Left), file(pair.Right)
		key := of(pair.Left, pair.Right, pair.Same)
		if files[key] || pair.Left == pair.Right {
			again++
			continue
		}
		files[key] = true
		pairs = append(pairs, pair)
	}
	once.Pairs = ListOf(pairs)
	once.Images = imagesOf(once.Pairs)
	return once, again
}
