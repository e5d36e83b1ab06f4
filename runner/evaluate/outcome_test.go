package evaluate

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

// TestPool: listed pairs of two networks give what the same pairs give at once, intervals and
// curve included; only spread and rank are means.
func TestPool(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	var whole Pairs
	var all []float32
	var outcomes []Outcome
	for range 2 {
		part := Pairs{Sample: metric.Sample{}}
		var embeddings []float32
		for i := range int32(40) {
			part.Images = append(part.Images, int32(len(all))+i)
			embeddings = append(embeddings, float32(i/4)+float32(r.NormFloat64())) // ten classes of four
			part.Sample.Class = append(part.Sample.Class, i/4)
			for j := range i {
				if i/4 == j/4 || r.IntN(9) == 0 {
					part.add(j, i, i/4 == j/4)
				}
			}
		}
		o, err := Measure(grey{}, embeddings, part)
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
		first := int32(len(whole.Images))
		for i, same := range part.Same {
			whole.add(first+part.Left[i], first+part.Right[i], same)
		}
		whole.Images = append(whole.Images, part.Images...)
		whole.Sample.Class = append(whole.Sample.Class, part.Sample.Class...)
		all = append(all, embeddings...)
	}
	one, err := Measure(grey{}, all, whole)
	if err != nil {
		t.Fatal(err)
	}
	want, err := one.Scores(distance.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Pool(outcomes).Scores(distance.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	want.Spread, want.Rank = (outcomes[0].spread+outcomes[1].spread)/2, (outcomes[0].rank+outcomes[1].rank)/2
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scores (-at once +pooled):\n%s", diff)
	}
}

// TestPoolLabels: photos that two networks search among the same label images.
func TestPoolLabels(t *testing.T) {
	data, store := fruit(t)
	all := data.All()
	labels := all.LabelImages()
	task := LabelTask{Gallery: []float32{10, 50, 100, 200}}
	right := map[int32]int32{}
	for _, m := range all.Matches {
		for row, label := range labels {
			if m.Label == label {
				right[m.Image] = int32(row)
			}
		}
	}
	measure := func(photos []int32) Outcome {
		t.Helper()
		some := task
		some.Photos = photos
		for _, i := range photos {
			some.Right = append(some.Right, right[i])
		}
		embeddings, err := Embed(context.Background(), grey{}, store, photos, nil)
		if err != nil {
			t.Fatal(err)
		}
		o, err := MeasureLabels(grey{}, embeddings, some)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	want, err := measure(all.Images).Scores(distance.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Pool([]Outcome{measure(all.Images[:3]), measure(all.Images[3:])}).Scores(distance.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"recall@1", "mrr", "median_rank", "detection_rate", "false_accept_rate"} {
		if got.Metrics[name] != want.Metrics[name] || got.Intervals[name] != want.Intervals[name] {
			t.Errorf("%s = %g %+v, at once %g %+v", name, got.Metrics[name], got.Intervals[name], want.Metrics[name], want.Intervals[name])
		}
	}
	same, different := got.Curve.Pairs()
	if *got.NoneAbove != *want.NoneAbove || got.Photos != 8 || got.Pairs != 16 || same != 8 || different != 24 {
		t.Errorf("none above %g of %d photos, curve of %d and %d; want %g of 8, 8 and 24", *got.NoneAbove, got.Photos, same, different, *want.NoneAbove)
	}
}

// TestNoneAbove: 60 photos are enough to promise that 5 % of strangers are accepted, and the
// threshold keeps it; of 59 it is the one where most answers are right.
func TestNoneAbove(t *testing.T) {
	for _, c := range []struct {
		photos                             int
		above, promise, falsely, detection float64
	}{
		{60, 3.5, 0.05, 3.0 / 60, 0}, // strangers are 1, 2, … away, and all own label images 5
		{59, 5.5, 0, 5.0 / 59, 1},
	} {
		o := Outcome{photos: c.photos}
		for i := range c.photos {
			o.found.open.Known, o.found.open.Right = append(o.found.open.Known, 5), append(o.found.open.Right, true)
			o.found.open.Unknown = append(o.found.open.Unknown, float32(i+1))
		}
		s := Scores{Metrics: map[string]float64{}, Intervals: map[string]metric.Interval{}}
		if err := o.searches(&s); err != nil {
			t.Fatal(err)
		}
		if *s.NoneAbove != c.above || s.Promise != c.promise || s.Metrics[FalseAcceptRate] != c.falsely ||
			s.Metrics[DetectionRate] != c.detection {
			t.Errorf("%d photos: none above %g, promise %g, %v; want %g, %g, %g falsely accepted", c.photos, *s.NoneAbove,
				s.Promise, s.Metrics, c.above, c.promise, c.falsely)
		}
	}
}
