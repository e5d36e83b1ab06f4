package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// greyList opens pictures of one pixel, named by their grey value, that a list matches:
// "12 > 10 a fruit test" is a photo of 12 whose label image is 10.
func greyList(t *testing.T, rows ...string) (*dataset.Dataset, *pipeline.Store) {
	t.Helper()
	files := fstest.MapFS{}
	list := "image,label_image,class,coarse,split\n"
	for _, row := range rows {
		var photo, label int
		var class, coarse, split string
		if _, err := fmt.Sscanf(row, "%d > %d %s %s %s", &photo, &label, &class, &coarse, &split); err != nil {
			t.Fatal(err)
		}
		for _, value := range []int{photo, label} {
			files[fmt.Sprintf("%03d.png", value)] = pixel(t, uint8(value))
		}
		list += fmt.Sprintf("%03d.png,%03d.png,%s,%s,%s\n", photo, label, class, coarse, split)
	}
	files["list.csv"] = &fstest.MapFile{Data: []byte(list)}
	return openGreys(t, files, "list.csv")
}

// fruit is label images at 10, 50, 100 and 200, the last two of one coarse class.
func fruit(t *testing.T) (*dataset.Dataset, *pipeline.Store) {
	return greyList(t,
		"12 > 10 apple fruit test",   // finds 10
		"35 > 10 apple fruit test",   // finds 50 (15 away), then 10 (25)
		"48 > 50 pear fruit test",    // finds 50
		"104 > 100 milk carton test", // finds 100
		"151 > 100 milk carton test", // finds 200 (49), then 100 (51)
		"140 > 200 cream carton val", // finds 100 (40), then 200 (60)
		"199 > 200 cream carton val", // finds 200
		"90 > 50 pear fruit train")   // finds 100 (10), then 50 (40)
}

