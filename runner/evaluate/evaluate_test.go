package evaluate

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// greys opens pictures of one pixel: path → grey value.
func greys(t *testing.T, values map[string]uint8) (*dataset.Dataset, *pipeline.Store) {
	t.Helper()
	files := fstest.MapFS{}
	for name, v := range values {
		files["data/"+name+".png"] = pixel(t, v)
	}
	return openGreys(t, files, "data")
}

// values returns the values by name.
func values(list []Measured) map[string]float64 {
	m := map[string]float64{}
	for _, v := range list {
		m[v.Name] = v.Value
	}
	return m
}

func TestRetrieval(t *testing.T) {
	data, store := greys(t, map[string]uint8{
		"train/a/1": 10, "train/b/1": 55, "train/b/2": 90,
		"test/a/1": 12, "test/a/2": 40, "test/b/1": 57, "test/b/2": 91, "test/c/1": 200,
	})
	c := Config{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test),
		Threshold: distance.Threshold{Value: 20}}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	// Nearest others: a/1 → a/2, a/2 → b/1, b/1 → a/2, b/2 → b/1; c/1 is alone.
	if got := values(r.Retrieval)["recall@1"]; got != 0.5 || r.Excluded != 1 || r.Gallery != nil {
		t.Errorf("recall@1 = %g, %d excluded, gallery %v; want 0.5, 1, none", got, r.Excluded, r.Gallery)
	}
	if len(r.PerClass) != 2 || r.PerClass[0].Class != "a" || r.PerClass[0].Queries != 2 ||
		r.PerClass[0].Metrics["recall@1"] != 0.5 || r.PerClass[1].Metrics["mrr"] != (1.0/2+1)/2 {
		t.Errorf("per class %+v", r.PerClass)
	}
	if want := []Confusion{{"a", "b", 1, 0.5}, {"b", "a", 1, 0.5}}; !slices.Equal(r.Confused, want) {
		t.Errorf("confused %+v, want %+v", r.Confused, want)
	}
	// a/1, 12, finds a/2, 40, then b/1, 57.
	if f := r.Found; f.Top[0][0] != 1 || f.Top[0][1] != 2 || f.Distance[0][1] != 45 || !f.Right[0][0] || f.Right[0][1] {
		t.Errorf("found %+v", f)
	}

	embeddings, err := Embed(context.Background(), grey{}, store, c.Part.Images, nil)
	if err != nil {
		t.Fatal(err)
	}
	same := slices.IndexFunc(r.Retrieval, func(m Measured) bool { return m.Name == "recall@1" })
	if found, err := Recall1(grey{}, data, c.Part.Images, embeddings, nil); err != nil || found.Queries != 4 || !reflect.DeepEqual(found.Measured, r.Retrieval[same]) {
		t.Errorf("Recall1 = %+v, %v; want %+v of 4", found, err, r.Retrieval[same])
	}

	gallery := data.In(dataset.Train)
	c.Gallery = &Source{store, data, gallery}
	if r, err = Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	// In train: a/1 → 10, a; a/2 → 55, b; b/1 → 55, b; b/2 → 90, b; class c is not there.
	// Both queries of b are right: Wilson's interval of two of two is from 2/(2+1.96²) on.
	if i := r.PerClass[1].Interval; math.Abs(i.Low-0.3424) > 1e-4 || i.High != 1 {
		t.Errorf("interval of class b %+v, want 0.3424 to 1", i)
	}
	if got := values(r.Retrieval); got["recall@1"] != 0.75 || got["mrr"] != (1+0.5+1+1)/4 {
		t.Errorf("test → train: %v, want recall@1 0.75, mrr 0.875", got)
	}
	if r.Excluded != 1 || *r.Gallery != (SearchedPart{"data", "train", 3}) {
		t.Errorf("%d excluded, gallery %+v", r.Excluded, r.Gallery)
	}

	c.Gallery.Part.Images = nil
	var none *NoQueriesError
	if _, err := Run(context.Background(), c); !errors.As(err, &none) {
		t.Errorf("empty gallery: %v, want *NoQueriesError", err)
	}

	// In other data, classes are those of the same name: z sorts after all of data's.
	other, otherStore := greys(t, map[string]uint8{"b/1": 13, "b/2": 92, "z/1": 60, "a/1": 41})
	c.Gallery = &Source{otherStore, other, other.All()}
	if r, err = Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	// 12 → 13, b, and 41 comes second; 40 → 41, a; 57 → 60, z, and 92 comes third, after
	// 41; 91 → 92, b; class c is not there.
	if got := values(r.Retrieval); got["recall@1"] != 0.5 || math.Abs(got["mrr"]-17.0/24) > 1e-12 ||
		r.Excluded != 1 || *r.Gallery != (SearchedPart{"data", "", 4}) {
		t.Errorf("test → other data: %v, %d excluded, %+v", got, r.Excluded, r.Gallery)
	}
}

