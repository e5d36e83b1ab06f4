package sampler

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestBalancedHolds: P classes, of each K images or all it has, all pairs.
func TestBalancedHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(2, 6).Draw(t, "K")
		p := rapid.IntRange(2, 5).Draw(t, "P")
		sizes := rapid.SliceOfN(rapid.IntRange(2, 12), p, 9).Draw(t, "sizes")
		sizes[0] = max(sizes[0], k) // some class has K
		s := classSource(p*k, rapid.Uint64().Draw(t, "seed"), sizes...)
		b, err := newSampler(fmt.Sprintf("balanced: {images_per_class: %d}", k), s)
		if err != nil {
			t.Fatal(err)
		}
		plan := b.Plan(rapid.IntRange(0, 200).Draw(t, "step"))
		checkPlan(t, s, plan)
		counts := map[int32]int{}
		for _, image := range plan.Images {
			counts[s.Labels[image]]++
		}
		if len(counts) != p {
			t.Fatalf("%d classes in the batch, want %d", len(counts), p)
		}
		for class, n := range counts {
			if want := min(k, sizes[class]); n != want {
				t.Fatalf("%d images of class %d, which has %d, want %d", n, class, sizes[class], want)
			}
		}
		if n := len(plan.Images); len(plan.Left) != n*(n-1)/2 {
			t.Fatalf("%d pairs of %d images, want all %d", len(plan.Left), n, n*(n-1)/2)
		}
	})
}

// TestBalancedCoversEvenly: with equal classes that K divides, an epoch holds
// every image once; with unequal ones, images of a class differ by one visit.
func TestBalancedCoversEvenly(t *testing.T) {
	tests := []struct {
		sizes  []int
		spread int // most and fewest times within a class
		steps  int
	}{
		{[]int{8, 8, 8, 8}, 0, 4},    // 32 images / 8 per batch
		{[]int{8, 8, 20, 40}, 1, 10}, // 76 / 8 rounded up
		{[]int{2, 3, 9}, 1, 2},       // 14 / 8 rounded up
	}
	for _, test := range tests {
		s := classSource(8, 5, test.sizes...)
		b := mustSampler(t, "balanced", s)
		if got := b.StepsPerEpoch(); got != test.steps {
			t.Errorf("%v: %d steps per epoch, want %d", test.sizes, got, test.steps)
		}
		counts := map[int32]int{}
		for k := range b.StepsPerEpoch() {
			for _, image := range b.Plan(3*b.StepsPerEpoch() + k).Images {
				counts[image]++
			}
		}
		for class := range test.sizes {
			low, high := 1<<30, 0
			for _, image := range s.Part.Images {
				if s.Labels[image] == int32(class) {
					low, high = min(low, counts[image]), max(high, counts[image])
				}
			}
			if high-low > test.spread {
				t.Errorf("%v: images of class %d are seen %d to %d times", test.sizes, class, low, high)
			}
		}
	}
}

// TestBalancedPairOrder fixes the order of the pairs, which losses that sum in
// float32 can see.
func TestBalancedPairOrder(t *testing.T) {
	s := classSource(4, 1, 4, 4)
	p := mustSampler(t, "balanced: {images_per_class: 2}", s).Plan(0)
	// Rows 0, 1 are of one class and 2, 3 of the other.
	want := Plan{
		Left:  []int32{0, 0, 0, 1, 1, 2},
		Right: []int32{1, 2, 3, 2, 3, 3},
		Same:  []bool{true, false, false, false, false, true},
	}
	for i := range want.Left {
		if p.Left[i] != want.Left[i] || p.Right[i] != want.Right[i] || p.Same[i] != want.Same[i] {
			t.Errorf("pair %d is (%d, %d, %v), want (%d, %d, %v)", i,
				p.Left[i], p.Right[i], p.Same[i], want.Left[i], want.Right[i], want.Same[i])
		}
	}
}
