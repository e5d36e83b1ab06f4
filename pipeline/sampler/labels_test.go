package sampler

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPhotos: each photo is there once per epoch, beside the label images of its batch or
// all of them, and the last batch holds what is left.
func TestPhotos(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 9), 2, 7).Draw(rt, "sizes")
		s := photoSource(rapid.IntRange(1, 20).Draw(rt, "batch"), rapid.Uint64().Draw(rt, "seed"), sizes...)
		against := rapid.SampledFrom([]string{"batch", "gallery"}).Draw(rt, "against")
		a := mustSampler(t, "labels: {against: "+against+"}", s)
		for epoch := range 2 {
			var photos []int32
			for k := range a.StepsPerEpoch() {
				p := a.Plan(epoch*a.StepsPerEpoch() + k)
				checkPlan(rt, s, p)
				photos = append(photos, p.Images...)
				used := map[int32]bool{}
				for _, target := range p.Targets {
					used[target] = true
				}
				want := len(used)
				if against == "gallery" {
					want = len(sizes)
				}
				if len(p.References) != want {
					rt.Fatalf("%d label images beside %d photos, want %d", len(p.References), len(p.Images), want)
				}
			}
			slices.Sort(photos)
			if !slices.Equal(photos, s.Part.Images) {
				rt.Fatalf("epoch %d has photos %v", epoch, photos)
			}
		}
	})
}
