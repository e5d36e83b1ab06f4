package dataset

import "testing"

// TestKind: a data set and its parts say what they hold; a list of triplets lists pairs, too.
func TestKind(t *testing.T) {
	for _, c := range []struct {
		data  Dataset
		want  Kind
		lists bool
	}{
		{Dataset{Images: make([]Image, 2)}, OfClasses, false},
		{Dataset{Images: make([]Image, 2), Pairs: []Pair{{Left: 0, Right: 1}}}, OfPairs, true},
		{Dataset{Images: make([]Image, 3), Pairs: []Pair{{Left: 0, Right: 1}, {Left: 0, Right: 2}},
			Triplets: []Triplet{{Anchor: 0, Positive: 1, Negative: 2}}}, OfTriplets, true},
		{Dataset{Images: make([]Image, 2), Matches: []Match{{Image: 0, Label: 1}}}, OfLabelImages, false},
		{Dataset{Images: make([]Image, 2), Episodes: make([]Episode, 1)}, OfEpisodes, false},
	} {
		if got := c.data.Kind(); got != c.want || got.Lists() != c.lists {
			t.Errorf("kind %d, lists %v; want %d, %v", got, got.Lists(), c.want, c.lists)
		}
		if got := c.data.All().Kind(); got != c.want && c.want != OfEpisodes {
			t.Errorf("kind of the whole as a part %d, want %d", got, c.want)
		}
	}
}
