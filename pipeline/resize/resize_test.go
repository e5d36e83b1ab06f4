package resize

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/internal/named"
)

// noise returns an opaque picture of random colours: the hardest input of a filter.
func noise(w, h int) *image.NRGBA {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.Uint32())
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

func mustNew(t testing.TB, o Options) Resizer {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func resized(r Resizer, src *image.NRGBA) []uint8 {
	dst := make([]uint8, r.Bytes())
	r.Into(dst, src)
	return dst
}

// triangle resizes the channels of src to w x h in float64, straight from the
// definition: weight max(0, 1 - |distance of centres| / s), s = max(1, ratio), in x
// and in y, normalised. Result [h,w,3] in 0..255.
func triangle(src *image.NRGBA, w, h int) []float64 {
	weight := func(out, in, n, of int) float64 {
		ratio := float64(of) / float64(n)
		centre := (float64(out) + 0.5) * ratio
		return math.Max(0, 1-math.Abs(float64(in)+0.5-centre)/math.Max(1, ratio))
	}
	b := src.Rect
	dst := make([]float64, 0, w*h*3)
	for y := range h {
		for x := range w {
			var sum [3]float64
			var total float64
			for v := range b.Dy() {
				wy := weight(y, v, h, b.Dy())
				if wy == 0 {
					continue
				}
				for u := range b.Dx() {
					k := wy * weight(x, u, w, b.Dx())
					c := src.NRGBAAt(b.Min.X+u, b.Min.Y+v)
					sum[0] += k * float64(c.R)
					sum[1] += k * float64(c.G)
					sum[2] += k * float64(c.B)
					total += k
				}
			}
			dst = append(dst, sum[0]/total, sum[1]/total, sum[2]/total)
		}
	}
	return dst
}

// checkNear fails unless got is want, of which it may be one level off: 0.5 for
// each of the two roundings.
func checkNear(t *testing.T, got []uint8, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(float64(got[i])-want[i]) > 1.000001 {
			t.Fatalf("value %d = %d, want %.3f", i, got[i], want[i])
		}
	}
}

func TestLinearIsTheTriangleFilter(t *testing.T) {
	sizes := [][3]int{ // source width and height, size
		{64, 48, 16}, {48, 64, 17}, {105, 105, 64}, {7, 5, 16}, {40, 6, 20}, {1, 50, 8}, {50, 1, 8},
		{1, 1, 5}, {33, 20, 1}, {16, 40, 16}, {40, 16, 16}, {16, 16, 16},
	}
	for _, s := range sizes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			src := noise(s[0], s[1])
			r := mustNew(t, Options{Size: s[2]})
			checkNear(t, resized(r, src), triangle(src, s[2], s[2]))
		})
	}
}

func TestCrop(t *testing.T) {
	tests := []struct {
		w, h   int
		square image.Rectangle // the centre
	}{
		{30, 20, image.Rect(5, 0, 25, 20)},
		{20, 31, image.Rect(0, 5, 20, 25)},
		{20, 20, image.Rect(0, 0, 20, 20)},
		{1, 50, image.Rect(0, 24, 1, 25)},
	}
	r := mustNew(t, Options{Size: 8, Mode: "crop"})
	for _, tt := range tests {
		src := noise(tt.w, tt.h)
		square := src.SubImage(tt.square).(*image.NRGBA)
		checkNear(t, resized(r, src), triangle(square, 8, 8))
	}
	exact := mustNew(t, Options{Size: 20, Mode: "crop"}) // nothing to resample
	src := noise(30, 20)
	got := resized(exact, src)
	if c := src.NRGBAAt(5, 0); !slices.Equal(got[:3], []uint8{c.R, c.G, c.B}) {
		t.Errorf("first pixel %v, want %v", got[:3], c)
	}
}

func TestPad(t *testing.T) {
	tests := []struct {
		w, h, size int
		inner      image.Rectangle // where the picture lies in the result
	}{
		{40, 20, 16, image.Rect(0, 4, 16, 12)},
		{20, 40, 16, image.Rect(4, 0, 12, 16)},
		{30, 20, 15, image.Rect(0, 2, 15, 12)}, // margin 5: 2 above, 3 below
		{10, 10, 16, image.Rect(0, 0, 16, 16)},
		{1, 5000, 64, image.Rect(31, 0, 32, 64)}, // 0.0128 pixels wide, kept at 1
		{5000, 1, 64, image.Rect(0, 31, 64, 32)},
		{1, 5000, 1, image.Rect(0, 0, 1, 1)},
	}
	for _, tt := range tests {
		src := noise(tt.w, tt.h)
		got := resized(mustNew(t, Options{Size: tt.size, Mode: "pad"}), src)
		want := make([]float64, len(got))
		for i := range want {
			want[i] = 255 // white
		}
		inner := triangle(src, tt.inner.Dx(), tt.inner.Dy())
		for y := range tt.inner.Dy() {
			n := 3 * tt.inner.Dx()
			copy(want[3*((tt.inner.Min.Y+y)*tt.size+tt.inner.Min.X):], inner[y*n:][:n])
		}
		checkNear(t, got, want)
	}
}

