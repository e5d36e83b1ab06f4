package evaluate

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// TestOpenSet: each image asks with its class there, and with its class taken out. In the
// gallery are 10, a; 55, b; 90, b. The queries are 12 and 40, a; 57 and 91, b; 200, c.
func TestOpenSet(t *testing.T) {
	queries := metric.Set{Embeddings: []float32{12, 40, 57, 91, 200, 7}, Labels: []int32{0, 0, 1, 1, 2, noClass}, Dim: 1}
	gallery := metric.Set{Embeddings: []float32{10, 55, 90}, Labels: []int32{0, 1, 1}, Dim: 1}
	found, err := metric.Nearest(queries, gallery, grey{}.Distance(), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := openSet(grey{}, queries, gallery, found.Sides)
	// 40 finds 55, b, first, 15 away. Class c was never there, and 7 is of no class.
	if !slices.Equal(o.Known, []float32{2, 15, 2, 1}) || !slices.Equal(o.Right, []bool{true, false, true, true}) ||
		!slices.Equal(o.known, []int32{0, 1, 2, 3}) {
		t.Errorf("known %v, right %v, queries %v", o.Known, o.Right, o.known)
	}
	if !slices.Equal(o.Unknown, []float32{43, 15, 47, 81, 110}) || !slices.Equal(o.unknown, []int32{0, 1, 2, 3, 4}) {
		t.Errorf("strangers %v, queries %v", o.Unknown, o.unknown)
	}
	gallery.Labels[1] = noClass
	if o := openSet(grey{}, queries, gallery, found.Sides); len(o.Known)+len(o.Unknown) > 0 {
		t.Errorf("a gallery of unknown classes: %+v, want nothing", o)
	}
}

// TestOpenSearch: 40 classes of two images, 1 apart, begin 6 apart or, the first two, 3.
func TestOpenSearch(t *testing.T) {
	images := map[string]uint8{}
	at := uint8(10)
	for class := range 40 {
		images[fmt.Sprintf("test/%02d/a", class)], images[fmt.Sprintf("test/%02d/b", class)] = at, at+1
		at += 6
		if class == 0 {
			at -= 3
		}
	}
	data, store := greys(t, images)
	r, err := Run(context.Background(), Config{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test),
		Seen: []string{"others"}, Threshold: distance.Threshold{Value: 20}})
	if err != nil {
		t.Fatal(err)
	}
	o := r.OpenSet
	if o.Images != 80 || o.Known != 80 || o.Strangers != 80 || len(o.Rates) != 4 {
		t.Fatalf("open set %+v", o)
	}
	for _, row := range o.Rates[:2] { // 80 strangers show no 1 %: 300 would
		if row.Measurable || row.FalsePositives != nil || row.Detection != nil {
			t.Errorf("%+v, want it refused", row)
		}
	}
	// 11 and 13 are 2 away, 10 and 14 are 3 away, and the other 76 strangers 5.
	five := o.Rates[2]
	if five.Threshold != 4 || five.FalsePositives.Value != 4.0/80 || five.Detection.Value != 1 {
		t.Errorf("5 %%: threshold %g, %+v, %+v; want 4, 0.05, 1", five.Threshold, five.FalsePositives, five.Detection)
	}
	if i := five.FalsePositives.Interval; i.Question != metric.NewClasses || i.Low >= 0.05 || i.High <= 0.05 {
		t.Errorf("interval %+v, want one around 0.05 for new classes", i)
	}
}
