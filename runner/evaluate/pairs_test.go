package evaluate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// folders opens class folders with so many images each; no image is read.
func folders(t *testing.T, sizes ...int) (*dataset.Dataset, dataset.Part) {
	t.Helper()
	files := fstest.MapFS{}
	for class, n := range sizes {
		for i := range n {
			files[fmt.Sprintf("data/%c/%03d.png", 'a'+class, i)] = &fstest.MapFile{}
		}
	}
	data, err := dataset.Open(dataset.Options{Data: "data", FS: files})
	if err != nil {
		t.Fatal(err)
	}
	return data, data.All()
}

// TestDrawn: as many same as different, each pair once and of two images, labels
// right, at most 2,500 of either kind, and equal seeds draw equal pairs.
func TestDrawn(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		each  int // pairs of either kind
	}{
		{[]int{2, 2}, 2},        // same: 1 + 1; different: 4
		{[]int{5, 1}, 5},        // same: 10; different: 5
		{[]int{3, 4, 5}, 19},    // same: 3 + 6 + 10
		{[]int{60, 60}, 2500},   // same: 3,540; different: 3,600
		{[]int{1, 1, 1, 2}, 1},  // same: 1
		{[]int{10, 0, 10}, 90},  // same: 45 + 45
		{[]int{200, 100}, 2500}, // many more than are drawn
	} {
		data, part := folders(t, c.sizes...)
		p, err := ChoosePairs(data, part, nil, nil, 7)
		if err != nil {
			t.Fatalf("%v: %v", c.sizes, err)
		}
		same, seen := 0, map[[2]int32]bool{}
		for i := range p.Same {
			pair := [2]int32{min(p.Left[i], p.Right[i]), max(p.Left[i], p.Right[i])}
			if pair[0] == pair[1] || seen[pair] {
				t.Fatalf("%v: pair %v is drawn twice, or of one image", c.sizes, pair)
			}
			seen[pair] = true
			a, b := data.Images[p.Images[pair[0]]].Class, data.Images[p.Images[pair[1]]].Class
			if (a == b) != p.Same[i] {
				t.Fatalf("%v: pair of classes %d and %d is same: %v", c.sizes, a, b, p.Same[i])
			}
			if p.Same[i] {
				same++
			}
		}
		if same != c.each || len(p.Same)-same != c.each {
			t.Errorf("%v: %d same and %d different pairs, want %d of each",
				c.sizes, same, len(p.Same)-same, c.each)
		}
		if p.Source != "drawn by class, seed 7" || len(p.Images) != len(part.Images) {
			t.Errorf("%v: source %q, %d images", c.sizes, p.Source, len(p.Images))
		}
		again, err := ChoosePairs(data, part, nil, nil, 7)
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Errorf("%v: drawn again: %v\n%s", c.sizes, err, diff)
		}
	}
}

// TestDrawnGroups: a same pair is of two groups, all of which are drawn, where a class has two;
// where none has, pairs are of one group, and it is a doubt.
func TestDrawnGroups(t *testing.T) {
	data, part := folders(t, 4, 3, 3)
	data.Groups = []string{"a", "b", "c", "d"}
	data.GroupOf = []int32{0, 1, 0, -1, 2, 2, 2, 3, 3, -1} // class by class
	p, err := ChoosePairs(data, part, nil, nil, 7)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[[2]int32]bool{}
	for i, same := range p.Same {
		if a, b := p.Images[p.Left[i]], p.Images[p.Right[i]]; same {
			drawn[[2]int32{min(a, b), max(a, b)}] = true
		}
	}
	want := map[[2]int32]bool{{0, 1}: true, {0, 3}: true, {1, 2}: true, {1, 3}: true, {2, 3}: true, // without 0 and 2
		{7, 9}: true, {8, 9}: true}
	if diff := cmp.Diff(want, drawn); diff != "" || p.OneGroup {
		t.Errorf("same pairs (-want +got), one group %v:\n%s", p.OneGroup, diff)
	}
	data.GroupOf = []int32{0, 0, 0, 0, 1, 1, 1, 2, 2, 2}
	if p, err = ChoosePairs(data, part, nil, nil, 7); err != nil || !p.OneGroup {
		t.Fatalf("a group for each class: one group %v, %v", p.OneGroup, err)
	}
	if same, _ := p.counts(); same != 12 || !strings.Contains(strings.Join(p.doubts(), "; "), "no class has images of two groups") {
		t.Errorf("a group for each class: %d same pairs, doubts %q; want 12 of 6 + 3 + 3, and it said", same, p.doubts())
	}
}

