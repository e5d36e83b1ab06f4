package sampler

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMinedBatches: of each group the anchor and its mates are there, and a negative that was named, with mates of
// its own; no batch holds an image twice.
func TestMinedBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSource(t)
		k := rapid.IntRange(2, 4).Draw(t, "k")
		s.BatchSize, s.Tuples = 2*k*rapid.IntRange(1, 3).Draw(t, "groups"), Pairs
		s.Hardest = make([][]int32, len(s.Labels))
		for _, i := range s.Part.Images {
			for _, j := range s.Part.Images {
				if s.Labels[i] != s.Labels[j] && len(s.Hardest[i]) < 2 {
					s.Hardest[i] = append(s.Hardest[i], j)
				}
			}
		}
		d, err := minedOptions{ImagesPerClass: k, Every: 1, Among: 2}.sampler(s)
		if err != nil {
			t.Fatal(err)
		}
		step := rapid.IntRange(0, 100).Draw(t, "step")
		p := d.Plan(step)
		checkPlan(t, s, p)
		b := d.(*besideHardest)
		sizes := map[int32]int{}
		for _, images := range b.classes {
			sizes[s.Labels[images[0]]] = len(images)
		}
		groups, anchors := s.BatchSize/(2*k), b.orders.at(step/d.StepsPerEpoch())
		most := 0
		for i := range groups {
			anchor := b.classes.image(anchors[(step%d.StepsPerEpoch()*groups+i)%len(anchors)])
			negative := slices.ContainsFunc(s.Hardest[anchor], func(n int32) bool {
				return slices.Contains(p.Images, n) && shown(p, s, s.Labels[n]) >= min(k, sizes[s.Labels[n]])
			})
			if !slices.Contains(p.Images, anchor) || shown(p, s, s.Labels[anchor]) < min(k, sizes[s.Labels[anchor]]) || !negative {
				t.Fatalf("batch %v of labels %v: anchor %d, negatives %v", p.Images, s.Labels, anchor, s.Hardest[anchor])
			}
			most += 2 * k
		}
		if len(p.Images) > most {
			t.Fatalf("%d images, at most %d fit", len(p.Images), most)
		}
	})
}

// shown counts the images of a class in p.
func shown(p Plan, s Source, class int32) (n int) {
	for _, i := range p.Images {
		if s.Labels[i] == class {
			n++
		}
	}
	return n
}

// TestMinedRefuses: what does not fit, and what does.
func TestMinedRefuses(t *testing.T) {
	for options, ok := range map[string]bool{"": true, "images_per_class: 1": false, "every: 0": false, "among: 0": false,
		"every: 1, among: 1, images_per_class: 2": true} {
		if _, err := newSampler("mined: {"+options+"}", classSource(8, 0, 9, 9)); (err == nil) != ok {
			t.Errorf("{%s}: %v", options, err)
		}
	}
	for size, want := range map[int]string{
		12: "batch_size must be a multiple of twice images_per_class (8), got 12: set train.batch_size to 8",
		30: "batch_size must be a multiple of twice images_per_class (8), got 30: set train.batch_size to 24",
		0:  "batch_size must be a multiple of twice images_per_class (8), got 0: set train.batch_size to 8",
	} {
		if _, err := newSampler("mined", classSource(size, 0, 9, 9)); err == nil || err.Error() != want {
			t.Errorf("batch of %d: %v, want %s", size, err, want)
		}
	}
}
