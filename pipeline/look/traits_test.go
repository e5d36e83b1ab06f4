package look

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTraits: each of the three traits has a mean of 0 and a mean square length of 1; a look and its mirror
// image have the same colours and tints, and a brighter look of the same tint nearly the same tints.
func TestTraits(t *testing.T) {
	looks := shots(24, 1, rand.New(rand.NewPCG(5, 6)))
	points := traits(looks)
	ends := []int{0, coarse * coarse * 3, coarse*coarse*3 + len(Look{}), coarse*coarse*3 + len(Look{}) + 2*side*side}
	if len(points[0]) != ends[3] {
		t.Fatalf("%d numbers, want %d", len(points[0]), ends[3])
	}
	for part := range 3 {
		energy := 0.0
		for j := ends[part]; j < ends[part+1]; j++ {
			mean := 0.0
			for _, p := range points {
				mean += p[j] / 24
				energy += p[j] * p[j] / 24
			}
			if math.Abs(mean) > 1e-9 {
				t.Fatalf("trait %d, number %d: mean %g, want 0", part, j, mean)
			}
		}
		if math.Abs(energy-1) > 1e-9 {
			t.Errorf("trait %d: mean square length %g, want 1", part, energy)
		}
	}
	var mirror, bright Look
	for p := range side * side {
		for c := range 3 {
			mirror[3*p+c] = looks[0][3*(p/side*side+side-1-p%side)+c]
			bright[3*p+c] = 2*looks[0][3*p+c] + 16 // twice as bright with what is added to the dark
		}
	}
	same := func(what string, a, b []float64) {
		t.Helper()
		for j := range a {
			if math.Abs(a[j]-b[j]) > 1e-5 {
				t.Errorf("%s: number %d is %g, want %g", what, j, a[j], b[j])
				return
			}
		}
	}
	same("colours of a mirror image", mirror.colours(), looks[0].colours())
	same("tints of a mirror image", mirror.tints(), looks[0].tints())
	same("tints in brighter light", bright.tints(), looks[0].tints())
	if equal := traits(make([]Look, 3)); equal[1][0] != 0 {
		t.Errorf("equal looks: %g, want 0", equal[1][0])
	}
}