// TestSearched: images that are only searched ask for nothing, and answers are found among them alone; ranks
// that papers report have a recall, too.
func TestSearched(t *testing.T) {
	data, store := greys(t, map[string]uint8{
		"test/a/1": 12, "test/a/2": 40, "test/b/1": 57, "test/b/2": 91, "test/b/3": 13, "test/c/1": 200,
	})
	for i := range data.Images {
		switch data.Images[i].Path {
		case "test/a/2.png", "test/b/2.png", "test/b/3.png":
			data.Images[i].Searched = true
		}
	}
	data.Recalls = []int32{1, 2, 3}
	r, err := Run(context.Background(), Config{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test),
		Threshold: distance.Threshold{Value: 20}})
	if err != nil {
		t.Fatal(err)
	}
	// Among 40 (a), 91 (b) and 13 (b): 12 → 13, 40 (a, rank 2), 91; 57 → 40, 91 (b, rank 2), 13 (b); 200 has none.
	want := map[string]float64{"recall@1": 0, "recall@2": 1, "recall@3": 1, "recall@5": 1, "mrr": 0.5, "map@r": (0 + 0.25) / 2}
	got := values(r.Retrieval)
	for name, v := range want {
		if math.Abs(got[name]-v) > 1e-12 {
			t.Errorf("%s is %g, want %g", name, got[name], v)
		}
	}
	if r.Excluded != 1 || *r.Gallery != (SearchedPart{"data", "gallery", 3}) || r.PerClass[1].Queries != 1 {
		t.Errorf("%d excluded, gallery %+v, per class %+v", r.Excluded, r.Gallery, r.PerClass)
	}
}

func TestRunSummary(t *testing.T) {
	data, store := greys(t, map[string]uint8{"a/1": 10, "a/2": 14, "b/1": 50, "b/2": 58})
	part := data.All()
	r, err := Run(context.Background(), Config{Model: grey{}, Store: store, Data: data, Part: part,
		Threshold: distance.Threshold{Value: 6, Source: "by hand"}})
	if err != nil {
		t.Fatal(err)
	}
	// Two same pairs, at 4 and 8, and two of the four different ones, at 36 to 48.
	if got := values(r.Metrics); got["auc"] != 1 || got["accuracy"] != 0.75 {
		t.Errorf("metrics %v, want auc 1, accuracy 0.75", got)
	}
	if b := r.Baseline; b == nil || values(b.Metrics)["auc"] != 1 || len(b.Retrieval) == 0 || len(r.Doubts) == 0 {
		t.Errorf("baseline %+v, doubts %v; want auc 1 of pictures that are one grey, and doubts", b, r.Doubts)
	}
	if all := r.EveryPair; all == nil || all.Same != 2 || all.Different != 4 || all.AUC.Value != 1 {
		t.Errorf("every pair %+v, want 2 same, 4 different, auc 1", all)
	}
	if r.Same != 2 || r.Different != 2 || r.PairSource != "drawn by class, seed 0" || r.Classes != 2 {
		t.Errorf("%d same, %d different (%s), %d classes; want 2, 2 (drawn by class, seed 0), 2",
			r.Same, r.Different, r.PairSource, r.Classes)
	}
}
