package pipeline

import "github.com/tfpair/tfpair/pipeline/dataset"

// Turned returns the part with every image in turns quarter turns: image i of a
// dataset of n images is i + k·n in turn k, and its tuples stay in one turn. A Loader
// takes such numbers apart. One turn is the part itself.
func Turned(p dataset.Part, n, turns int) dataset.Part {
	if turns == 1 {
		return p
	}
	t := dataset.Part{Split: p.Split}
	var pairs []dataset.Pair
	var triplets []dataset.Triplet
	for k := range turns {
		to := int32(k * n)
		for _, i := range p.Images {
			t.Images = append(t.Images, i+to)
		}
		for pair := range p.Pairs.All() {
			pair.Left, pair.Right = pair.Left+to, pair.Right+to
			pairs = append(pairs, pair)
		}
		for triplet := range p.Triplets.All() {
			triplet.Anchor, triplet.Positive = triplet.Anchor+to, triplet.Positive+to
			triplet.Negative += to
			triplets = append(triplets, triplet)
		}
		for _, m := range p.Matches {
			m.Image, m.Label = m.Image+to, m.Label+to
			t.Matches = append(t.Matches, m)
		}
	}
	t.Pairs, t.Triplets = dataset.ListOf(pairs), dataset.ListOf(triplets)
	return t
}

// TurnedLabels returns the classes of the images of Turned: each class is another in
// each turn, c + k·Classes.
func TurnedLabels(l dataset.Labels, turns int) dataset.Labels {
	of := make([]int32, 0, turns*len(l.Of))
	for k := range turns {
		for _, class := range l.Of {
			if class >= 0 {
				class += int32(k * l.Classes)
			}
			of = append(of, class)
		}
	}
	l.Of, l.Classes = of, turns*l.Classes
	return l
}

// unturned takes the number of a turned image apart, see Turned.
func (s *Store) unturned(planned int32) (image int32, turn int) {
	n := int32(len(s.data.Images))
	return planned % n, int(planned / n)
}
