package half

import (
	"math"
	"math/rand/v2"
	"testing"
)

// value is what a half means, by the definition of IEEE 754: ±2^(e-15)·1.f, without
// the leading 1 where e is 0.
func value(h uint16) float64 {
	e, f := int(h>>10&31), float64(h&1023)/1024
	x := math.Ldexp(1+f, e-15)
	switch {
	case e == 31 && f == 0:
		x = math.Inf(1)
	case e == 31:
		return math.NaN()
	case e == 0:
		x = math.Ldexp(f, -14)
	}
	if h&0x8000 != 0 {
		x = math.Copysign(x, -1)
	}
	return x
}

// TestHalf: all halves mean what the definition says, and come back as they were.
func TestHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want, x := value(h), Float32(h)
		if math.IsNaN(want) {
			if !math.IsNaN(float64(x)) || !math.IsNaN(value(Of(x))) {
				t.Fatalf("Float32(%#04x) = %v, half of it %#04x; want NaN", h, x, Of(x))
			}
			continue
		}
		if float64(x) != want || math.Signbit(float64(x)) != math.Signbit(want) {
			t.Fatalf("Float32(%#04x) = %v, want %v", h, x, want)
		}
		if back := Of(x); back != h {
			t.Fatalf("Of(%v) = %#04x, want %#04x", x, back, h)
		}
	}
}

// TestHalfRounds: between each two neighbours the nearer is taken, in the middle the
// even one; so for the numbers beside the middle, and for numbers drawn.
func TestHalfRounds(t *testing.T) {
	check := func(x float32, want uint16) {
		t.Helper()
		if got := Of(x); got != want {
			t.Fatalf("Of(%v) = %#04x, want %#04x", x, got, want)
		}
		if got := Of(-x); got != want|0x8000 {
			t.Fatalf("Of(%v) = %#04x, want %#04x", -x, got, want|0x8000)
		}
	}
	for h := uint16(0); h < 0x7c00; h++ {
		next := value(h + 1)
		if h+1 == 0x7c00 {
			next = 65536 // where the next half would be: from the middle on all is infinite
		}
		middle := float32((value(h) + next) / 2) // exact: a half has 13 bits less
		check(middle, h+h&1)
		check(math.Nextafter32(middle, 0), h)
		check(math.Nextafter32(middle, math.MaxFloat32), h+1)
	}
	check(math.MaxFloat32, 0x7c00)
	check(math.SmallestNonzeroFloat32, 0)
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		x := math.Float32frombits(r.Uint32() &^ (1 << 31))
		if x != x || x > 65504 {
			continue
		}
		got := value(Of(x))
		for _, other := range []uint16{Of(x) + 1, Of(x) - 1} {
			if d := value(other); math.Abs(d-float64(x)) < math.Abs(got-float64(x)) {
				t.Fatalf("Of(%v) = %v, but %v is nearer", x, got, d)
			}
		}
	}
}
