package augment

import (
	"math"
	"slices"
	"testing"
)

func TestColour(t *testing.T) {
	pixels := picture(side, 4)
	grey := func(p []float64) float64 { return 0.299*p[0] + 0.587*p[1] + 0.114*p[2] }
	mean := make([]float64, 3)
	for i, v := range pixels {
		mean[i%3] += float64(v) / side / side
	}
	for _, c := range []struct {
		name    string
		formula func(p []float64, k int) float64
		change  tint
	}{
		{"brightness", func(p []float64, k int) float64 { return 1.7 * p[k] },
			tint{{1.7}, {0, 1.7}, {0, 0, 1.7}}},
		{"saturation", func(p []float64, k int) float64 { return grey(p) + 1.6*(p[k]-grey(p)) },
			towards(1.6)},
		{"grayscale", func(p []float64, _ int) float64 { return grey(p) }, towards(0)},
		{"darker, then less saturated", func(p []float64, k int) float64 {
			return 0.6 * (grey(p) + 0.5*(p[k]-grey(p)))
		}, towards(0.5).after(tint{{0.6}, {0, 0.6}, {0, 0, 0.6}})},
		{"hue of greys", func(p []float64, _ int) float64 { return grey(p) },
			hueTurn(50).after(towards(0))},
	} {
		got, want := slices.Clone(pixels), make([]float64, len(pixels))
		c.change.apply(got)
		for i := range want {
			p := []float64{float64(pixels[i/3*3]), float64(pixels[i/3*3+1]), float64(pixels[i/3*3+2])}
			want[i] = c.formula(p, i%3)
		}
		near(t, c.name, got, want, 0.51)
	}
}

func TestContrast(t *testing.T) {
	pixels := make([]uint8, side*side*3)
	for i := range pixels {
		pixels[i] = uint8(100 + i/3%2*50) // grey stripes of 100 and 150
	}
	a := augmenter(t, "{contrast: {amount: 1}}", 1)
	for epoch := range 20 {
		got := applied(a, pixels, side, Draw{Epoch: epoch})
		if sum := int(got[0]) + int(got[3]); sum < 249 || sum > 251 {
			t.Errorf("epoch %d: stripes of %d and %d, want 125 between them", epoch, got[0], got[3])
		}
	}
}

func TestHue(t *testing.T) {
	c := rgb{200, 120, 40}
	luma := func(c rgb) float64 {
		return 0.213*float64(c[0]) + 0.715*float64(c[1]) + 0.072*float64(c[2])
	}
	for degrees := -180.0; degrees <= 180; degrees += 15 {
		got := hueTurn(degrees).of(c)
		if math.Abs(luma(got)-luma(c)) > 0.15 { // the standard's numbers have three digits
			t.Errorf("%g degrees: luma %.2f, want %.2f", degrees, luma(got), luma(c))
		}
		back := hueTurn(-degrees).of(got)
		for k := range back {
			if math.Abs(float64(back[k]-c[k])) > 0.5 {
				t.Errorf("%g degrees and back: %v, want %v", degrees, back, c)
			}
		}
	}
	// Red turned by 120 degrees is more green than red or blue.
	if got := hueTurn(120).of(rgb{200, 50, 50}); got[1] < got[0] || got[1] < got[2] {
		t.Errorf("red turned by 120 degrees is %v", got)
	}
}
