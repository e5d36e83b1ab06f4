package resize

import (
	"bytes"
	"fmt"
	"image"
	"testing"

	"github.com/disintegration/imaging"
)

// steps returns an opaque picture of few levels, so that many means lie in the middle between two levels.
func steps(w, h int) *image.NRGBA {
	m := noise(w, h)
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] = 254 + m.Pix[i]%2
			if i%3 == 0 {
				m.Pix[i] %= 8
			}
		}
	}
	return m
}

// TestResampleIsImaging: imaging is the oracle, for sizes whose sums are true in fixed point and others.
func TestResampleIsImaging(t *testing.T) {
	sizes := [][4]int{ // of the source and of the result
		{256, 256, 64, 64}, {256, 256, 224, 224}, {128, 128, 64, 64}, {96, 80, 64, 64}, {100, 75, 22, 22}, {500, 375, 112, 112},
		{28, 28, 64, 64}, {64, 48, 64, 24}, {48, 64, 24, 64}, {64, 64, 64, 64}, {1, 1, 7, 5}, {1, 300, 3, 2}, {300, 1, 2, 3},
		{37, 41, 1, 1}, {3000, 2, 1, 1}, {17, 13, 16, 12}, {16, 12, 17, 13}, {7, 9, 300, 200}, {105, 105, 28, 28}, {105, 105, 64, 64},
	}
	for _, s := range sizes {
		for _, filter := range Filters() {
			r := mustNew(t, Options{Size: 8, Filter: filter})
			for name, src := range map[string]*image.NRGBA{"noise": noise(s[0], s[1]), "steps": steps(s[0], s[1])} {
				t.Run(fmt.Sprint(s, filter, name), func(t *testing.T) {
					want := imaging.Resize(src, s[2], s[3], r.filter)
					for _, plain := range []bool{true, !fast} {
						w := work{axes: r.axes, plain: plain}
						for range 2 { // the second time in used memory
							if got := w.resample(src, s[2], s[3]); got.Rect != want.Rect || !bytes.Equal(got.Pix[:len(want.Pix)], want.Pix) {
								t.Errorf("without kernels %v: %v differ, want what imaging makes", plain, differences(got.Pix, want.Pix))
							}
						}
					}
				})
			}
		}
	}
}

// differences counts how many bytes differ by how much.
func differences(a, b []uint8) map[int]int {
	by := map[int]int{}
	for i := range min(len(a), len(b)) {
		if d := int(a[i]) - int(b[i]); d != 0 {
			by[d]++
		}
	}
	return by
}

// TestOnlyFiltersBelowZeroAreImagings: pictures are brought to a size by resample itself where no weight is negative.
func TestOnlyFiltersBelowZeroAreImagings(t *testing.T) {
	for filter, want := range map[string]bool{"linear": true, "box": true, "cubic": false, "lanczos": false, "nearest": false} {
		a := newAxis(22, 100, mustNew(t, Options{Size: 8, Filter: filter}).filter)
		if got := a != nil; got != want {
			t.Errorf("filter %s is done by resample: %v, want %v", filter, got, want)
		}
	}
}
