package augment

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFlip(t *testing.T) {
	for _, size := range []int{1, side, side + 1} {
		a, pixels := augmenter(t, "{flip: {probability: 1}}", 1), picture(size, 1)
		once := applied(a, pixels, size, Draw{})
		for i := range pixels {
			y, x, k := i/3/size, i/3%size, i%3
			if want := pixels[3*(size*y+size-1-x)+k]; once[i] != want {
				t.Fatalf("size %d: pixel %d,%d is %d, want %d", size, x, y, once[i], want)
			}
		}
		if !bytes.Equal(applied(a, once, size, Draw{}), pixels) {
			t.Errorf("size %d: flipped twice is not the image", size)
		}
	}
}

func TestTurns(t *testing.T) {
	a := augmenter(t, "{turns: {}}", 1)
	if a.Classes() != 4 {
		t.Fatalf("Classes() = %d, want 4", a.Classes())
	}
	for _, size := range []int{1, side, side + 1} {
		want := picture(size, 1)
		for turn := range 4 {
			got := applied(a, picture(size, 1), size, Draw{Turn: turn})
			if !bytes.Equal(got, want) {
				t.Errorf("size %d: turn %d is not exact", size, turn)
			}
			next := make([]uint8, len(want))
			for i := range want {
				y, x, k := i/3/size, i/3%size, i%3
				next[3*(size*x+size-1-y)+k] = want[i]
			}
			want = next
		}
		if !bytes.Equal(want, picture(size, 1)) {
			t.Errorf("size %d: four turns are not the image", size)
		}
	}
	rotated := picture(side, 1)
	c := canvas{}
	c.set(rotated, side, 0)
	c.move(rotation(90), border{})
	c.settle()
	if !bytes.Equal(rotated, applied(a, picture(side, 1), side, Draw{Turn: 1})) {
		t.Error("rotation(90) is not the exact turn")
	}
}

// bilinear reads src at x, y by the textbook's formula.
func bilinear(src []uint8, size int, x, y float64, k int, b border) float64 {
	x0, y0 := math.Floor(x), math.Floor(y)
	v := 0.0
	for dy := range 2 {
		for dx := range 2 {
			w := math.Abs(1-float64(dx)-(x-x0)) * math.Abs(1-float64(dy)-(y-y0))
			v += w * float64(b.at(src, size, int(x0)+dx, int(y0)+dy)[k])
		}
	}
	return v
}

func TestSample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		b := border{edge: r.IntN(2) == 0, colour: [3]uint8{255, 128, 0}}
		m := matrix{r.NormFloat64(), r.NormFloat64(), 4 * r.NormFloat64(),
			r.NormFloat64(), r.NormFloat64(), 4 * r.NormFloat64()}
		src := picture(side, r.Uint64())
		got, want := make([]uint8, len(src)), make([]float64, len(src))
		sample(got, src, side, m, b)
		const centre = (side - 1) / 2.
		for i := range want {
			x, y := float64(i/3%side)-centre, float64(i/3/side)-centre
			want[i] = bilinear(src, side, m.a*x+m.b*y+m.c+centre, m.d*x+m.e*y+m.f+centre, i%3, b)
		}
		near(t, "sample", got, want, 0.7) // half for rounding, weights in steps of 1/2048
	}
}

func TestMatrix(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 20 {
		o := affineOptions{Degrees: 180, Shear: 0.9, Scale: span{0.5, 2}, Shift: 1, Each: 1}
		m := o.draw(r, side)
		got := m.inverse().after(m)
		for _, d := range []float64{got.a - 1, got.b, got.c, got.d, got.e - 1, got.f} {
			if math.Abs(d) > 1e-9 {
				t.Fatalf("inverse after %+v = %+v, want no move", m, got)
			}
		}
	}
	// First a quarter turn clockwise, then 3 to the right: (1, 0) → (0, 1) → (3, 1).
	m := translation(3, 0).after(quarters[1])
	if x, y := m.a+m.c, m.d+m.f; x != 3 || y != 1 {
		t.Errorf("(1, 0) goes to (%g, %g), want (3, 1)", x, y)
	}
}

func TestBorder(t *testing.T) {
	grey := bytes.Repeat([]uint8{90}, side*side*3)
	shift := func(b border, c *canvas) { c.move(translation(side/2, 0), b) }
	white, edge := border{colour: [3]uint8{255, 255, 255}}, border{edge: true}
	for _, c := range []struct {
		moves []border
		want  [2]uint8 // left and middle column
	}{
		{[]border{white}, [2]uint8{255, 90}}, {[]border{edge}, [2]uint8{90, 90}},
		{[]border{white, edge}, [2]uint8{255, 255}}, {[]border{edge, white}, [2]uint8{255, 90}},
		{[]border{{ground: true}}, [2]uint8{90, 90}},
	} {
		pixels := slices.Clone(grey)
		var v canvas
		v.set(pixels, side, 0)
		for _, b := range c.moves {
			shift(b, &v)
		}
		v.settle()
		if got := [2]uint8{pixels[0], pixels[3*side/2]}; got != c.want {
			t.Errorf("borders %+v: columns %v, want %v", c.moves, got, c.want)
		}
	}
}

func TestGround(t *testing.T) {
	for _, c := range []struct{ paper, ink [3]uint8 }{
		{[3]uint8{255, 255, 255}, [3]uint8{}}, {[3]uint8{}, [3]uint8{255, 255, 255}},
		{[3]uint8{200, 20, 90}, [3]uint8{10, 240, 90}},
	} {
		for _, size := range []int{1, side, side + 1} {
			pixels := bytes.Repeat(c.paper[:], size*size)
			for i := range size * size { // the left column, its corners counted twice, and the middle
				if x, y := i%size, i/size; x == 0 && size > 1 || x > 1 && y > 1 && x < size-1 && y < size-1 {
					copy(pixels[3*i:], c.ink[:])
				}
			}
			if got := ground(pixels, size); got != c.paper {
				t.Errorf("size %d: ground of %v is %v", size, c.paper, got)
			}
		}
	}
}