// TestDrawnByClass: a class of 60 among ten of 4 counts as one of eleven. Pairs drawn by
// class, and pairs drawn from all alike and weighed by class, have one AUC, within the
// interval; without weights they have another.
func TestDrawnByClass(t *testing.T) {
	data, part := folders(t, append([]int{60}, slices.Repeat([]int{4}, 10)...)...)
	p, err := ChoosePairs(data, part, nil, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 0))
	at := make([]float64, len(p.Images)) // the large class is wide, the others are narrow
	for i, class := range p.Sample.Class {
		if at[i] = 3*float64(class) + 0.5*r.NormFloat64(); class == 0 {
			at[i] = 4 * r.NormFloat64()
		}
	}
	byClass := auc(t, p, at)
	uniform := Pairs{Images: p.Images, Sample: p.Sample}
	cells := map[[2]int32]float64{}
	cell := func(i int) [2]int32 {
		return [2]int32{p.Sample.Class[uniform.Left[i]], p.Sample.Class[uniform.Right[i]]}
	}
	for i := range at {
		for j := range i {
			if same := p.Sample.Class[i] == p.Sample.Class[j]; same || r.IntN(3) == 0 {
				uniform.add(int32(j), int32(i), same)
				cells[cell(len(uniform.Same)-1)]++
			}
		}
	}
	alike := auc(t, uniform, at)
	for i := range uniform.Same {
		uniform.Weight = append(uniform.Weight, 1/cells[cell(i)])
	}
	weighed := auc(t, uniform, at)
	in := func(value float64, i metric.Interval) bool { return i.Low <= value && value <= i.High }
	if !in(weighed.Value, byClass.Interval) || !in(byClass.Value, weighed.Interval) {
		t.Errorf("drawn by class: %+v; drawn alike, weighed by class: %+v", byClass, weighed)
	}
	if in(alike.Value, byClass.Interval) {
		t.Errorf("drawn alike, the large class makes the AUC %g; by class it is %+v", alike.Value, byClass)
	}
}

// auc measures pairs of images that lie at places on a line.
func auc(t *testing.T, p Pairs, at []float64) Measured {
	t.Helper()
	var distance []float32
	for i := range p.Same {
		distance = append(distance, float32(math.Abs(at[p.Left[i]]-at[p.Right[i]])))
	}
	s, err := metric.Score(distance, p.Same, p.Weight)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pairMetrics(s, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m Measured) bool { return m.Name == "auc" })
	return list[i]
}

// TestDrawnUniform: over many seeds every pair is drawn equally often.
func TestDrawnUniform(t *testing.T) {
	data, part := folders(t, 3, 2) // same: 3 + 1, different: 6, of which 4 are drawn
	count := map[[2]int32]int{}
	const seeds = 3000
	for seed := range uint64(seeds) {
		p, err := ChoosePairs(data, part, nil, nil, seed)
		if err != nil {
			t.Fatal(err)
		}
		for i, same := range p.Same {
			if !same {
				count[[2]int32{p.Left[i], p.Right[i]}]++
			}
		}
	}
	if len(count) != 6 {
		t.Fatalf("drawn: %v, want six different pairs", count)
	}
	for pair, n := range count { // 2000 ± 26 each: five standard deviations
		if n < 1870 || n > 2130 {
			t.Errorf("pair %v is drawn %d times of %d, want 4 in 6", pair, n, seeds)
		}
	}
}

func TestNoPairs(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		first int // images of the part
		want  string
	}{
		{[]int{1, 1, 1}, 3, "no class has two images, so no pair is the same"},
		{[]int{4, 1}, 4, "all images are of one class, so no pair is different"},
	} {
		data, part := folders(t, c.sizes...)
		part.Split, part.Images = dataset.Test, part.Images[:c.first]
		_, err := ChoosePairs(data, part, nil, nil, 0)
		var none *NoPairsError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), `split "test": `+c.want) {
			t.Errorf("%v: %v, want %q", c.sizes, err, c.want)
		}
	}
}

