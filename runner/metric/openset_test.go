package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainOpenSet is the mean of both shares, straight from its words.
func plainOpenSet(o OpenSet, threshold float64) float64 {
	sum := 0.0
	for i := range o.Known {
		if o.Right[i] && float64(o.Known[i]) <= threshold {
			sum++
		}
		if !(float64(o.Unknown[i]) <= threshold) {
			sum++
		}
	}
	return sum / float64(2*len(o.Known))
}

// drawOpenSet draws whole distances; what finds its answer finds the next one farther.
func drawOpenSet(r *rand.Rand) OpenSet {
	var o OpenSet
	for range 1 + r.IntN(20) {
		known, right := float32(r.IntN(8)), r.IntN(3) > 0
		unknown := known
		if right {
			unknown += float32(r.IntN(5))
		}
		o.Known, o.Right, o.Unknown = append(o.Known, known), append(o.Right, right),
			append(o.Unknown, unknown)
	}
	return o
}

func TestOpenSet(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 0))
	for try := range 300 {
		o := drawOpenSet(r)
		best := 0.0
		for threshold := -0.5; threshold < 13; threshold++ { // between all whole distances
			best = max(best, plainOpenSet(o, threshold))
		}
		threshold, mean, err := o.Calibrate()
		if err != nil || math.Abs(mean-best) > 1e-12 ||
			math.Abs(plainOpenSet(o, threshold)-best) > 1e-12 {
			t.Fatalf("try %d: threshold %g, mean %g, %v; the best is %g", try, threshold, mean, err, best)
		}
		detected, _ := Mean(o.Detected(threshold))
		accepted, _ := Mean(o.FalselyAccepted(threshold))
		if got := (detected + 1 - accepted) / 2; math.Abs(got-mean) > 1e-12 {
			t.Fatalf("try %d: %g detected, %g falsely accepted, mean %g", try, detected, accepted, mean)
		}
	}
}

func TestOpenSetByHand(t *testing.T) {
	o := OpenSet{
		Known:   []float32{1, 2, 3, 6},
		Right:   []bool{true, true, false, true},
		Unknown: []float32{4, 5, 3, 9},
	}
	// Refusing 4 and 5 and accepting 1 and 2 is right 2 + 4 times, with 3 and 6 accepted
	// 3 + 1 times, all refused 0 + 4 times.
	threshold, mean, err := o.Calibrate()
	if err != nil || threshold != 2.5 || mean != 6.0/8 {
		t.Errorf("threshold %g, mean %g, %v; want 2.5, 0.75", threshold, mean, err)
	}
	var empty *EmptyError
	if _, _, err := (OpenSet{}).Calibrate(); !errors.As(err, &empty) {
		t.Errorf("no queries: %v, want *EmptyError", err)
	}
	o.Unknown[0] = float32(math.NaN())
	var distance *DistanceError
	if _, _, err := o.Calibrate(); !errors.As(err, &distance) {
		t.Errorf("NaN: %v, want *DistanceError", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{7}, 7}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got, err := Median(c.values); err != nil || got != c.want {
			t.Errorf("Median(%v) = %g, %v, want %g", c.values, got, err, c.want)
		}
	}
	var empty *EmptyError
	if _, err := Median(nil); !errors.As(err, &empty) {
		t.Errorf("Median(nil): %v, want *EmptyError", err)
	}
}

// TestCoverageOfMedian: ranks are 1 + a geometric number of p = 0.2, whose median is
// the least m with 1 − 0.8^m >= 1/2, 4.
func TestCoverageOfMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 0))
	covered := 0
	for range 100 {
		values := make([]float64, 120)
		for i := range values {
			values[i] = 1 + math.Floor(math.Log(1-r.Float64())/math.Log(0.8))
		}
		_, got, err := Sample{}.Median(QueryValues{Values: values})
		if err != nil || got.Method != ByQueries || got.Units != 120 {
			t.Fatalf("interval %+v, %v", got, err)
		}
		if got.Low <= 4 && 4 <= got.High {
			covered++
		}
	}
	if covered < 90 { // whole numbers make intervals wider, never narrower
		t.Errorf("%d of 100 intervals cover, want at least 90", covered)
	}
}