func TestLabels(t *testing.T) {
	data, store := fruit(t)
	c := LabelConfig{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test), Seen: []string{"others"},
		NoneAbove: &distance.Threshold{Value: 20, Source: "by hand"}}
	r, err := Labels(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	// Only 10, 50 and 100 are there: 151 finds 100 first.
	got := values(r.Retrieval)
	if got["recall@1"] != 4.0/5 || got["recall@5"] != 1 || got["mrr"] != 4.5/5 || got["median_rank"] != 1 {
		t.Errorf("retrieval %v, want recall@1 0.8, mrr 0.9, median rank 1", got)
	}
	if want := (Searched{Images: 3, Embedded: 3}); r.Searched != want || r.Images != 5 || r.Classes != 3 {
		t.Errorf("searched %+v, %d images in %d classes; want %+v, 5 in 3", r.Searched, r.Images, r.Classes, want)
	}
	// Coarse: 35 finds pear, a fruit as well.
	if got := values(r.Coarse); got["recall@1"] != 1 {
		t.Errorf("coarse %v, want recall@1 1", got)
	}
	// Accepted at most 20 away and right: 12, 48 and 104, not 35 (wrong) and 151 (51 away).
	// Without their own, 12 → 50 is 38 away, 35 → 50 is 15, 48 → 10 is 38, 104 → 50 is 54, 151 is 101.
	if r.None.Detected.Value != 3.0/5 || r.None.FalseAccepts.Value != 1.0/5 {
		t.Errorf("none of these: %+v, want 0.6 detected, 0.2 falsely accepted", r.None)
	}
	if len(r.PerClass) != 3 || r.PerClass[0].Class != "apple" || r.PerClass[0].Queries != 2 ||
		r.PerClass[0].Metrics["recall@1"] != 0.5 || r.PerClass[0].Metrics["median_rank"] != 1.5 {
		t.Errorf("per class %+v", r.PerClass)
	}
	if len(r.PerCoarse) != 2 || r.PerCoarse[1].Class != "fruit" || r.PerCoarse[1].Queries != 3 {
		t.Errorf("per coarse class %+v", r.PerCoarse)
	}
	if i := r.Retrieval[0].Interval; i.Question != metric.NewClasses || i.Units != 3 {
		t.Errorf("interval %+v, want one for new classes from 3", i)
	}
	c.Seen = []string{"apple", "milk", "pear"}
	if r, err = Labels(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if i := r.Retrieval[0].Interval; i.Question != metric.NewImages || i.Units != 5 {
		t.Errorf("seen classes: interval %+v, want one for new images from 5", i)
	}
}

// TestLabelsOfModel: what the model keeps is searched, too, whether or not the list has it.
func TestLabelsOfModel(t *testing.T) {
	data, store := fruit(t)
	all, err := DescribeLabels(data, data.All().LabelImages())
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, image := range all {
		paths = append(paths, image.Path+" "+image.Class+" "+image.Coarse)
	}
	want := "010.png apple fruit, 050.png pear fruit, 100.png milk carton, 200.png cream carton"
	if got := strings.Join(paths, ", "); got != want {
		t.Fatalf("label images %s, want %s", got, want)
	}
	c := LabelConfig{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test),
		Gallery: LabelEmbeddings{all, []float32{10, 50, 100, 200}, true}}
	r, err := Labels(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := values(r.Retrieval); got["recall@1"] != 3.0/5 || got["mrr"] != 4.0/5 {
		t.Errorf("retrieval %v, want recall@1 0.6, mrr 0.8", got)
	}
	if got := values(r.Coarse); got["recall@1"] != 1 || r.None != nil {
		t.Errorf("coarse %v, none of these %v; want recall@1 1, nil", got, r.None)
	}
	if want := (Searched{Images: 4, OfModel: 4}); r.Searched != want {
		t.Errorf("searched %+v, want %+v", r.Searched, want)
	}
	a := r.Answers
	if fmt.Sprint(a.Top[4], a.Distance[4], a.Right) != "[3 2 1 0] [49 51 101 141] [0 0 1 2 2]" {
		t.Errorf("answers %v at %v, right %v", a.Top, a.Distance, a.Right)
	}

	// A list that says nothing of coarse classes has those that were stored.
	silent := *data
	silent.Coarse, silent.CoarseOf = nil, nil
	c.Data = &silent
	if r, err = Labels(context.Background(), c); err != nil || values(r.Coarse)["recall@1"] != 1 {
		t.Errorf("coarse by what is stored: %v, %v; want recall@1 1", r.Coarse, err)
	}
	c.Data = data

	// Another picture at a path that is known is another label image.
	c.Gallery.Images = append([]LabelImage{}, all...)
	c.Gallery.Images[1].SHA256 = "0"
	var missing *LabelImageError
	if _, err := Labels(context.Background(), c); !errors.As(err, &missing) ||
		missing.Path != "050.png" || missing.Count != 1 {
		t.Errorf("a constant gallery without an image: %v, want *LabelImageError of 050.png", err)
	}
	c.Gallery.Constant = false
	if r, err = Labels(context.Background(), c); err != nil || r.Searched != (Searched{5, 4, 1}) {
		t.Errorf("searched %+v, %v; want 5, of which the model keeps 4", r, err)
	}
}

// TestOneLabelImage: a gallery of one answers nothing.
func TestOneLabelImage(t *testing.T) {
	data, store := greyList(t, "12 > 10 apple fruit test", "60 > 50 pear fruit train")
	c := LabelConfig{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test)}
	var none *NoPairsError
	if _, err := Labels(context.Background(), c); !errors.As(err, &none) {
		t.Errorf("one label image: %v, want *NoPairsError", err)
	}
}

