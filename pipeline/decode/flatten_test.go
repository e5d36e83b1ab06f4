package decode

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// subImager is what image.Image types with pixels of their own offer.
type subImager interface {
	image.Image
	SubImage(image.Rectangle) image.Image
}

// TestFlatten compares each kind of image with a pixel by pixel blend in float64.
func TestFlatten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2)) // any seed
	b := image.Rect(-3, 5, 30, 26)
	some := func(n int) []uint8 {
		p := make([]uint8, n)
		for i := range p {
			p[i] = uint8(rng.Uint32())
		}
		return p
	}
	n, pal := b.Dx()*b.Dy(), color.Palette{}
	for range 256 {
		p := some(4)
		pal = append(pal, color.NRGBA{p[0], p[1], p[2], p[3]})
	}
	premultiplied, premultiplied64 := image.NewRGBA(b), image.NewRGBA64(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p := some(4)
			premultiplied.Set(x, y, color.NRGBA{p[0], p[1], p[2], p[3]})
			premultiplied64.Set(x, y, color.NRGBA{p[0], p[1], p[2], p[3]})
		}
	}
	images := map[string]subImager{
		"NRGBA":    &image.NRGBA{Pix: some(4 * n), Stride: 4 * b.Dx(), Rect: b},
		"RGBA":     premultiplied,
		"RGBA64":   premultiplied64,
		"NRGBA64":  &image.NRGBA64{Pix: some(8 * n), Stride: 8 * b.Dx(), Rect: b},
		"Gray":     &image.Gray{Pix: some(n), Stride: b.Dx(), Rect: b},
		"Gray16":   &image.Gray16{Pix: some(2 * n), Stride: 2 * b.Dx(), Rect: b},
		"Alpha":    &image.Alpha{Pix: some(n), Stride: b.Dx(), Rect: b},
		"CMYK":     &image.CMYK{Pix: some(4 * n), Stride: 4 * b.Dx(), Rect: b},
		"Paletted": &image.Paletted{Pix: some(n), Stride: b.Dx(), Rect: b, Palette: pal},
	}
	for r := image.YCbCrSubsampleRatio444; r <= image.YCbCrSubsampleRatio410; r++ {
		m := image.NewYCbCr(b, r)
		copy(m.Y, some(len(m.Y)))
		copy(m.Cb, some(len(m.Cb)))
		copy(m.Cr, some(len(m.Cr)))
		images[fmt.Sprint(r)] = m
	}
	nycbcra := image.NewNYCbCrA(b, image.YCbCrSubsampleRatio420)
	copy(nycbcra.Y, some(len(nycbcra.Y)))
	copy(nycbcra.A, some(len(nycbcra.A)))
	images["NYCbCrA"] = nycbcra
	for name, m := range images {
		for _, m := range []image.Image{m, m.SubImage(image.Rect(-2, 6, 21, 20))} {
			checkFlatten(t, name, m)
		}
	}
}

func checkFlatten(t *testing.T, name string, m image.Image) {
	t.Helper()
	flat, err := Flatten(m)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	checkForm(t, flat)
	b := m.Bounds()
	if flat.Rect.Size() != b.Size() {
		t.Fatalf("%s: size %v, want %v", name, flat.Rect.Size(), b.Size())
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, a := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
			blend := func(v uint32) uint8 {
				return uint8(math.Round(math.Min(65535, float64(v)+65535-float64(a)) / 257))
			}
			want := color.NRGBA{blend(r), blend(g), blend(bl), 255}
			// One level: At truncates where Flatten rounds.
			if got := flat.NRGBAAt(x, y); !near(got, want, 1) {
				t.Fatalf("%s: pixel (%d,%d) = %v, want %v", name, x, y, got, want)
			}
		}
	}
}

func TestFlattenCopies(t *testing.T) {
	m := paint(image.NewNRGBA(bounds), seeThrough)
	flat, err := Flatten(m)
	if err != nil {
		t.Fatal(err)
	}
	flat.Pix[0] = 77
	if m.Pix[0] == 77 || m.NRGBAAt(20, 2).A != 0 {
		t.Error("Flatten changed its argument")
	}
}

func TestFlattenRefuses(t *testing.T) {
	two := color.Palette{color.Black, color.White}
	tests := []struct {
		name string
		img  image.Image
		want string
	}{
		{"nil", nil, "no image"},
		{"typed nil", (*image.NRGBA)(nil), "panic"},
		{"0x0", image.NewNRGBA(image.Rectangle{}), "0x0 pixels"},
		{"no height", image.NewNRGBA(image.Rect(0, 0, 5, 0)), "5x0 pixels"},
		{"endless", image.NewUniform(color.White), "limit 16384 a side"},
		{"large", &image.Gray{Rect: image.Rect(0, 0, 16000, 16000)}, "limit 512 MiB"},
		{"palette index", &image.Paletted{Pix: []uint8{0, 1, 2, 0}, Stride: 2,
			Rect: image.Rect(0, 0, 2, 2), Palette: two}, "palette index 2 at (0,1), palette has 2 colours"},
		{"no palette", image.NewPaletted(bounds, nil), "palette has 0 colours"},
		{"nil colour", image.NewPaletted(bounds, color.Palette{nil}), "panic"},
		{"few pixels", &image.NRGBA{Pix: make([]uint8, 9), Stride: 8,
			Rect: image.Rect(0, 0, 2, 2)}, "panic"},
	}
	for _, tt := range tests {
		if _, err := Flatten(tt.img); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestLimitedRange compares with ITU-R BT.601 in float64, where Kr = 0.299 and
// Kb = 0.114.
func TestLimitedRange(t *testing.T) {
	for y := 0; y < 256; y += 3 {
		for cb := 0; cb < 256; cb += 5 {
			for cr := 0; cr < 256; cr += 5 {
				m := image.NewYCbCr(image.Rect(0, 0, 1, 1), image.YCbCrSubsampleRatio420)
				m.Y[0], m.Cb[0], m.Cr[0] = uint8(y), uint8(cb), uint8(cr)
				l := float64(y-16) * 255 / 219
				u, v := float64(cb-128)*255/224, float64(cr-128)*255/224
				clip := func(x float64) uint8 { return uint8(math.Round(min(max(x, 0), 255))) }
				want := color.NRGBA{clip(l + 1.402*v),
					clip(l - 1.772*0.114/0.587*u - 1.402*0.299/0.587*v), clip(l + 1.772*u), 255}
				if got := limitedRange(m).NRGBAAt(0, 0); !near(got, want, 1) {
					t.Fatalf("limitedRange(%d, %d, %d) = %v, want %v", y, cb, cr, got, want)
				}
			}
		}
	}
}
