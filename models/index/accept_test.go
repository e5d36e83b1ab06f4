package index

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
)

// crowd draws images of classes: the classes lie around 0, their images around them.
type crowd struct {
	*rand.Rand
	dim     int
	classes int // drawn so far
}

// class returns the vectors [n,dim] of n images of a new class.
func (c *crowd) class(n int) (name string, data []float32) {
	centre := make([]float64, c.dim)
	for i := range centre {
		centre[i] = c.NormFloat64()
	}
	for range n {
		for _, x := range centre {
			data = append(data, float32(x+0.4*c.NormFloat64()))
		}
	}
	c.classes++
	return fmt.Sprintf("class %d", c.classes), data
}

// images returns n images of each of so many new classes.
func (c *crowd) images(classes, n int) Strangers {
	var s Strangers
	for range classes {
		name, data := c.class(n)
		for range n {
			s.Classes = append(s.Classes, name)
		}
		s.Vectors = append(s.Vectors, data...)
	}
	return s
}

// indexOf returns an index of images.
func indexOf(t *testing.T, s Strangers, dim int) *Index {
	t.Helper()
	items := make([]Item, len(s.Classes))
	for i, class := range s.Classes {
		items[i] = Item{ID: fmt.Sprint(i), Path: fmt.Sprint(i), Class: class}
	}
	x, err := New(about("euclidean", dim), items, s.Vectors)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// accepted returns the share of strangers that x accepts.
func accepted(t *testing.T, x *Index, s Strangers) float64 {
	t.Helper()
	n := 0
	for _, found := range search(t, x, s.Vectors, 1) {
		if x.About().Accept.Accepts(found[0].Distance) {
			n++
		}
	}
	return float64(n) / float64(len(s.Classes))
}

// TestPromise: strangers of new classes are accepted as often as promised, on the average of 40
// indexes, whether few strangers of validation choose the threshold, the images of the index,
// or both.
func TestPromise(t *testing.T) {
	for _, c := range []struct {
		name                string
		classes, each       int // of the index
		validation, strange int // classes and images of each
		learned             bool
	}{
		{"10 images, validation", 5, 2, 10, 20, true},
		{"100 images, validation", 20, 5, 10, 20, true},
		{"100 images, few classes of validation", 20, 5, 5, 40, true},
		{"500 images, validation", 50, 10, 10, 20, true},
		{"100 images, their own", 20, 5, 0, 0, false},
		{"500 images, their own", 10, 50, 0, 0, false},
		{"100 images, both", 20, 5, 10, 20, false},
		{"10 images, both, few classes of validation", 5, 2, 5, 80, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &crowd{Rand: rand.New(rand.NewPCG(3, 7)), dim: 6}
			sum := 0.0
			const indexes = 40
			for range indexes {
				x := indexOf(t, r.images(c.classes, c.each), r.dim)
				x = x.Calibrate(Calibration{Promise: Promise, Learned: func(Item) bool { return c.learned },
					Strangers: r.images(c.validation, c.strange)})
				a := x.About().Accept
				if a == nil {
					t.Fatal(x.About().NoAccept)
				}
				if *a.FalsePositives > Promise || a.Images != x.Len() || (a.Detection == nil) != c.learned {
					t.Errorf("accept %+v", a)
				}
				sum += accepted(t, x, r.images(100, 5))
			}
			least := 0.03 // what tfpair promises of real images: 3 to 8 %
			if c.validation == minClasses {
				least = 0.02 // half of the promise is kept, so that it holds where classes differ more than these
			}
			if mean := sum / indexes; mean < least || mean > 0.08 {
				t.Errorf("%.4f of strangers are accepted on average, promised are %g", mean, Promise)
			} else {
				t.Logf("%.4f of strangers are accepted on average", mean)
			}
		})
	}
}

// TestStricter: 5 classes of 80 strangers and ten of one tell as much as 410²/(5·80²+10) = 5.25
// classes, so that 5.25²/(5.25²+5²) = 52 % of the promise is kept, and not 15²/(15²+5²) = 90 %.
func TestStricter(t *testing.T) {
	var list askedList
	for class := range 15 {
		for range []int{80, 1, 1}[class/5] { // 80 of the first five, 1 of the others
			list = append(list, asked{class: fmt.Sprint(class), weight: 1})
		}
	}
	if got, want := list.stricter(0.1), 0.0525; math.Abs(got-want) > 5e-4 {
		t.Errorf("of 5 classes of 80 and 10 of one the promise of 10 %% keeps %.4f, want %.4f", got, want)
	}
	for i := range list { // weights count as strangers do
		list[i].weight = 2.5
	}
	if got, want := list.stricter(0.1), 0.0525; math.Abs(got-want) > 5e-4 {
		t.Errorf("with weights of 2.5 it keeps %.4f, want %.4f", got, want)
	}
}

