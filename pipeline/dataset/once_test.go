package dataset

import (
	"slices"
	"testing"
)

// TestOnce: 0 and 1 are one file, and so are 4 and 5; each content counts once.
func TestOnce(t *testing.T) {
	first := map[int32]int32{0: 0, 1: 0, 4: 4, 5: 4}
	for _, test := range []struct {
		name   string
		part   Part
		images []int32
		pairs  []Pair
		again  int
	}{
		{"images", Part{Images: []int32{0, 1, 2, 5}}, []int32{0, 2}, nil, 2}, // 5 is no first, though 4 is elsewhere
		{"pairs", Part{Images: []int32{0, 1, 2, 3, 4, 5}, Pairs: ListOf([]Pair{
			{Left: 1, Right: 2, Same: true},
			{Left: 2, Right: 0, Same: true},  // the same files, swapped
			{Left: 2, Right: 1, Same: true},  // the list repeats its first pair, and says so
			{Left: 0, Right: 2},              // contradicts: another statement
			{Left: 4, Right: 5, Same: true},  // one file
			{Left: 5, Right: 1, Same: false}, // the first of these two files
			{Left: 4, Right: 3, Same: false},
		})}, []int32{0, 2, 3, 4}, []Pair{{Left: 0, Right: 2, Same: true}, {Left: 0, Right: 2},
			{Left: 4, Right: 0}, {Left: 4, Right: 3}}, 2},
		{"photos", Part{Images: []int32{0, 1, 2}, Matches: []Match{
			{Image: 0, Label: 4}, {Image: 1, Label: 5}, {Image: 2, Label: 5}}}, []int32{0, 2}, nil, 1},
		{"photos of other label images", Part{Images: []int32{0, 1}, Matches: []Match{
			{Image: 0, Label: 4}, {Image: 1, Label: 3}}}, []int32{0, 1}, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			once, again := test.part.Once(first)
			if again != test.again || !slices.Equal(once.Images, test.images) || !slices.Equal(slices.Collect(once.Pairs.All()), test.pairs) {
				t.Errorf("Once = images %v, pairs %v, %d again; want %v, %v, %d", once.Images, slices.Collect(once.Pairs.All()), again,
					test.images, test.pairs, test.again)
			}
		})
	}
}