// TestAll holds every mode with every filter to what all have in common.
func TestAll(t *testing.T) {
	sizes := [][2]int{{1, 1}, {1, 5000}, {5000, 1}, {3, 2}, {28, 28}, {37, 90}}
	for _, mode := range Modes() {
		for _, filter := range Filters() {
			for _, size := range []int{1, 2, 28} {
				r := mustNew(t, Options{Size: size, Mode: mode, Filter: filter})
				for _, s := range sizes {
					src := noise(s[0], s[1])
					before := bytes.Clone(src.Pix)
					got := resized(r, src)
					if !bytes.Equal(before, src.Pix) {
						t.Fatalf("%v changed its source", r.Options())
					}
					if !bytes.Equal(got, resized(r, src)) {
						t.Fatalf("%v of %v differs from call to call", r.Options(), s)
					}
					white := noise(s[0], s[1])
					for i := range white.Pix {
						white.Pix[i] = 255
					}
					if i := slices.IndexFunc(resized(r, white), notWhite); i >= 0 {
						t.Fatalf("%v of a white %v: value %d is not 255", r.Options(), s, i)
					}
				}
			}
		}
	}
}

func notWhite(v uint8) bool { return v != 255 }

// TestSubImage resizes a part of a larger picture: other pixels must not leak in.
func TestSubImage(t *testing.T) {
	whole := noise(40, 30)
	part := whole.SubImage(image.Rect(7, 5, 27, 25)).(*image.NRGBA)
	alone := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for y := range 20 {
		copy(alone.Pix[y*alone.Stride:][:80], part.Pix[y*part.Stride:][:80])
	}
	for _, mode := range Modes() {
		for _, size := range []int{8, 20, 30} { // 20 is a copy
			r := mustNew(t, Options{Size: size, Mode: mode})
			if !bytes.Equal(resized(r, part), resized(r, alone)) {
				t.Errorf("%v: a part differs from its copy", r.Options())
			}
		}
	}
}

func TestNearest(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 5, 5))
	for i := range 25 {
		src.SetNRGBA(i%5, i/5, color.NRGBA{uint8(i), 0, 0, 255})
	}
	got := resized(mustNew(t, Options{Size: 2, Filter: "nearest"}), src)
	// floor(0.5·2.5) = 1, floor(1.5·2.5) = 3: pixels (1,1), (3,1), (1,3), (3,3).
	if want := []uint8{6, 0, 0, 8, 0, 0, 16, 0, 0, 18, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("nearest = %v, want %v", got, want)
	}
}

func TestNew(t *testing.T) {
	r := mustNew(t, Options{Size: 64})
	if got, want := r.Options().String(), "64x64 squash linear"; got != want {
		t.Errorf("options %q, want %q", got, want)
	}
	if got := r.Bytes(); got != 12288 { // 64·64·3
		t.Errorf("Bytes() = %d", got)
	}
	tests := []struct {
		o    Options
		want string
	}{
		{Options{}, "resize to size 0, want 1 to 4096"},
		{Options{Size: 4097}, "resize to size 4097, want 1 to 4096"},
		{Options{Size: 8, Mode: "stretch"},
			`unknown resize mode "stretch" (known: crop, pad, squash)`},
		{Options{Size: 8, Filter: "bilinear"},
			`unknown filter "bilinear" (known: box, cubic, lanczos, linear, nearest); did you mean linear?`},
	}
	for _, tt := range tests {
		_, err := New(tt.o)
		if err == nil || err.Error() != tt.want {
			t.Errorf("New(%+v): %v, want %s", tt.o, err, tt.want)
		}
		var unknown *named.UnknownError
		if tt.o.Mode+tt.o.Filter != "" && !errors.As(err, &unknown) {
			t.Errorf("New(%+v): %T, want *named.UnknownError", tt.o, err)
		}
	}
}

func TestIntoPanics(t *testing.T) {
	r := mustNew(t, Options{Size: 8})
	tests := map[string]func(){
		"resize: dst holds 8 bytes, want 192": func() { r.Into(make([]uint8, 8), noise(1, 1)) },
		"resize: src has no pixels":           func() { r.Into(make([]uint8, 192), noise(0, 5)) },
	}
	for want, call := range tests {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %s", got, want)
				}
			}()
			call()
		}()
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	r := mustNew(t, Options{Size: 16, Mode: "pad"})
	src := noise(50, 30)
	want := resized(r, src)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !bytes.Equal(resized(r, src), want) {
				t.Error("a concurrent call gives another result")
			}
		})
	}
	wg.Wait()
}

// BenchmarkInto resizes one picture at a time, and from GOMAXPROCS goroutines.
func BenchmarkInto(b *testing.B) {
	for _, s := range [][3]int{{28, 28, 28}, {105, 105, 64}, {28, 28, 64}, {256, 256, 64}, {256, 341, 224}} {
		for _, filter := range []string{"linear", "lanczos"} {
			src, r := noise(s[0], s[1]), mustNew(b, Options{Size: s[2], Filter: filter})
			name := fmt.Sprintf("%dx%d/to=%d/%s", s[0], s[1], s[2], filter)
			b.Run(name+"/one", func(b *testing.B) {
				b.ReportAllocs()
				dst := make([]uint8, r.Bytes())
				for b.Loop() {
					r.Into(dst, src)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
			b.Run(name+"/workers", func(b *testing.B) {
				b.RunParallel(func(pb *testing.PB) {
					dst := make([]uint8, r.Bytes())
					for pb.Next() {
						r.Into(dst, src)
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}
