package graphs

import (
	"errors"
	"math"
	"testing"
)

// TestAtMost: comparing with the float32 decides as comparing with the threshold does, in a
// runtime that takes denormal numbers for zero, too.
func TestAtMost(t *testing.T) {
	next := math.Nextafter32(1, 2)
	for _, c := range []struct {
		x    float64
		want float32
	}{
		{0.5, 0.5}, {-1, -1}, {0, 0},
		{(1 + float64(next)) / 2, 1}, // between two neighbours: 1 is accepted, the next is not
		{-math.SmallestNonzeroFloat32, -0x1p-126}, {-1e-300, -0x1p-126},
		{math.SmallestNonzeroFloat32, 0}, {0x1p-126, 0x1p-126},
	} {
		if got := Limit(c.x); got != c.want {
			t.Errorf("Limit(%g) = %g, want %g", c.x, got, c.want)
		}
	}
}

// TestTooLarge: more weights than a graph holds as constants are refused before it is built.
func TestTooLarge(t *testing.T) {
	var large *TooLargeError
	tower := map[string][]float32{"backbone/dense/kernel": make([]float32, maxConstants/4+1)} // never written: takes no memory
	if _, err := BuildFolded(mustResolve(t, small(t)), tower, 1); !errors.As(err, &large) || large.Bytes != maxConstants+4 {
		t.Errorf("BuildFolded = %v, want *TooLargeError of %d bytes", err, maxConstants+4)
	}
}
