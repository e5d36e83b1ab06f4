package index

import (
	"context"
	"math"
	"slices"
)

// SuggestAsked is how many images Suggest asks, at most.
const SuggestAsked = 300

// suggestShare is the share of them that its threshold accepts.
const suggestShare = 0.95

// Suggest returns a threshold to begin with where none could be chosen. Each image searches among the others; of those whose nearest is
// of their class, 95 % are within the threshold. It promises nothing about strangers, and is strict where the network has
// learned the classes, because it has drawn their images together. It is false where no image finds its class: none is known, or each
// has one image.
func (x *Index) Suggest(ctx context.Context) (threshold float64, ok bool, err error) {
	var asked []Answer
	var queries []float32
	step := max(1, float64(x.Len())/SuggestAsked)
	for at := 0.0; int(at) < x.Len(); at += step {
		if row := int(at); x.Item(row).Class != "" {
			asked, queries = append(asked, Answer{Item: x.Item(row), Row: row}), append(queries, x.Vector(row)...)
		}
	}
	found, err := x.Answers(ctx, queries, 2)
	if err != nil {
		return 0, false, err
	}
	threshold, ok = SuggestBy(asked, found)
	return threshold, ok, nil
}

// Suggested is x.Suggest; nil: it has nothing to say, or failed.
func Suggested(ctx context.Context, x Searched) *float64 {
	threshold, ok, err := x.Suggest(ctx)
	if err != nil || !ok {
		return nil
	}
	return &threshold
}

// SuggestBy is Suggest where the entries lie elsewhere: asked are some of a class, and found has what is nearest to each of
// them, two entries at least.
func SuggestBy(asked []Answer, found [][]Answer) (threshold float64, ok bool) {
	var right []float32
	for i, list := range found {
		if n := slices.IndexFunc(list, func(a Answer) bool { return a.Row != asked[i].Row }); n >= 0 && list[n].Class == asked[i].Class {
			right = append(right, list[n].Distance)
		}
	}
	if len(right) == 0 {
		return 0, false
	}
	slices.Sort(right)
	return float64(right[int(math.Ceil(suggestShare*float64(len(right))))-1]), true
}