// TestKnownPairs: pairs compare photos with the embeddings that the model keeps of label
// images, and not with those it would give them now.
func TestKnownPairs(t *testing.T) {
	data, store := greyList(t, "12 > 10 apple fruit test", "55 > 50 pear fruit test")
	labels := data.All().LabelImages()
	all, err := DescribeLabels(data, labels)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Model: grey{}, Store: store, Data: data, Part: data.In(dataset.Test), LabelImages: labels,
		Known: LabelEmbeddings{all, []float32{112, 155}, true}, Threshold: distance.Threshold{Value: 1}}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	// From 12 to 112 and 155, from 55 to 155 and 112.
	if got := fmt.Sprint(r.Answers.Distance); got != "[100 143 100 57]" {
		t.Errorf("distances %s, want [100 143 100 57]", got)
	}
	c.Known.Images = all[:1]
	c.Known.Vectors = c.Known.Vectors[:1]
	var missing *LabelImageError
	if _, err := Run(context.Background(), c); !errors.As(err, &missing) || missing.Path != "050.png" {
		t.Errorf("a label image that is not kept: %v, want *LabelImageError of 050.png", err)
	}
}

// TestRetrievalOfPhotos: label images are in pairs, but neither ask nor answer.
func TestRetrievalOfPhotos(t *testing.T) {
	data, store := fruit(t)
	_, err := Run(context.Background(), Config{Model: grey{}, Store: store, Data: data,
		LabelImages: data.All().LabelImages(), Part: data.In(dataset.Test), Gallery: &Source{store, data, data.In(dataset.Val)}})
	// Photos of val are of cream alone, which test has none of.
	var none *NoQueriesError
	if !errors.As(err, &none) || none.Images != 5 {
		t.Fatalf("%v, want *NoQueriesError of 5 photos", err)
	}
	r, err := Run(context.Background(), Config{Model: grey{}, Store: store, Data: data,
		LabelImages: data.All().LabelImages(), Part: data.In(dataset.Test), Gallery: &Source{store, data, data.In(dataset.Train)}})
	if err != nil {
		t.Fatal(err)
	}
	// The one photo of train is a pear, and so is one of test.
	if r.Images != 5 || r.Classes != 3 || r.Excluded != 4 || r.Same != 5 ||
		values(r.Retrieval)["recall@1"] != 1 {
		t.Errorf("%d images in %d classes, %d excluded, %d same pairs, %v; want 5, 3, 4, 5, recall@1 1",
			r.Images, r.Classes, r.Excluded, r.Same, values(r.Retrieval))
	}
}

