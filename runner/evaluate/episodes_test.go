package evaluate

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

func TestFewShot(t *testing.T) {
	data, store := greys(t, map[string]uint8{
		"a/1": 10, "a/2": 30, "a/3": 24, "b/1": 50, "b/2": 90, "b/3": 41, "c/1": 200,
	})
	at := func(path string) int32 {
		return int32(slices.IndexFunc(data.Images, func(i dataset.Image) bool { return i.Path == path+".png" }))
	}
	c := FewShotConfig{Model: grey{}, Store: store, Data: data, Split: dataset.Test, Episodes: Episodes{Source: "listed",
		List: []dataset.Episode{
			// One shot: 24 is nearer to 10 than to 50; 41 is nearer to 50.
			{Support: []int32{at("a/1"), at("b/1")}, Class: []int32{0, 1},
				Query: []int32{at("a/3"), at("b/3")}, Answer: []int32{0, 1}},
			// Two shots: the prototypes are 20 and 70; 41 is nearer to 20.
			{Support: []int32{at("a/1"), at("b/1"), at("a/2"), at("b/2")}, Class: []int32{0, 1, 0, 1},
				Query: []int32{at("b/3"), at("c/1")}, Answer: []int32{1, 1}},
		}}}
	r, err := FewShot(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Error.Value != 0.25 || r.Wrong != 1 || r.Queries != 4 || r.Way != 2 || r.Shot != 2 || r.Images != 7 {
		t.Errorf("FewShot = %+v; want 1 of 4 wrong, 2-way, 2-shot, 7 images", r)
	}
	// Two episodes, 0 and 0.5 wrong: the deviation of the mean is 0.25, Student's t of one
	// degree of freedom 12.7, so that next to nothing is known.
	if i := r.Error.Interval; i.Method != metric.ByEpisodes || i.Units != 2 || i.Low > 0.01 || i.High < 0.5 {
		t.Errorf("interval %+v; want nearly all of 0 to 1 from 2 episodes", i)
	}
	c.Episodes.List = nil
	var empty *metric.EmptyError
	if _, err := FewShot(context.Background(), c); !errors.As(err, &empty) {
		t.Errorf("no episodes: %v, want *metric.EmptyError", err)
	}
}

func TestNearestIsFirst(t *testing.T) {
	if got := nearest([]float32{3, 1, 2, 1}); got != 1 {
		t.Errorf("nearest of 3 1 2 1 = %d, want 1, the first of the smallest", got)
	}
}

func TestDrawEpisodes(t *testing.T) {
	sizes := map[string]int{"a": 5, "b": 3, "c": 4, "d": 2, "e": 3}
	pictures := map[string]uint8{}
	for class, n := range sizes {
		for i := range n {
			pictures[class+"/"+string(rune('0'+i))] = 1
		}
	}
	data, _ := greys(t, pictures)
	part := data.All()
	draw := Draw{Way: 3, Shot: 2, Episodes: 50, Seed: 4}
	got, err := DrawEpisodes(data, part, draw)
	if err != nil || len(got.List) != 50 {
		t.Fatalf("%d episodes, %v, want 50", len(got.List), err)
	}
	classes := map[int32]bool{}
	for _, e := range got.List {
		if len(e.Support) != 6 || len(e.Query) != 3 || len(e.Class) != 6 || len(e.Answer) != 3 {
			t.Fatalf("episode %+v, want 6 support images and 3 queries", e)
		}
		class := map[int32]int32{} // of the data, by class of the episode
		for i, image := range e.Support {
			class[e.Class[i]] = data.Images[image].Class
			classes[data.Images[image].Class] = true
		}
		for i, image := range e.Query {
			if class[e.Answer[i]] != data.Images[image].Class || slices.Contains(e.Support, image) {
				t.Errorf("query %d of %+v is in the support, or its class is not the answer's", i, e)
			}
		}
		for i, image := range e.Support {
			if class[e.Class[i]] != data.Images[image].Class {
				t.Errorf("support %d of %+v is of another class", i, e)
			}
		}
		if all := append(slices.Clone(e.Support), e.Query...); len(all) != distinct(all) || len(class) != 3 {
			t.Errorf("episode %+v repeats an image or a class", e)
		}
	}
	if len(classes) != 4 || classes[3] { // d has two images, none would be left to ask
		t.Errorf("classes %v are drawn, want all but d", classes)
	}
	again, _ := DrawEpisodes(data, part, draw)
	if !slices.EqualFunc(got.List, again.List, func(a, b dataset.Episode) bool {
		return slices.Equal(a.Support, b.Support) && slices.Equal(a.Query, b.Query)
	}) {
		t.Error("equal seeds draw other episodes")
	}
	var none *NoEpisodesError
	draw.Way = 5
	if _, err := DrawEpisodes(data, part, draw); !errors.As(err, &none) || none.Classes != 4 {
		t.Errorf("5-way of 4 classes: %v, want *NoEpisodesError", err)
	}
}

func distinct(images []int32) int {
	slices.Sort(images)
	return len(slices.Compact(images))
}
