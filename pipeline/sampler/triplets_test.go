package sampler

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// images returns a plan's triplets as images of the dataset: anchor, positive, negative.
func images(p Plan) [][3]int32 {
	var all [][3]int32
	other := func(pair, than int32) int32 {
		if p.Left[pair] == than {
			return p.Images[p.Right[pair]]
		}
		return p.Images[p.Left[pair]]
	}
	for i, a := range p.Anchor {
		all = append(all, [3]int32{p.Images[a], other(p.Positive[i], a), other(p.Negative[i], a)})
	}
	return all
}

// TestDrawnTripletsEpoch: every image that is not alone in its class is the anchor
// of one triplet per epoch; no other is.
func TestDrawnTripletsEpoch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSource(t)
		s.Tuples = Triplets
		d, err := newSampler("triplets", s)
		if err != nil {
			t.Fatal(err)
		}
		sizes, anchors := map[int32]int{}, map[int32]int{}
		for _, image := range s.Part.Images {
			sizes[s.Labels[image]]++
		}
		epoch := rapid.IntRange(0, 5).Draw(t, "epoch")
		for k := range d.StepsPerEpoch() {
			p := d.Plan(epoch*d.StepsPerEpoch() + k)
			checkPlan(t, s, p)
			for _, triplet := range images(p) {
				anchors[triplet[0]]++
				if s.Labels[triplet[0]] != s.Labels[triplet[1]] || triplet[0] == triplet[1] ||
					s.Labels[triplet[0]] == s.Labels[triplet[2]] {
					t.Fatalf("triplet of images %v", triplet)
				}
			}
		}
		for _, image := range s.Part.Images {
			if want := min(sizes[s.Labels[image]]-1, 1); anchors[image] != want {
				t.Fatalf("image %d is anchor %d times, want %d", image, anchors[image], want)
			}
		}
	})
}

// TestListedTriplets: every listed triplet is in one batch of each epoch; where
// pairs are wanted, each gives its two.
func TestListedTriplets(t *testing.T) {
	s := Source{BatchSize: 2, Tuples: Triplets}
	s.Part.Triplets = dataset.ListOf([]dataset.Triplet{
		{Anchor: 0, Positive: 1, Negative: 2}, {Anchor: 1, Positive: 0, Negative: 3},
		{Anchor: 4, Positive: 5, Negative: 0}, {Anchor: 0, Positive: 1, Negative: 3},
		{Anchor: 0, Positive: 1, Negative: 3}, // twice in the list, twice in an epoch
	})
	l := mustSampler(t, "triplets", s)
	if got := l.StepsPerEpoch(); got != 3 {
		t.Fatalf("StepsPerEpoch = %d, want 3", got)
	}
	want := map[[3]int32]int{}
	for triplet := range s.Part.Triplets.All() {
		want[[3]int32{triplet.Anchor, triplet.Positive, triplet.Negative}]++
	}
	for k := range 3 {
		for _, triplet := range images(l.Plan(3 + k)) {
			want[triplet]--
		}
	}
	for triplet, n := range want {
		if n != 0 {
			t.Errorf("triplet %v is listed %d times more often than it was seen", triplet, n)
		}
	}
	s.Tuples = Pairs
	p := mustSampler(t, "triplets", s).Plan(0)
	if len(p.Same) != 4 || len(p.Anchor) != 0 || !p.Same[0] || p.Same[1] {
		t.Errorf("as pairs: %+v, want same, different, same, different", p)
	}
}

// TestBalancedTriplets: of P classes with K images, N·(K-1)·(N-K) triplets, none twice.
func TestBalancedTriplets(t *testing.T) {
	s := classSource(12, 3, 5, 6, 7, 8)
	s.Tuples = Triplets
	p := mustSampler(t, "balanced: {images_per_class: 4}", s).Plan(2)
	checkPlan(t, s, p)
	seen := map[[3]int32]bool{}
	for _, triplet := range images(p) {
		if s.Labels[triplet[0]] != s.Labels[triplet[1]] || s.Labels[triplet[0]] == s.Labels[triplet[2]] {
			t.Errorf("triplet of images %v", triplet)
		}
		seen[triplet] = true
	}
	if want := 12 * 3 * 8; len(seen) != want || len(p.Anchor) != want {
		t.Errorf("%d triplets, %d of them different, want %d", len(p.Anchor), len(seen), want)
	}
}