// TestCalibrateByHand: 40 classes of two images, 1 apart, begin 10 apart, so that each image is
// 9 or 10 from the next class. Of the promised tenth, 8 images of 80, the nearest are left.
func TestCalibrateByHand(t *testing.T) {
	var s Strangers
	for class := range 40 {
		name := fmt.Sprintf("class %02d", class)
		s.Classes, s.Vectors = append(s.Classes, name, name), append(s.Vectors, float32(10*class), float32(10*class+1))
	}
	x := indexOf(t, s, 1)
	y := x.Calibrate(Calibration{Promise: 0.1})
	// 78 of 80 strangers are exactly 9 away: any threshold of 9 or more accepts all of them.
	a := y.About().Accept
	if a.Value != -1 || *a.FalsePositives != 0 || *a.Detection != 0 || a.Strangers != 80 || a.Classes != 40 {
		t.Errorf("accept %+v, detected %g; want nothing accepted", a, *a.Detection)
	}
	if x.About().Accept != nil {
		t.Error("the index that was asked has changed")
	}

	// Strangers of 40 classes, 4 of them 1.5 from an image, all others 5.
	strangers := Strangers{}
	for i := range 80 {
		at := float32(10*(i/2)) + 5.5
		if i%20 == 0 {
			at = float32(10*(i/2)) + 2.5
		}
		strangers.Classes, strangers.Vectors = append(strangers.Classes, fmt.Sprint("stranger ", i)), append(strangers.Vectors, at)
	}
	// One that is of the index's class is no stranger.
	strangers.Classes, strangers.Vectors = append(strangers.Classes, "class 00"), append(strangers.Vectors, 0)
	y = x.Calibrate(Calibration{Promise: 0.06, Learned: func(Item) bool { return true }, Strangers: strangers})
	if a = y.About().Accept; a.Value != 3 || *a.FalsePositives != 4.0/80 || a.Detection != nil || a.Strangers != 80 {
		t.Errorf("accept %+v, want 3, midway from 1.5 to 4.5, 0.05 of 80 strangers", a)
	}
}

// TestUncalibrated: what is not possible is said.
func TestUncalibrated(t *testing.T) {
	r := &crowd{Rand: rand.New(rand.NewPCG(4, 0)), dim: 2}
	all := func(Item) bool { return true }
	unknown := r.images(30, 3)
	unknown.Classes[7] = ""
	for name, c := range map[string]struct {
		images Strangers
		by     Calibration
		want   string
	}{
		"unknown classes": {unknown, Calibration{}, "the class of 1 image is not known"},
		"few images":      {r.images(5, 2), Calibration{}, "10 images of classes that training has not seen can ask as strangers, want 60 to promise 5 %"},
		"learned":         {r.images(30, 3), Calibration{Learned: all}, "0 images of classes"},
		"one class":       {r.images(1, 90), Calibration{}, "0 images of classes"},
		"few classes of strangers": {r.images(5, 2), Calibration{Learned: all, Strangers: r.images(4, 90)},
			"the images that can ask as strangers are of 4 classes, want at least 5"},
	} {
		c.by.Promise = Promise
		x := indexOf(t, c.images, 2).Calibrate(c.by)
		if a := x.About(); a.Accept != nil || !strings.Contains(a.NoAccept, c.want) {
			t.Errorf("%s: threshold %+v, %q; want none, %q", name, a.Accept, a.NoAccept, c.want)
		}
	}
}

// TestVectors: numbers are read again bit for bit, and what is none is refused.
func TestVectors(t *testing.T) {
	s := Strangers{Classes: []string{"a"}, Vectors: Vectors{0, -1.5, 3e-45, 0.1}}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseStrangers(text, 4); err != nil || got.Classes[0] != "a" || !slices.Equal(got.Vectors, s.Vectors) {
		t.Errorf("strangers %+v (%v) of %s, want %+v", got, err, text, s)
	}
	for _, bad := range []string{`{"vectors":"AAA"}`, `{"vectors":"AAAA"}`, `{"classes":["a"],"vectors":"AAAAAA=="}`,
		`{"classes":["a"],"vectors":"AACAfwAAAAA="}`, "{"} { // 1 number of 2; infinity and 0
		if got, err := ParseStrangers([]byte(bad), 2); err == nil {
			t.Errorf("%s is read as %v", bad, got.Vectors)
		}
	}
}

// TestAcceptIsKept: a threshold is read again as it was written, and one of another number of
// images is dropped.
func TestAcceptIsKept(t *testing.T) {
	rate := 0.75
	a := Accept{Threshold: distance.Threshold{Value: 1.25, Source: "by hand"}, Promise: 0.05,
		Detection: &rate, Images: 9, Strangers: 60, Classes: 3}
	x := build(t, about("euclidean", 5), random(8, 9, 5)).Accepting(a)
	path := filepath.Join(t.TempDir(), "x.index")
	save(t, path, x, false)
	y, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := y.About().Accept; got == nil || *got.Detection != rate || got.Threshold != a.Threshold || got.Strangers != 60 {
		t.Errorf("read %+v, want %+v", got, a)
	}
	a.Images = 8
	if z, err := New(x.Accepting(a).About(), itemsOf(9), random(8, 9, 5)); err != nil || z.About().Accept != nil {
		t.Errorf("a threshold for 8 images is kept for 9 (%v)", err)
	}
}
