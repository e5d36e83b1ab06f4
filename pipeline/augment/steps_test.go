package augment

import (
	"bytes"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

const side = 12 // of the tests' pictures; even and odd ones where it matters

// near compares pixels with an oracle's, each within tol.
func near(t *testing.T, what string, got []uint8, want []float64, tol float64) {
	t.Helper()
	for i := range got {
		if w := min(max(want[i], 0), 255); math.Abs(float64(got[i])-w) > tol {
			t.Fatalf("%s: value %d is %d, want %.3f ± %g", what, i, got[i], w, tol)
		}
	}
}

// TestIdentity: options that mean no change give the same pixels.
func TestIdentity(t *testing.T) {
	for _, text := range []string{
		"{affine: {degrees: 0, shear: 0, scale: [1, 1], shift: 0, each: 1}}", "{affine: {each: 0}}",
		"{rotate: {degrees: 0}}", "{translate: {shift: 0}}", "{crop: {area: [1, 1], ratio: [1, 1]}}",
		"{brightness: {amount: 0}}", "{contrast: {amount: 0}}", "{saturation: {amount: 0}}",
		"{hue: {degrees: 0}}", "{noise: {std: [0, 0], probability: 1}}", "{turns: {}}",
		"{flip: {probability: 0}}", "{blur: {probability: 0}}", "{jpeg: {probability: 0}}",
		"{erase: {probability: 0}}", "{grayscale: {probability: 0}}",
	} {
		for _, size := range []int{1, side, side + 1} {
			pixels := picture(size, 1)
			if !bytes.Equal(applied(augmenter(t, text, 1), pixels, size, Draw{}), pixels) {
				t.Errorf("%s changes %d×%d pixels", text, size, size)
			}
		}
	}
}

// TestTurns: 90 degrees clockwise takes the pixel at x, y to S-1-y, x, exactly.
// TestSample compares with the formula, for maps that leave the image too.
// TestBorder: what comes into sight is white, or the edge, and a second border does
// not change what the first has shown.
// TestGround: the paper's colour, with ink on less than half of the outermost pixels,
// and a colour of channels that agree with it one by one.
// TestColour compares each change of colour with a loop over its formula.
// TestContrast: the mean grey stays, distances from it are scaled.
// TestHue: luma stays, the colour circle comes round.
// TestBlur compares with the convolution, columns after rows, edges repeated.
func TestBlur(t *testing.T) {
	for _, sigma := range []float64{0.1, 0.7, 2, 8} {
		kernel := gaussian(sigma)
		sum := 0
		for _, w := range kernel {
			sum += w
		}
		if sum != 1<<kernelBits {
			t.Errorf("sigma %g: weights add up to %d", sigma, sum)
		}
		pixels := picture(side, 5)
		got := slices.Clone(pixels)
		var c canvas
		c.set(got, side, 0)
		c.blur(kernel)
		near(t, "blur", got, blurred(pixels, sigma), 1.05) // two roundings of half, and the weights'
		even := bytes.Repeat([]uint8{7, 99, 255}, side*side)
		c.set(even, side, 0)
		c.blur(kernel)
		if !bytes.Equal(even, bytes.Repeat([]uint8{7, 99, 255}, side*side)) {
			t.Errorf("sigma %g: an even colour changes", sigma)
		}
	}
}

// blurred is the two-dimensional sum, cut off at 3σ.
func blurred(pixels []uint8, sigma float64) []float64 {
	reach := int(math.Ceil(3 * sigma))
	out := make([]float64, len(pixels))
	for i := range out {
		sum, weights := 0., 0.
		for dy := -reach; dy <= reach; dy++ {
			for dx := -reach; dx <= reach; dx++ {
				w := math.Exp(-float64(dx*dx+dy*dy) / 2 / sigma / sigma)
				p := border{edge: true}.at(pixels, side, i/3%side+dx, i/3/side+dy)
				sum, weights = sum+w*float64(p[i%3]), weights+w
			}
		}
		out[i] = sum / weights
	}
	return out
}

// TestNoise: mean 0 and the standard deviation asked for, on 3·100² values.
func TestNoise(t *testing.T) {
	const size = 100
	pixels := bytes.Repeat([]uint8{128}, size*size*3)
	a := augmenter(t, "{noise: {std: [0.05, 0.05], probability: 1}}", 1)
	got := applied(a, pixels, size, Draw{})
	sum, squares := 0., 0.
	for _, v := range got {
		d := float64(v) - 128
		sum, squares = sum+d, squares+d*d
	}
	n := float64(len(got))
	if mean, std := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.3 || math.Abs(std-12.75) > 0.3 {
		t.Errorf("noise has mean %.2f and deviation %.2f, want 0 and 0.05·255 = 12.75", mean, std)
	}
}

// TestErase: one rectangle, its area and ratio within the options up to the rounding
// of its sides.
func TestErase(t *testing.T) {
	const size = 40
	a := augmenter(t, "{erase: {area: [0.1, 0.3], ratio: [0.5, 2], fill: '#010203', "+
		"probability: 1}}", 1)
	pixels := bytes.Repeat([]uint8{200}, size*size*3)
	for epoch := range 200 {
		got := applied(a, pixels, size, Draw{Epoch: epoch})
		left, top, right, bottom, count := size, size, -1, -1, 0
		for i := 0; i < len(got); i += 3 {
			x, y := i/3%size, i/3/size
			switch [3]uint8(got[i:]) {
			case [3]uint8{1, 2, 3}:
				left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
				count++
			case [3]uint8{200, 200, 200}:
			default:
				t.Fatalf("pixel %d,%d is %v", x, y, got[i:i+3])
			}
		}
		w, h := float64(right-left+1), float64(bottom-top+1)
		if float64(count) != w*h {
			t.Fatalf("epoch %d: %d pixels in a box of %g×%g", epoch, count, w, h)
		}
		if (w+0.5)*(h+0.5) < 0.1*size*size || (w-0.5)*(h-0.5) > 0.3*size*size {
			t.Errorf("epoch %d: %g×%g pixels, want 10 to 30 %% of %d", epoch, w, h, size*size)
		}
		if (h+0.5)/(w-0.5) < 0.5 || (h-0.5)/(w+0.5) > 2 {
			t.Errorf("epoch %d: height to width %g:%g, want 0.5 to 2", epoch, h, w)
		}
	}
}

// TestCrop: the part's area and ratio are as asked, and it lies inside.
func TestCrop(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	o := cropOptions{Area: span{0.2, 0.9}, Ratio: span{0.75, 4. / 3}}
	for range 500 {
		w, h := o.part(r)
		area, ratio := w*h, w/h
		if area < 0.2-1e-9 || area > 0.9+1e-9 || ratio < 0.75-1e-9 || ratio > 4./3+1e-9 {
			t.Fatalf("part of %g×%g: area %g, ratio %g", w, h, area, ratio)
		}
		back := o.draw(r, side).inverse()
		for _, corner := range [][2]float64{{-1, -1}, {1, -1}, {-1, 1}, {1, 1}} {
			x := back.a*corner[0]*side/2 + back.c
			y := back.e*corner[1]*side/2 + back.f
			if math.Abs(x) > side/2+1e-9 || math.Abs(y) > side/2+1e-9 {
				t.Fatalf("corner %v shows %g,%g, outside", corner, x, y)
			}
		}
	}
	long := cropOptions{Area: span{1, 1}, Ratio: span{2, 2}}
	if w, h := long.part(r); w != 1 || math.Abs(h-0.5) > 1e-9 {
		t.Errorf("where no part fits it is %g×%g, want 1×0.5", w, h)
	}
}

// TestAffineParts: each part is drawn with its probability, as the paper has it.
func TestAffineParts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	o := affineOptions{Scale: span{2, 2}, Each: 0.5}
	doubled, n := 0, 4000
	for range n {
		m := o.draw(r, side)
		for _, s := range []float64{m.a, m.e} {
			if s == 2 {
				doubled++
			} else if s != 1 {
				t.Fatalf("scaled by %g, want 1 or 2", s)
			}
		}
	}
	// Binomial, deviation √(8000/4) = 45.
	if doubled < n-200 || doubled > n+200 {
		t.Errorf("%d of %d scales drawn, want half", doubled, 2*n)
	}
}

// TestJPEG: low quality changes more than high, and an even colour hardly at all.
func TestJPEG(t *testing.T) {
	pixels := picture(side, 6)
	change := func(quality string) (sum int) {
		a := augmenter(t, "{jpeg: {quality: ["+quality+", "+quality+"], probability: 1}}", 1)
		for i, v := range applied(a, pixels, side, Draw{}) {
			sum += max(int(v), int(pixels[i])) - min(int(v), int(pixels[i]))
		}
		return sum / len(pixels)
	}
	if low, high := change("5"), change("100"); low <= high || high > 8 {
		t.Errorf("mean change %d at quality 5, %d at 100", low, high)
	}
	even := bytes.Repeat([]uint8{180, 90, 30}, side*side)
	got := applied(augmenter(t, "{jpeg: {quality: [95, 95], probability: 1}}", 1), even, side, Draw{})
	y, cb, cr := color.RGBToYCbCr(180, 90, 30)
	red, _, _ := color.YCbCrToRGB(y, cb, cr)
	if d := int(got[0]) - int(red); d < -4 || d > 4 {
		t.Errorf("even colour: red is %d, want about %d", got[0], red)
	}
}
