package variable

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	tg "github.com/galeone/tfgo"
)

// TestGlorotUniform: values lie within ±√(6/(fan_in+fan_out)), fill that range and
// have the mean and the variance of a uniform distribution, limit²/3.
func TestGlorotUniform(t *testing.T) {
	for _, c := range []struct {
		shape     []int64
		in, out   float64 // as Keras' compute_fans counts them
		tolerance float64 // five standard errors of the variance, 0.9/√n of it each
	}{
		{[]int64{3, 3, 32, 64}, 3 * 3 * 32, 3 * 3 * 64, 0.04},
		{[]int64{200, 100}, 200, 100, 0.04},
		{[]int64{5000}, 5000, 5000, 0.07},
	} {
		limit := math.Sqrt(6 / (c.in + c.out))
		values := GlorotUniform(rand.New(rand.NewPCG(1, 2)), c.shape)
		if int64(len(values)) != size(c.shape) {
			t.Fatalf("shape %v has %d values", c.shape, len(values))
		}
		sum, square, most := 0.0, 0.0, 0.0
		for _, v := range values {
			x := float64(v)
			sum, square, most = sum+x, square+x*x, max(most, math.Abs(x))
		}
		n := float64(len(values))
		if most > limit*(1+1e-6) || most < 0.99*limit {
			t.Errorf("shape %v: largest %v, want just below %v", c.shape, most, limit)
		}
		if mean := sum / n; math.Abs(mean) > 5*limit/math.Sqrt(3*n) {
			t.Errorf("shape %v: mean %v, want 0", c.shape, mean)
		}
		if got, want := square/n, limit*limit/3; math.Abs(got-want) > c.tolerance*want {
			t.Errorf("shape %v: variance %v, want %v", c.shape, got, want)
		}
	}
}

// TestNegativeGlorotUniform: the same draw, and never above 0.
func TestNegativeGlorotUniform(t *testing.T) {
	shape := []int64{20, 30}
	plain := GlorotUniform(rand.New(rand.NewPCG(3, 4)), shape)
	for i, v := range NegativeGlorotUniform(rand.New(rand.NewPCG(3, 4)), shape) {
		if want := -float32(math.Abs(float64(plain[i]))); v != want {
			t.Fatalf("value %d = %v, want %v", i, v, want)
		}
	}
}

// TestStart: a start depends on seed and key alone, not on what else a graph has.
func TestStart(t *testing.T) {
	start := func(seed uint64, keys ...string) map[string][]float32 {
		set, values := NewSet(tg.NewRoot(), "tower"), map[string][]float32{}
		for _, key := range keys {
			values[key] = set.Create(key, []int64{4, 4}, GlorotUniform).Start(seed)
		}
		return values
	}
	first, other := start(7, "a", "b"), start(7, "c", "b", "a")
	if !slices.Equal(first["a"], other["a"]) || !slices.Equal(first["b"], other["b"]) {
		t.Error("starts change with the variables beside them")
	}
	if slices.Equal(first["a"], first["b"]) || slices.Equal(first["a"], start(8, "a")["a"]) {
		t.Error("another key or seed starts alike")
	}
}
