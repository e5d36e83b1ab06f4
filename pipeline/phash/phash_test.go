package phash

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/pipeline/decode"
)

// scene draws a picture of overlapping discs on a gradient, another one for each seed.
func scene(width, height int, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	a, b := 40*r.Float64(), 215+40*r.Float64()
	for y := range height {
		for x := range width {
			v := uint8(a + (b-a)*float64(x+y)/float64(width+height))
			img.SetNRGBA(x, y, color.NRGBA{v, v, 255 - v, 255})
		}
	}
	for range 8 {
		cx, cy, radius := r.Float64(), r.Float64(), 0.05+0.12*r.Float64()
		c := color.NRGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		for y := range height {
			for x := range width {
				if math.Hypot((float64(x)+0.5)/float64(width)-cx, (float64(y)+0.5)/float64(height)-cy) < radius {
					img.SetNRGBA(x, y, c)
				}
			}
		}
	}
	return img
}

// plain is Of by the definition: every frequency as its double sum over the averaged luma, and
// every average by walking over fine cells.
func plain(img *image.NRGBA) Hash {
	size := img.Rect.Size()
	var luma [side][side]float64
	fine := func(n int) int { return n * side } // cells per line: pixels and areas are whole numbers of cells
	for y := range fine(size.Y) {
		for x := range fine(size.X) {
			c := img.NRGBAAt(x/side, y/side)
			luma[y/size.Y][x/size.X] += (0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)) /
				float64(size.X*size.Y)
		}
	}
	var h Hash
	k := 0
	for sum := 1; k < count; sum++ {
		for row := 0; row <= sum && k < count; row++ {
			total := 0.0
			for y := range side {
				for x := range side {
					total += luma[y][x] * math.Cos(math.Pi/side*(float64(y)+0.5)*float64(row)) *
						math.Cos(math.Pi/side*(float64(x)+0.5)*float64(sum-row))
				}
			}
			if total > 0 {
				h |= 1 << k
			}
			k++
		}
	}
	return h
}

func TestOfIsItsDefinition(t *testing.T) {
	for seed, size := range []image.Point{{33, 20}, {7, 5}, {64, 64}, {40, 31}} {
		img := scene(size.X, size.Y, uint64(seed))
		got, ok := Of(img)
		if want := plain(img); !ok || got != want {
			t.Errorf("%v: Of = %v, %t, want %v by the double sums", size, got, ok, want)
		}
	}
}

func TestCopiesAreNear(t *testing.T) {
	for seed := range uint64(20) {
		img := scene(200, 150, seed)
		h, ok := Of(img)
		if !ok {
			t.Fatalf("scene %d has no hash", seed)
		}
		for name, other := range copies(t, img) {
			got, ok := Of(other)
			if d := got.Distance(h); !ok || d > Near {
				t.Errorf("scene %d, %s: distance %d, %t, want at most %d", seed, name, d, ok, Near)
			}
		}
		if other, _ := Of(scene(200, 150, seed+1000)); other.Distance(h) <= Near {
			t.Errorf("scenes %d and %d: distance %d, want above %d", seed, seed+1000, other.Distance(h), Near)
		}
	}
}

// copies returns pictures that a person would call img.
func copies(t *testing.T, img *image.NRGBA) map[string]*image.NRGBA {
	t.Helper()
	size := img.Rect.Size()
	half := imaging.Resize(img, size.X/2, size.Y/2, imaging.Lanczos)
	return map[string]*image.NRGBA{
		"JPEG 50": encoded(t, img, 50), "JPEG 75": encoded(t, img, 75), "JPEG 95": encoded(t, img, 95),
		"half": half, "half, JPEG 70": encoded(t, half, 70),
		"twice": imaging.Resize(img, 2*size.X, 2*size.Y, imaging.CatmullRom),
	}
}

