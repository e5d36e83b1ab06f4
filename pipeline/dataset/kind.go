package dataset

// Kind says what a data set holds of its images: what can be learned from it and measured
// on it. Each list format and class folders give one kind.
type Kind int

// The kinds.
const (
	OfClasses     Kind = iota // images, with a class or without
	OfPairs                   // listed pairs of images
	OfTriplets                // listed triplets, and the pairs in them
	OfLabelImages             // photos, each with the label image that stands for it
	OfEpisodes                // images with classes, and listed tasks of few-shot learning
)

// Kind returns the kind of d.
func (d *Dataset) Kind() Kind {
	if len(d.Episodes) > 0 {
		return OfEpisodes
	}
	return Part{Pairs: ListOf(d.Pairs), Triplets: ListOf(d.Triplets), Matches: d.Matches}.Kind()
}

// Kind returns the kind of p, which holds no episodes. A part that has lost all its tuples is
// OfClasses.
func (p Part) Kind() Kind {
	switch {
	case len(p.Matches) > 0:
		return OfLabelImages
	case p.Triplets.Len() > 0:
		return OfTriplets
	case p.Pairs.Len() > 0:
		return OfPairs
	}
	return OfClasses
}

// Lists reports whether pairs are listed, those of triplets among them, and classes are not
// known but from them.
func (k Kind) Lists() bool { return k == OfPairs || k == OfTriplets }
