package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

// classesOf draws n embeddings [n,1] of so many classes, each around a number of its own.
func classesOf(n, classes int, seed uint64) (embeddings []float32, class []int32) {
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		class = append(class, int32(i*classes/n))
		embeddings = append(embeddings, float32(10*int(class[i]))+float32(4*r.NormFloat64()))
	}
	return embeddings, class
}

// scoresOf are the scores of grey{}, whose embeddings [N,1] are given.
func scoresOf(t *testing.T, embeddings []float32, pairs Pairs, by distance.Rule) (Scores, error) {
	t.Helper()
	o, err := Measure(grey{}, embeddings, pairs)
	if err != nil {
		t.Fatal(err)
	}
	return o.Scores(by)
}

// TestCalibrateFalseAccepts: the rate that is asked for is that of all pairs, of which only few
// were drawn, by counting.
func TestCalibrateFalseAccepts(t *testing.T) {
	embeddings, class := classesOf(300, 10, 1)
	pairs := Pairs{Left: []int32{0, 0}, Right: []int32{1, 299}, Same: []bool{true, false}, Weight: []float64{1, 1},
		Sample: metric.Sample{Class: class}}
	for _, rate := range []float64{0.001, 0.02} {
		s, err := scoresOf(t, embeddings, pairs, distance.Rule{FalseAccepts: rate})
		if err != nil {
			t.Fatal(err)
		}
		var same, different, accepted int64
		for i := range class {
			for j := range i {
				if class[i] == class[j] {
					same++
				} else if different++; math.Abs(float64(embeddings[i]-embeddings[j])) <= s.Threshold {
					accepted++
				}
			}
		}
		if got := float64(accepted) / float64(different); got > rate || got < rate/1.03-1/float64(different) {
			t.Errorf("at most %g: false accepts of all pairs are %g", rate, got)
		}
		if gotSame, gotDifferent := pairs.Kinds(); gotSame != same || gotDifferent != different {
			t.Errorf("Kinds = %d, %d, want %d, %d", gotSame, gotDifferent, same, different)
		}
		if gotSame, gotDifferent := s.Curve.Pairs(); gotSame != same || gotDifferent != different || s.Curve.Prevalence != 0.5 {
			t.Errorf("curve of %d, %d, prevalence %g; want %d, %d, 0.5", gotSame, gotDifferent, s.Curve.Prevalence, same, different)
		}
	}
	var few *distance.FewPairsError
	if _, err := scoresOf(t, embeddings, pairs, distance.Rule{FalseAccepts: 1e-5}); !errors.As(err, &few) {
		t.Errorf("Calibrate at 1e-5 = %v, want *distance.FewPairsError", err)
	}
}

// TestKept: of many images whole classes are compared, and there is always a pair of either kind.
func TestKept(t *testing.T) {
	one := make([]int32, 5000) // of class 0, but for one
	one[4999] = 1
	single := make([]int32, 5000) // each of its own, but for two
	for i := range single {
		single[i] = int32(max(1, i))
	}
	_, even := classesOf(5000, 100, 1)
	for name, class := range map[string][]int32{"one": one, "single": single, "even": even} {
		rows := kept(class)
		if !slices.IsSorted(rows) || len(slices.Compact(slices.Clone(rows))) != len(rows) || len(rows) > maxKept {
			t.Errorf("%s: %d rows, not sorted and distinct and at most %d", name, len(rows), maxKept)
		}
		s, d := (Pairs{Weight: []float64{}, Sample: metric.Sample{Class: class}}).Kinds()
		if s == 0 || d == 0 {
			t.Errorf("%s: %d same and %d different pairs, want some of each", name, s, d)
		}
	}
	if rows := kept(even); len(rows) != maxKept {
		t.Errorf("%d of 5,000 images are compared, want %d", len(rows), maxKept)
	}
	if kept(even[:maxKept]) != nil {
		t.Error("few images are not all compared")
	}
}

// TestWrong: the threshold's wrong answers are those of all pairs of class folders, with intervals.
func TestWrong(t *testing.T) {
	list := map[string]uint8{}
	for i := range 6 {
		list[fmt.Sprintf("a/%d", i)] = uint8(10 + 3*i) // 10 to 25
		list[fmt.Sprintf("b/%d", i)] = uint8(28 + 3*i) // 28 to 43
	}
	data, store := greys(t, list)
	r, err := Run(context.Background(), Config{Model: grey{}, Store: store, Data: data, Part: data.All(),
		Threshold: distance.Threshold{Value: 7.5}})
	if err != nil {
		t.Fatal(err)
	}
	// Of six in steps of 3, 5+4 of 15 pairs are within 6. Between the rows 3 is once, 6 twice: 3 of 36.
	w := r.Wrong
	if w == nil || w.Same != 30 || w.Different != 36 || w.FalseRejects.Value != 12.0/30 || w.FalseAccepts.Value != 3.0/36 {
		t.Fatalf("wrong answers %+v, want 3 of 36 and 12 of 30", w)
	}
	for _, m := range []Measured{w.FalseAccepts, w.FalseRejects} {
		if i := m.Interval; !(i.Low < m.Value && m.Value < i.High) {
			t.Errorf("%s: interval %+v of %g", m.Name, i, m.Value)
		}
	}
}