func encoded(t *testing.T, img image.Image, quality int) *image.NRGBA {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	out, err := decode.Decode(b.Bytes(), decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDrawingsHaveNone: ink on paper, and a wall.
func TestDrawingsHaveNone(t *testing.T) {
	ink := image.NewNRGBA(image.Rect(0, 0, 105, 105))
	draw.Draw(ink, ink.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(ink, image.Rect(20, 40, 80, 46), image.Black, image.Point{}, draw.Src)
	wall := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	r := rand.New(rand.NewPCG(3, 3))
	for i := range wall.Pix {
		wall.Pix[i] = uint8(126 + r.IntN(5)) // around a border of tones
	}
	for name, img := range map[string]*image.NRGBA{"ink": ink, "wall": wall} {
		if h, ok := Of(img); ok {
			t.Errorf("%s has the hash %v, want none", name, h)
		}
	}
}

func TestParse(t *testing.T) {
	for _, h := range []Hash{0, 1, 0xfedcba9876543210} {
		if got, err := Parse(h.String()); err != nil || got != h {
			t.Errorf("Parse(%q) = %v, %v", h.String(), got, err)
		}
	}
	for _, text := range []string{"", "12", "zz00000000000000", "00000000000000000"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = nil error", text)
		}
	}
}

// TestFindIsAScan: the index gives what comparing with every hash gives.
func TestFindIsAScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	hashes := make([]Hash, 3000)
	for i := range hashes {
		hashes[i] = Hash(r.Uint64())
		if i > 0 && i%3 == 0 { // near another one
			hashes[i] = hashes[r.IntN(i)]
			for range r.IntN(14) {
				hashes[i] ^= 1 << r.IntN(64)
			}
		}
	}
	x := NewIndex(hashes)
	found := 0
	for i := 0; i < len(hashes); i += 7 {
		for _, distance := range []int{0, Near, Near + 1, Alike, Alike + 1, farthest} {
			var want []int
			for row, h := range hashes {
				if h.Distance(hashes[i]) <= distance {
					want = append(want, row)
				}
			}
			if got := x.Find(hashes[i], distance); !slices.Equal(got, want) {
				t.Fatalf("Find(%v, %d) = %v, want %v", hashes[i], distance, got, want)
			}
			if got := x.Others(hashes[i], i, distance); got != (len(want) > 1) {
				t.Fatalf("Others(%v, %d, %d) = %v, want %v", hashes[i], i, distance, got, !got)
			}
			found += len(want) - 1
		}
	}
	if found == 0 {
		t.Error("no hash has a neighbour: the test tests nothing")
	}
}

// TestGrocery: copies of real photos are near, other photos are not.
func TestGrocery(t *testing.T) {
	root := filepath.Join(os.Getenv("TFPAIR_DATA"), "grocery")
	if _, err := os.Stat(root); os.Getenv("TFPAIR_DATA") == "" || err != nil {
		t.Skip("grocery photos are not here: TFPAIR_DATA names the folder that holds them")
	}
	var seen []Hash
	for i, img := range photos(t, root, "train", 8) {
		h, ok := Of(img)
		if !ok {
			continue
		}
		seen = append(seen, h)
		if i%4 > 0 {
			continue
		}
		for name, other := range copies(t, img) {
			if got, ok := Of(other); !ok || got.Distance(h) > Near {
				t.Errorf("photo %d, %s: distance %d, %t, want at most %d", i, name, got.Distance(h), ok, Near)
			}
		}
	}
	x, strangers := NewIndex(seen), photos(t, root, "test", 4)
	for i, img := range strangers {
		if h, ok := Of(img); ok && len(x.Find(h, Near)) > 0 {
			t.Errorf("photo %d of test is near one of train", i)
		}
	}
	t.Logf("%d photos, %d others", len(seen), len(strangers))
	if len(seen) < 300 {
		t.Errorf("%d of 330 photos have a hash, want nearly all", len(seen))
	}
}

// photos returns every n-th photo of a part.
func photos(t *testing.T, root, part string, n int) []*image.NRGBA {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, part, "*", "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, part, "*", "*", "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, more...)
	var list []*image.NRGBA
	for i := 0; i < len(paths); i += n {
		img, err := decode.Open(os.DirFS("/"), paths[i][1:], decode.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, img)
	}
	return list
}