// TestSampleOf: classes are new where training saw fewer than half of them, none is where
// nobody knows what it saw, and groups are what the data says they are.
func TestSampleOf(t *testing.T) {
	data, part := folders(t, 1, 1, 1)
	for seen, want := range map[string]bool{"": false, "x": true, "a": true, "a b": false, "a b c": false} {
		if s := SampleOf(data, part.Images, strings.Fields(seen)); s.NewClasses != want || s.Group != nil {
			t.Errorf("training saw %q of 3 classes: %+v, want new classes %v, no groups", seen, s, want)
		}
	}
	data.GroupOf = []int32{4, -1, 4}
	if s := SampleOf(data, []int32{2, 1}, nil); !slices.Equal(s.Group, []int32{4, -1}) {
		t.Errorf("groups %v, want 4 and none", s.Group)
	}
}

// TestSeenUnknown: a training on a list of pairs had no names of classes, so that nobody knows
// whether it saw those of a folder. That is a doubt, and intervals are not for new classes.
func TestSeenUnknown(t *testing.T) {
	data, part := folders(t, 3, 3, 3)
	for _, c := range []struct {
		seen     []string
		want     bool
		question string
	}{{nil, true, metric.NewImages}, {[]string{"x"}, false, metric.NewClasses}, {[]string{"a", "b"}, false, metric.NewImages}} {
		p, err := ChoosePairs(data, part, nil, c.seen, 0)
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(strings.Join(p.doubts(), "; "), "learnt from is not known"); said != c.want {
			t.Errorf("seen %q: doubts %q, want one of unknown classes: %v", c.seen, p.doubts(), c.want)
		}
		s, err := metric.Score(make([]float32, len(p.Same)), p.Same, p.Weight)
		if err != nil {
			t.Fatal(err)
		}
		if i := p.intervals(s, metric.FalseAccepts(0))[0]; i.Question != c.question {
			t.Errorf("seen %q: interval for %s, want for %s", c.seen, i.Question, c.question)
		}
	}
}

// TestListed: listed pairs are taken as they are, each pair and each image once.
func TestListed(t *testing.T) {
	data := &dataset.Dataset{Images: slices.Repeat([]dataset.Image{{Class: -1}}, 10)}
	p, err := ChoosePairs(data, dataset.Part{Pairs: dataset.ListOf([]dataset.Pair{
		{Left: 9, Right: 4, Same: true}, {Left: 4, Right: 9}, {Left: 2, Right: 9},
		{Left: 9, Right: 2, Line: 5}, {Left: 9, Right: 4, Same: true, Line: 6},
	})}, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Images, []int32{9, 4, 2}) || !slices.Equal(p.Left, []int32{0, 1, 2}) ||
		!slices.Equal(p.Right, []int32{1, 0, 0}) || !slices.Equal(p.Same, []bool{true, false, false}) ||
		p.Source != "listed" {
		t.Errorf("ChoosePairs = %+v", p)
	}
}

// TestPhotoPairs: each photo is paired with its label image, and with another one.
func TestPhotoPairs(t *testing.T) {
	data := &dataset.Dataset{Images: make([]dataset.Image, 7), Classes: []string{"one"}} // label images 0, 3 and 6
	for i, label := range []int32{0, 3, 6, 0} {
		photo := []int32{1, 2, 4, 5}[i]
		split := dataset.Val
		if i == 2 { // whose label image is there for all
			split = dataset.Train
		}
		data.Matches = append(data.Matches, dataset.Match{Image: photo, Label: label, Split: split})
	}
	p, err := ChoosePairs(data, data.In(dataset.Val), []int32{0, 3, 6}, nil, 3)
	if err != nil || !slices.Equal(p.Images, []int32{1, 2, 5, 0, 3, 6}) || len(p.Same) != 6 {
		t.Fatalf("pairs %+v, %v", p, err)
	}
	own := map[int32]int32{1: 0, 2: 3, 5: 0}
	for i, same := range p.Same {
		photo, label := p.Images[p.Left[i]], p.Images[p.Right[i]]
		if same != (i%2 == 0) || (own[photo] == label) != same || label%3 != 0 {
			t.Errorf("pair %d of photo %d and label image %d: same %v", i, photo, label, same)
		}
	}
	again, err := ChoosePairs(data, data.In(dataset.Val), []int32{0, 3, 6}, nil, 3)
	if err != nil || !slices.Equal(again.Right, p.Right) {
		t.Errorf("equal seeds draw %v and %v", again.Right, p.Right)
	}
	var none *NoPairsError // 3 alone could be read
	if _, err := ChoosePairs(data, data.In(dataset.Val), []int32{3}, nil, 3); !errors.As(err, &none) {
		t.Errorf("one label image: %v, want *NoPairsError", err)
	}
}
