package suspects

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

func euclidean(t *testing.T) distance.Distance {
	t.Helper()
	d, err := distance.ByName("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// clouds returns data of classes that lie around corners, with embeddings; every wrong-th image has the label of
// the next class.
func clouds(classes, per, wrong int) (d *dataset.Dataset, embeddings []float32, planted map[string]bool) {
	r := rand.New(rand.NewPCG(1, 2))
	d, planted = &dataset.Dataset{}, map[string]bool{}
	for c := range classes {
		d.Classes = append(d.Classes, fmt.Sprintf("class%d", c))
	}
	for i := range classes * per {
		class := i % classes
		for k := range classes {
			x := r.NormFloat64()
			if k == class {
				x += 8
			}
			embeddings = append(embeddings, float32(x))
		}
		path := fmt.Sprintf("%03d.png", i)
		if i%wrong == wrong-1 {
			planted[path] = true
			class = (class + 1) % classes
		}
		d.Images = append(d.Images, dataset.Image{Path: path, Class: int32(class)})
	}
	return d, embeddings, planted
}

func upTo(n int) (images []int32) {
	for i := range n {
		images = append(images, int32(i))
	}
	return images
}

// TestImages: all planted labels are found, and nothing else; what they seem to be is right.
func TestImages(t *testing.T) {
	d, embeddings, planted := clouds(4, 30, 17)
	list := Images(d, upTo(80), upTo(120)[80:], embeddings, euclidean(t))
	held := 0
	for i := range 80 {
		if planted[d.Images[i].Path] {
			held++
		}
	}
	if len(list) != held {
		t.Errorf("%d suspects, want %d", len(list), held)
	}
	for _, s := range list {
		if want := d.Classes[s.image%4]; !planted[s.Image] || s.Seems != want || s.Score <= 1 {
			t.Errorf("%+v, want one that seems %s", s, want)
		}
	}
}

// TestImagesScore against a plain loop: the mean of the three nearest of the class over that of the best other.
func TestImagesScore(t *testing.T) {
	d, embeddings, _ := clouds(3, 8, 5)
	by := euclidean(t)
	mean := func(i int, class int32) float64 {
		least := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
		for k, image := range d.Images {
			if k == i || image.Class != class {
				continue
			}
			x := 0.0
			for j := range 3 {
				diff := float64(embeddings[3*i+j]) - float64(embeddings[3*k+j])
				x += diff * diff
			}
			x = math.Sqrt(x)
			for at := range least {
				if x < least[at] {
					x, least[at] = least[at], x
				}
			}
		}
		return (least[0] + least[1] + least[2]) / 3
	}
	list := Images(d, upTo(24), nil, embeddings, by)
	if len(list) == 0 {
		t.Fatal("no suspects")
	}
	for _, s := range list {
		own, best := mean(int(s.image), d.Images[s.image].Class), math.Inf(1)
		for c := range int32(3) {
			if c != d.Images[s.image].Class {
				best = min(best, mean(int(s.image), c))
			}
		}
		if math.Abs(s.Score-own/best) > 1e-4*s.Score {
			t.Errorf("%s: score %g, want %g", s.Image, s.Score, own/best)
		}
	}
}

// TestPairs and its order: the farther beyond the threshold, the more doubtful.
func TestPairs(t *testing.T) {
	d := &dataset.Dataset{Images: []dataset.Image{{Path: "a"}, {Path: "b"}, {Path: "c"}}}
	pairs := []dataset.Pair{{Left: 0, Right: 1, Same: true, Line: 2}, {Left: 0, Right: 2, Same: true, Line: 3},
		{Left: 1, Right: 2, Line: 4}, {Left: 0, Right: 1, Line: 5}}
	list := Pairs(d, pairs, []float32{0.5, 3, 0.25, 2}, 1)
	Sort(list)
	if len(list) != 2 || list[0].Line != 4 || list[0].Score != 4 || list[0].Seems != "same" || list[1].Line != 3 || list[1].Score != 3 {
		t.Errorf("suspects %+v", list)
	}
	var text strings.Builder
	if err := Write(&text, list); err != nil {
		t.Fatal(err)
	}
	want := "score,image,other,label,seems,line\n4.000,b,c,different,same,4\n3.000,a,c,same,different,3\n"
	if text.String() != want {
		t.Errorf("list is\n%swant\n%s", text.String(), want)
	}
}

// TestLabelImages: a photo that is nearer to another label image.
func TestLabelImages(t *testing.T) {
	d := &dataset.Dataset{Images: []dataset.Image{{Path: "p"}, {Path: "q"}, {Path: "mug"}, {Path: "cup"}}}
	matches := []dataset.Match{{Image: 0, Label: 2, Line: 2}, {Image: 1, Label: 2, Line: 3}}
	list := LabelImages(d, matches, []int32{2, 3}, []float32{0.1, 0, 0.9, 0}, []float32{0, 0, 1, 0}, euclidean(t))
	if len(list) != 1 || list[0].Image != "q" || list[0].Seems != "cup" || math.Abs(list[0].Score-9) > 1e-4 {
		t.Errorf("suspects %+v", list)
	}
	if rows, err := Sheet(d, nil); len(rows) != 1 || err != nil {
		t.Errorf("a sheet of nothing has %d rows (%v)", len(rows), err)
	}
}

// TestImagesOfFew: of four pictures of a class, one from another side does not make the others doubtful, and a label that is
// wrong does: the nearest picture of a class counts, not the mean of all.
func TestImagesOfFew(t *testing.T) {
	d := &dataset.Dataset{Classes: []string{"cup", "jar"}}
	var embeddings []float32
	for i, at := range []struct {
		class int32
		x     float32
	}{{0, 0}, {0, 1}, {0, 9}, {0, 10}, {1, 4}, {1, 5}, {1, 5.5}, {1, 0.5}} {
		d.Images = append(d.Images, dataset.Image{Path: fmt.Sprintf("%d.png", i), Class: at.class})
		embeddings = append(embeddings, at.x)
	}
	list := Images(d, upTo(8)[2:8], upTo(2), append(embeddings[2:8:8], embeddings[:2]...), euclidean(t))
	if len(list) != 1 || list[0].Image != "7.png" || list[0].Seems != "cup" || list[0].Score != 7 {
		t.Errorf("suspects are %+v, want 7.png alone, which seems a cup: 3.5 to the nearest jar, 0.5 to a cup", list)
	}
}