func TestCalibrateLabels(t *testing.T) {
	data, store := fruit(t)
	val := data.All()
	labels := val.LabelImages()
	task := LabelTask{Photos: val.Images, Gallery: []float32{10, 50, 100, 200}}
	for _, image := range val.Images {
		for _, m := range val.Matches {
			for row, label := range labels {
				if m.Image == image && m.Label == label {
					task.Right = append(task.Right, int32(row))
				}
			}
		}
	}
	photos, err := Embed(context.Background(), grey{}, store, task.Photos, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := MeasureLabels(grey{}, photos, task)
	if err != nil {
		t.Fatal(err)
	}
	s, err := o.Scores(distance.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	// 12, 48, 104 and 199 find theirs; the other four find it second.
	if s.Metrics["recall@1"] != 0.5 || s.Metrics["mrr"] != 0.75 || s.Metrics["median_rank"] != 1.5 {
		t.Errorf("metrics %v, want recall@1 0.5, mrr 0.75, median rank 1.5", s.Metrics)
	}
	// Right ones are 2, 2, 4 and 1 away. Without their own, the nearest is 38, 38, 54 and 99
	// away; those that are wrong anyway 15, 40, 49 and 10. From 4 to 10 all is right.
	if *s.NoneAbove != 7 || s.Metrics["detection_rate"] != 0.5 || s.Metrics["false_accept_rate"] != 0 {
		t.Errorf("none above %g: %v, want 7, 0.5 detected, none falsely accepted", *s.NoneAbove, s.Metrics)
	}
	// Each photo with four label images: one right, three others.
	if same, different := s.Curve.Pairs(); same != 8 || different != 24 {
		t.Errorf("curve of %d same and %d different pairs, want 8 and 24", same, different)
	}
	if s.Pairs != 16 || s.Photos != 8 || s.Distances.Gap <= 0 {
		t.Errorf("%d pairs of %d photos, %+v; want 16 of 8", s.Pairs, s.Photos, s.Distances)
	}
	for name := range s.Metrics {
		if _, err := Direction(name, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if i := s.Intervals[name]; !(i.Low <= s.Metrics[name] && s.Metrics[name] <= i.High) {
			t.Errorf("%s: interval %+v of %g", name, i, s.Metrics[name])
		}
	}
}

// TestLabelPairs: each photo has one pair of each kind, never with the wrong label image.
func TestLabelPairs(t *testing.T) {
	task := LabelTask{Gallery: make([]float32, 7*2), Seed: 3}
	for i := range 40 {
		task.Photos, task.Right = append(task.Photos, int32(i)), append(task.Right, int32(i%7))
	}
	p := task.pairs(2)
	others := map[int32]bool{}
	for i, same := range p.Same {
		row := p.Right[i] - 40
		if row < 0 || row >= 7 || same != (row == task.Right[p.Left[i]]) || same != (i < 40) {
			t.Fatalf("pair %d: photo %d, row %d, same %t", i, p.Left[i], row, same)
		}
		if !same {
			others[row] = true
		}
	}
	if len(p.Same) != 80 || len(others) != 7 {
		t.Errorf("%d pairs, %d label images in different ones; want 80, 7", len(p.Same), len(others))
	}
	if again := task.pairs(2); fmt.Sprint(again) != fmt.Sprint(p) {
		t.Error("equal seeds draw other pairs")
	}
	task.Photos, task.Right = make([]int32, 3000), make([]int32, 3000)
	if p := task.pairs(2); len(p.Same) != 2*maxDrawn {
		t.Errorf("%d pairs of 3,000 photos, want %d", len(p.Same), 2*maxDrawn)
	}
}

// TestSearchOracle holds the distances of "none of these" against a plain loop.
func TestSearchOracle(t *testing.T) {
	gallery := []float32{3, 90, 17, 55, 200, 121, 122}
	var task LabelTask
	var photos []float32
	for i := range 60 {
		task.Photos, task.Right = append(task.Photos, int32(i)), append(task.Right, int32(i%7))
		photos = append(photos, float32((i*71)%251))
	}
	task.Gallery = gallery
	f, err := task.search(grey{}, photos)
	if err != nil {
		t.Fatal(err)
	}
	for q, p := range photos {
		best, other, at := math.Inf(1), math.Inf(1), 0
		for row, g := range gallery {
			d := math.Abs(float64(p - g))
			if d < best {
				best, at = d, row
			}
			if row != int(task.Right[q]) {
				other = min(other, d)
			}
		}
		if float64(f.open.Known[q]) != best || float64(f.open.Unknown[q]) != other ||
			f.open.Right[q] != (at == int(task.Right[q])) {
			t.Errorf("photo %d: known %g, unknown %g, right %t; want %g, %g, %t", q, f.open.Known[q],
				f.open.Unknown[q], f.open.Right[q], best, other, at == int(task.Right[q]))
		}
	}
}

func TestDirection(t *testing.T) {
	for name, want := range map[string]metric.Better{"auc": metric.Higher, "eer": metric.Lower,
		"recall@1": metric.Higher, "median_rank": metric.Lower, "false_accept_rate": metric.Lower} {
		if got, err := Direction(name, true); err != nil || got != want {
			t.Errorf("Direction(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	var unknown *named.UnknownError
	if _, err := Direction("recall@1", false); !errors.As(err, &unknown) {
		t.Errorf("recall@1 without label images: %v, want *named.UnknownError", err)
	}
}
