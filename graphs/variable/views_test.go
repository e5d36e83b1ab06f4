package variable

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	tg "github.com/galeone/tfgo"
)

// TestViews: what a view of a set makes is the set's, and is trained as the view says.
func TestViews(t *testing.T) {
	set := NewSet(tg.NewRoot(), "live")
	shape := []int64{2, 3}
	set.Sub("a").Create("kernel", shape, GlorotUniform)
	set.Sub("a").Frozen().Create("mean", shape, Zeros)
	set.Frozen().Sub("b").Create("kernel", shape, Ones)
	set.Paced(0.5).Sub("c").Create("kernel", shape, GlorotUniform)
	type row struct {
		Key     string
		Trained bool
		Pace    float32
	}
	var got []row
	for _, v := range set.All() {
		got = append(got, row{v.Key, v.Trained, v.Pace})
	}
	want := []row{{"live/a/kernel", true, 1}, {"live/a/mean", false, 1}, {"live/b/kernel", false, 1},
		{"live/c/kernel", true, 0.5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	if trained := set.Trained(); len(trained) != 2 || trained[1].Key != "live/c/kernel" {
		t.Errorf("Trained = %v, want a/kernel and c/kernel", trained)
	}
	// The prefix of NewSet does not change what is drawn, keys do.
	twin := NewSet(tg.NewRoot(), "").Sub("a").Create("kernel", shape, GlorotUniform)
	all := set.All()
	if diff := cmp.Diff(twin.Start(3), all[0].Start(3)); diff != "" {
		t.Errorf("twins start apart: %s", diff)
	}
	if cmp.Equal(all[0].Start(3), all[3].Start(3)) {
		t.Error("two keys start alike")
	}
}

// TestDepthwiseUniform: fans are those of one channel: l = √(6/(9+9)) for 3×3.
func TestDepthwiseUniform(t *testing.T) {
	values := DepthwiseUniform(rand.New(rand.NewPCG(1, 2)), []int64{3, 3, 400, 1})
	if len(values) != 3600 {
		t.Fatalf("%d values, want 3600", len(values))
	}
	limit, largest := math.Sqrt(6./18), 0.0
	for _, x := range values {
		largest = math.Max(largest, math.Abs(float64(x)))
	}
	if largest > limit || largest < 0.99*limit {
		t.Errorf("largest of 3600 = %v, want a little below %v", largest, limit)
	}
}
