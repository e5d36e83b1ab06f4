package sampler

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// TestListedOncePerEpoch: every listed pair is in exactly one batch of each epoch,
// all batches but the last are full.
func TestListedOncePerEpoch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "pairs")
		s := listSource(rapid.IntRange(1, 12).Draw(t, "batch"), rapid.Uint64().Draw(t, "seed"), n)
		l, err := newSampler("pairs", s)
		if err != nil {
			t.Fatal(err)
		}
		want := map[dataset.Pair]int{}
		for p := range s.Part.Pairs.All() {
			want[dataset.Pair{Left: p.Left, Right: p.Right, Same: p.Same}]++
		}
		epoch := rapid.IntRange(0, 5).Draw(t, "epoch")
		steps := l.StepsPerEpoch()
		for k := range steps {
			p := l.Plan(epoch*steps + k)
			checkPlan(t, s, p)
			if k < steps-1 && len(p.Left) != s.BatchSize {
				t.Fatalf("batch %d of %d has %d pairs, want %d", k, steps, len(p.Left), s.BatchSize)
			}
			for i := range p.Left {
				want[dataset.Pair{
					Left: p.Images[p.Left[i]], Right: p.Images[p.Right[i]], Same: p.Same[i],
				}]--
			}
		}
		for pair, n := range want {
			if n != 0 {
				t.Fatalf("pair %v is listed %d times more often than it was seen", pair, n)
			}
		}
	})
}

// TestDrawnEpoch: every image is the left of one pair per epoch; batches are half
// same, half different as far as lone images allow.
func TestDrawnEpoch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSource(t)
		d, err := newSampler("pairs", s)
		if err != nil {
			t.Fatal(err)
		}
		sizes := map[int32]int{}
		for _, image := range s.Part.Images {
			sizes[s.Labels[image]]++
		}
		lefts := map[int32]int{}
		epoch := rapid.IntRange(0, 5).Draw(t, "epoch")
		for k := range d.StepsPerEpoch() {
			p := d.Plan(epoch*d.StepsPerEpoch() + k)
			checkPlan(t, s, p)
			same, able := 0, 0
			for i, l := range p.Left {
				lefts[p.Images[l]]++
				if sizes[s.Labels[p.Images[l]]] > 1 {
					able++
				}
				if p.Same[i] {
					same++
				}
			}
			m := len(p.Left)
			if same != min(m/2, able) && same != min((m+1)/2, able) {
				t.Fatalf("batch %d: %d same of %d pairs, %d lefts are not alone", k, same, m, able)
			}
		}
		for _, image := range s.Part.Images {
			if lefts[image] != 1 {
				t.Fatalf("image %d is left %d times", image, lefts[image])
			}
		}
	})
}

// TestDrawnUniform counts the rights of one class's images over many epochs: each
// mate equally often, each other class equally often whatever its size.
func TestDrawnUniform(t *testing.T) {
	// Classes of 4, 1 and 7 images: images 1-4, 5, 6-12.
	s := classSource(12, 3, 4, 1, 7)
	d := mustSampler(t, "pairs", s)
	const epochs = 4000
	mates, classes := map[int32]float64{}, map[int32]float64{}
	for step := range epochs * d.StepsPerEpoch() {
		p := d.Plan(step)
		for i := range p.Left {
			left, right := p.Images[p.Left[i]], p.Images[p.Right[i]]
			switch {
			case left != 1:
			case p.Same[i]:
				mates[right]++
			default:
				classes[s.Labels[right]]++
			}
		}
	}
	// Each of n equally likely outcomes among N draws has mean N/n and a standard
	// deviation below sqrt(N/n); 5 of them are never left by chance.
	check := func(what string, counts map[int32]float64, outcomes int) {
		var total float64
		for _, n := range counts {
			total += n
		}
		if len(counts) != outcomes {
			t.Errorf("%s: %v, want %d outcomes", what, counts, outcomes)
		}
		mean := total / float64(outcomes)
		for x, n := range counts {
			if math.Abs(n-mean) > 5*math.Sqrt(mean) {
				t.Errorf("%s %d: %g times, mean %g", what, x, n, mean)
			}
		}
	}
	check("mate", mates, 3)
	check("other class", classes, 2)
}

func TestDrawnBatchSizes(t *testing.T) {
	// 10 images in batches of 4: 4 + 4 + 2.
	s := classSource(4, 0, 5, 5)
	d := mustSampler(t, "pairs", s)
	if got := d.StepsPerEpoch(); got != 3 {
		t.Fatalf("StepsPerEpoch = %d, want 3", got)
	}
	for step, want := range []int{4, 4, 2, 4, 4, 2} {
		if got := len(d.Plan(step).Left); got != want {
			t.Errorf("step %d has %d pairs, want %d", step, got, want)
		}
	}
}
