package quantize

import (
	"math"
	"slices"
	"testing"
)

// seen returns what was observed of x, with so many channels.
func seen(x []float32, channels int) *Observed {
	o := &Observed{}
	o.Widen(x, []int64{1, 1, int64(len(x) / channels), int64(channels)})
	o.Count(x)
	return o
}

// TestShift: each channel is shifted by its own least number, and the range is that of all shifted ones.
func TestShift(t *testing.T) {
	o := seen([]float32{-2, 5, 1, 7, 0, 6}, 2) // -2 1 0 and 5 7 6
	r, err := o.Choose(MinMax)
	if err != nil || !slices.Equal(r.Shift, []float32{2, 0}) || r.Max != 7 {
		t.Errorf("range %+v, %v; want shifts 2 and 0, and 7", r, err)
	}
	if r, err = seen([]float32{0, 0}, 1).Choose(MSE); err != nil || r.Shift != nil || r.Max != 1 {
		t.Errorf("zeros alone: %+v, %v; want 1", r, err)
	}
	if _, err := o.Choose("median"); err == nil {
		t.Error("an unknown method is no error")
	}
}

// TestMethods: one number of 20,000 that lies far out sets the range of extremes alone. The method of least error
// has, by a plain loop over the numbers, no more error than the others.
func TestMethods(t *testing.T) {
	x := make([]float32, 20000)
	for i := range x {
		x[i] = float32(i%1000) / 1000
	}
	x[7] = 10
	o := seen(x, 1)
	worst := map[Method]float64{}
	for _, m := range Methods {
		r, err := o.Choose(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range x {
			q := math.Min(math.Round(float64(v)*255/float64(r.Max)), 255)
			e := float64(v) - q*float64(r.Max)/255
			worst[m] += e * e
		}
		if far := r.Max > 9; far != (m == MinMax) && m != MSE {
			t.Errorf("%s: range %g", m, r.Max)
		}
	}
	// The histogram has 8 bins a step, which the sum of errors cannot resolve: a hundredth.
	if worst[MSE] > 1.01*min(worst[MinMax], worst[Percentile]) {
		t.Errorf("squared errors %v: those of mse are not the least", worst)
	}
}
