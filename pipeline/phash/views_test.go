package phash

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"

	"github.com/disintegration/imaging"
)

// altered returns a picture as people alter it: cropped, framed, written on.
func altered(img *image.NRGBA) map[string]*image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	framed := imaging.New(w+w/8, h+h/8, color.NRGBA{250, 250, 250, 255})
	framed = imaging.PasteCenter(framed, img)
	written := imaging.Clone(img)
	draw.Draw(written, image.Rect(0, h*5/6, w, h), image.NewUniform(color.NRGBA{20, 20, 20, 255}), image.Point{}, draw.Src)
	return map[string]*image.NRGBA{
		"crop of 10 % at the left": imaging.Crop(img, image.Rect(w/10, 0, w, h)),
		"crop of 5 % all around":   imaging.CropCenter(img, w*95/100, h*95/100),
		"frame":                    framed,
		"writing below":            written,
	}
}

// TestViews: altered pictures are alike, others are not.
func TestViews(t *testing.T) {
	const n = 40
	originals := make([]Views, n)
	missed := map[string]int{}
	for i := range n {
		img := scene(120, 90, uint64(i))
		originals[i] = ViewsOf(img)
		for name, other := range altered(img) {
			v := ViewsOf(other)
			d, ok := originals[i].Distance(&v)
			back, backOk := v.Distance(&originals[i])
			if d != back || ok != backOk {
				t.Errorf("%s: distance %d one way and %d the other", name, d, back)
			}
			if !ok || d > Alike {
				missed[name]++
			}
		}
	}
	for name, k := range missed {
		if k > n/20 {
			t.Errorf("%s: %d of %d are not alike", name, k, n)
		}
	}
	for i := range n {
		for j := range i {
			if d, ok := originals[i].Distance(&originals[j]); ok && d <= Alike {
				t.Errorf("scenes %d and %d are alike: %d bits", i, j, d)
			}
		}
	}
}

// TestViewIndex holds the index against all pairs.
func TestViewIndex(t *testing.T) {
	var all []Views
	for i := range 12 {
		img := scene(120, 90, uint64(i))
		all = append(all, ViewsOf(img))
		for _, name := range []string{"crop of 10 % at the left", "frame", "writing below"} {
			all = append(all, ViewsOf(altered(img)[name]))
		}
	}
	index := NewViewIndex(len(all), func(i int) *Views { return &all[i] })
	found := map[[2]int]bool{}
	for i := range all {
		for _, j := range index.Find(&all[i]) {
			found[[2]int{min(i, j), max(i, j)}] = true
		}
	}
	for i := range all {
		for j := range i {
			if d, want := all[i].Alike(&all[j]); want && !found[[2]int{j, i}] {
				t.Errorf("pair %d, %d of %d bits is not found", j, i, d)
			}
		}
	}
}

// TestWindow: the hash of a window, taken from the averaged picture, is near that of the crop itself.
func TestWindow(t *testing.T) {
	img := scene(320, 320, 3)
	luma, _ := view(img)
	f := frame{0.1, 0.05, 1, 0.95}
	_, crop := view(imaging.Crop(img, image.Rect(32, 16, 320, 304)))
	p := f.projection()
	if d := p.view(luma, p.rows(luma)).Hash.Distance(crop.Hash); d > Near {
		t.Errorf("window and crop differ in %d bits", d)
	}
}

// TestInside: a plain border is found to the pixel, and a picture without one is left alone.
func TestInside(t *testing.T) {
	img := scene(100, 80, 5)
	framed := imaging.New(130, 100, color.NRGBA{255, 255, 255, 255})
	draw.Draw(framed, image.Rect(10, 5, 110, 85), img, image.Point{}, draw.Src)
	if got := inside(framed); got != image.Rect(10, 5, 110, 85) {
		t.Errorf("inside = %v, want (10,5)-(110,85)", got)
	}
	if got := inside(imaging.New(40, 40, color.White)); got != image.Rect(0, 0, 40, 40) {
		t.Errorf("inside of a plain picture = %v, want all of it", got)
	}
	if !slices.Contains([]image.Rectangle{img.Rect}, inside(img)) {
		t.Errorf("inside of a picture without a border = %v, want %v", inside(img), img.Rect)
	}
}