// TestNearestTop holds the first of each query against a plain sort.
func TestNearestTop(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 0))
	for try := range 30 {
		query, gallery := randomSet(r, 20, 2, 3), randomSet(r, 1+r.IntN(30), 2, 3)
		k := 1 + r.IntN(8)
		got, err := NearestTop(query, gallery, euclidean, []QueryMetric{FirstRank}, k)
		if err != nil || len(got.Top) != len(got.Queries) {
			t.Fatalf("try %d: %d lists of %d queries, %v", try, len(got.Top), len(got.Queries), err)
		}
		for i, q := range got.Queries {
			want := make([]int32, len(gallery.Labels))
			for j := range want {
				want[j] = int32(j)
			}
			distance := func(j int32) float64 {
				return plainDistance(query.Embeddings[2*q:][:2], gallery.Embeddings[2*j:], euclidean)
			}
			slices.SortStableFunc(want, func(a, b int32) int { return int(distance(a) - distance(b)) })
			if !slices.Equal(got.Top[i], want[:min(k, len(want))]) {
				t.Fatalf("try %d, query %d: %v, want %v", try, q, got.Top[i], want[:min(k, len(want))])
			}
			rank := 1 + slices.IndexFunc(want, func(j int32) bool {
				return gallery.Labels[j] == query.Labels[q]
			})
			if got.Values[0][i] != float64(rank) {
				t.Fatalf("try %d, query %d: rank %g, want %d", try, q, got.Values[0][i], rank)
			}
		}
	}
}

// TestSearchRates: 59 strangers are too few for 5 %, 60 are enough, of which 3 may be accepted.
func TestSearchRates(t *testing.T) {
	var o OpenSet
	for i := range 60 {
		o.Unknown = append(o.Unknown, float32(60-i))
	}
	rates, err := o.Rates([]float64{0.01, 0.05})
	if err != nil || rates[0].Measurable || !rates[1].Measurable || rates[1].Threshold != 3.5 {
		t.Errorf("%+v, %v; want 1 %% refused, 3.5 for 5 %%", rates, err)
	}
	if accepted, _ := Mean(o.FalselyAccepted(rates[1].Threshold)); accepted != 0.05 {
		t.Errorf("%g of strangers are accepted, want 0.05", accepted)
	}
	o.Unknown = o.Unknown[:59]
	if rates, err = o.Rates([]float64{0.05}); err != nil || rates[0].Measurable || rates[0].Threshold != 0 {
		t.Errorf("of 59: %+v, %v; want 5 %% refused", rates, err)
	}
	if _, err = o.Rates([]float64{0}); err == nil {
		t.Error("a target of 0 is measured")
	}
}

// TestSides holds the nearest of both kinds against a plain loop.
func TestSides(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 0))
	for try := range 50 {
		set := randomSet(r, 1+r.IntN(20), 2, 3)
		got, err := NearestOther(set, euclidean, nil)
		if err != nil {
			t.Fatal(err)
		}
		for q := range set.Labels {
			want := Sides{-1, -1}
			for i, label := range set.Labels {
				side := &want.Other
				if label == set.Labels[q] && label >= 0 {
					side = &want.Own
				}
				distance := func(j int32) float64 {
					return plainDistance(set.Embeddings[2*q:][:2], set.Embeddings[2*j:][:2], euclidean)
				}
				if i != q && (*side < 0 || distance(int32(i)) < distance(*side)) {
					*side = int32(i)
				}
			}
			if got.Sides[q] != want {
				t.Fatalf("try %d, query %d: %+v, want %+v", try, q, got.Sides[q], want)
			}
		}
	}
}
