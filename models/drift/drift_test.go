package drift

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// feature returns the distribution of values.
func feature(values ...float64) Feature {
	return Sample{Size: values}.Reference().Features[0]
}

// TestDistance has distributions whose shares are known by hand.
func TestDistance(t *testing.T) {
	thirds := feature(1, 1, 2, 2, 3, 3)
	for _, c := range []struct {
		name      string
		reference Feature
		last      []float64
		want      float64
	}{
		{"all are one value", feature(5, 5, 5), []float64{5, 5}, 0},
		{"all are larger", feature(5, 5, 5), []float64{6, 7}, 1},
		{"all are smaller", feature(5, 6, 7), []float64{1, 2}, 1},
		{"the same thirds", thirds, []float64{1, 2, 3}, 0},
		{"half of the smallest", thirds, []float64{1, 1, 2, 3}, 1./2 - 1./3},
		{"none of the middle", thirds, []float64{1, 3}, 1./2 - 1./3},
		{"half accepted of all", feature(1, 1, 1, 1), []float64{0, 1}, 1. / 2},
	} {
		const step = 1. / quantiles // shares are known to so much
		if got := c.reference.distance(c.last); math.Abs(got-c.want) > step {
			t.Errorf("%s: distance %v, want %v to %v", c.name, got, c.want, step)
		}
	}
}

// TestDistanceAgainstShares compares with the largest difference of shares, counted at each value of either sample.
func TestDistanceAgainstShares(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 1))
	share := func(sorted []float64, x float64) float64 {
		n := 0
		for _, v := range sorted {
			if v <= x {
				n++
			}
		}
		return float64(n) / float64(len(sorted))
	}
	for range 50 {
		reference, last := make([]float64, 65+r.IntN(400)), make([]float64, 50+r.IntN(150))
		shift := 2 * r.Float64()
		for i := range reference {
			reference[i] = math.Round(10 * r.NormFloat64())
		}
		for i := range last {
			last[i] = math.Round(10 * (r.NormFloat64() + shift))
		}
		slices.Sort(last)
		var want float64
		for _, x := range slices.Concat(reference, last) {
			want = max(want, math.Abs(share(reference, x)-share(last, x)))
		}
		// A value of a rounded normal distribution has at most 4 % of the pictures, and lies between two quantiles.
		if got := feature(reference...).distance(last); math.Abs(got-want) > 2./quantiles {
			t.Errorf("shift %.2f: distance %v, want %v", shift, got, want)
		}
	}
}

// pictures returns n pictures of 16×16, noise around a mean of their own.
func pictures(r *rand.Rand, n int, factor float64) []uint8 {
	var all []uint8
	for range n {
		mean := 80 + 80*r.Float64()
		for range 16 * 16 * 3 {
			all = append(all, uint8(max(0, min(255, factor*(mean+30*r.NormFloat64())))))
		}
	}
	return all
}

// embeddings returns n embeddings of length 2.
func embeddings(r *rand.Rand, n int) []float32 {
	all := make([]float32, 2*n)
	for i := range all {
		all[i] = float32(r.NormFloat64())
	}
	return all
}

// crossed returns which features are beyond their limit.
func crossed(w *Window) (list []string) {
	for _, d := range w.Drifts() {
		if d.Distance > d.Limit {
			list = append(list, d.Feature)
		}
	}
	return list
}

func TestWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 2))
	s := Sample{}
	for range 300 {
		s.Pixels(pictures(r, 1, 1), 16)
		s.Embedding(embeddings(r, 1))
		s.Size(600+r.IntN(100), 400)
		s.Nearest(r.Float32(), r.IntN(10) > 0)
	}
	w := NewWindow(s.Reference())
	if got := w.Drifts(); got != nil {
		t.Fatalf("no picture: %v", got)
	}
	for i := range 2000 {
		w.Embedded(1, pictures(r, 1, 1), embeddings(r, 1))
		w.Sized(600+r.IntN(100), 400)
		w.Searched(r.Float32(), r.IntN(10) > 0)
		if got := crossed(w); got != nil {
			t.Fatalf("picture %d is like those of the reference: %v", i, got)
		}
	}
	if got := w.Drifts(); len(got) != 8 || got[0].Pictures != Pictures {
		t.Fatalf("%v, want 8 features of %d pictures", got, Pictures)
	}
	w.Embedded(200, pictures(r, 200, 0.5), embeddings(r, 200))
	if got := crossed(w); !slices.Contains(got, Brightness) || slices.Contains(got, Norm) {
		t.Errorf("200 pictures of half the brightness: %v is beyond its limit, want brightness and not norm", got)
	}
	for range 200 {
		w.Sized(4000, 3000)
		w.Searched(1+r.Float32(), false)
	}
	for _, want := range []string{Size, Nearest, Accepted} {
		if !slices.Contains(crossed(w), want) {
			t.Errorf("%s is within its limit", want)
		}
	}
}

// TestRounding: embeddings of length 1 are so to the last digits only.
func TestRounding(t *testing.T) {
	s := Sample{}
	for range 100 {
		s.Embedding([]float32{0.6, 0.8})
	}
	w := NewWindow(s.Reference())
	for range 100 {
		w.Embedded(1, make([]uint8, 3), []float32{0.6000001, 0.7999998})
	}
	if got := w.Drifts(); len(got) != 1 || got[0].Distance != 0 {
		t.Errorf("%v, want no drift of norm", got)
	}
}

func TestReferenceStored(t *testing.T) {
	want := Sample{Size: {1, 2, 3}, Norm: {1}}.Reference()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Reference
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(&got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

// TestDamagedReference: a manifest may hold anything.
func TestDamagedReference(t *testing.T) {
	for _, f := range []Feature{{Name: Norm}, {Name: Norm, Pictures: 1, Quantiles: []float64{1}},
		{Name: Norm, Pictures: 1, Quantiles: []float64{2, 1}}, {Name: Norm, Pictures: 0, Quantiles: []float64{1, 2}}} {
		w := NewWindow(&Reference{Features: []Feature{f}})
		w.Embedded(100, make([]uint8, 300), make([]float32, 100))
		if got := w.Drifts(); got != nil {
			t.Errorf("%v: %v", f, got)
		}
	}
}

func TestNilWindow(t *testing.T) {
	w := NewWindow(Sample{}.Reference())
	w.Embedded(1, make([]uint8, 3), []float32{1})
	w.Sized(1, 1)
	w.Searched(1, true)
	if w != nil || w.Drifts() != nil {
		t.Error("a window without a reference has drifts")
	}
}
