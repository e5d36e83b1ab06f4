package dataset

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// foldedClasses returns class folders of so many images.
func foldedClasses(sizes ...int) fstest.MapFS {
	m := fstest.MapFS{}
	for c, n := range sizes {
		for i := range n {
			m[fmt.Sprintf("c%02d/s%d_%03d.png", c, i/3, i)] = &fstest.MapFile{}
		}
	}
	return m
}

// held returns, of each image, in how many of the folds it is validation, after checking what
// every fold must keep: test is that of fold 0, nothing is in two splits, pairs of both kinds
// are on both sides.
func held(t *testing.T, open func() *Dataset, o SplitOptions) []int {
	t.Helper()
	all := open()
	if err := all.Assign(o); err != nil {
		t.Fatal(err)
	}
	if n := len(all.In(Val).Images); n > 0 {
		t.Fatalf("without a fold, %d images are held out", n)
	}
	times := make([]int, len(all.Images))
	for o.Fold = 1; o.Fold <= o.Folds; o.Fold++ {
		d := open()
		if err := d.Assign(o); err != nil {
			t.Fatal(err)
		}
		again := open()
		if err := again.Assign(o); err != nil || again.Fingerprint() != d.Fingerprint() {
			t.Fatalf("fold %d is another the second time (%v)", o.Fold, err)
		}
		val := map[int32]bool{}
		for _, i := range d.In(Val).Images {
			times[i]++
			val[i] = true
		}
		for _, i := range d.In(Train).Images {
			if val[i] {
				t.Fatalf("fold %d: image %d is trained on and held out", o.Fold, i)
			}
		}
		for i := range d.Images {
			if (d.Images[i].Split == Test) != (all.Images[i].Split == Test) {
				t.Fatalf("fold %d: image %d is %q, in all %q", o.Fold, i, d.Images[i].Split, all.Images[i].Split)
			}
		}
		for _, s := range []Split{Train, Val} {
			if lacks := d.noPairs(d.In(s)); lacks != "" && d.Kind() != OfLabelImages {
				t.Fatalf("fold %d, %s: %s", o.Fold, s, lacks)
			}
		}
	}
	return times
}

func TestFolds(t *testing.T) {
	pairs := fstest.MapFS{"list.csv": &fstest.MapFile{}}
	list := "left,right,same\n"
	for i := range 30 { // three images of each of 30 sets
		for j := range 3 {
			pairs[fmt.Sprintf("%d_%d.png", i, j)] = &fstest.MapFile{}
		}
		list += fmt.Sprintf("%d_0.png,%d_1.png,1\n%d_0.png,%d_2.png,0\n", i, i, i, i)
	}
	pairs["list.csv"] = &fstest.MapFile{Data: []byte(list)}
	photos := fstest.MapFS{}
	list = "image,label_image\n"
	for i := range 24 {
		photos[fmt.Sprintf("photo%02d.png", i)] = &fstest.MapFile{}
		photos[fmt.Sprintf("label%d.png", i%4)] = &fstest.MapFile{}
		list += fmt.Sprintf("photo%02d.png,label%d.png\n", i, i%4)
	}
	photos["list.csv"] = &fstest.MapFile{Data: []byte(list)}
	for name, c := range map[string]struct {
		files fstest.MapFS
		data  string
		by    string
		o     SplitOptions
		never int // images in no fold
	}{
		"images":           {foldedClasses(20, 20, 20), ".", "", SplitOptions{Folds: 5}, 0},
		"images and test":  {foldedClasses(20, 20, 20), ".", "", SplitOptions{Folds: 5, Test: 0.2}, 12},
		"small classes":    {foldedClasses(7, 5, 6, 4, 9, 3), ".", "", SplitOptions{Folds: 3}, 3}, // of three images
		"groups":           {foldedClasses(24, 24), ".", "^(.*/s[0-9]+)_", SplitOptions{Folds: 4}, 0},
		"classes":          {foldedClasses(4, 4, 4, 4, 4, 4, 4, 4, 4, 4), ".", "", SplitOptions{Folds: 5, ByClass: true, Val: 0.1}, 0},
		"classes and test": {foldedClasses(4, 4, 4, 4, 4, 4, 4, 4, 4, 4), ".", "", SplitOptions{Folds: 4, ByClass: true, Val: 0.1, Test: 0.2}, 8},
		"pairs":            {pairs, "list.csv", "", SplitOptions{Folds: 3}, 0},
		"photos":           {photos, "list.csv", "", SplitOptions{Folds: 3}, 4}, // the label images
	} {
		t.Run(name, func(t *testing.T) {
			options := Options{FS: c.files, Data: c.data}
			if c.by != "" {
				options.GroupBy = regexp.MustCompile(c.by)
			}
			o := c.o
			o.Seed = 3
			open := func() *Dataset { return mustOpen(t, options) }
			never := 0
			for i, n := range held(t, open, o) {
				switch n {
				case 0:
					never++
				case 1:
				default:
					t.Errorf("image %d is held out %d times", i, n)
				}
			}
			if never != c.never {
				t.Errorf("%d images are never held out, want %d", never, c.never)
			}
		})
	}
}

// TestFoldsKeep: groups, and classes where these are parted, stay on one side.
func TestFoldsKeep(t *testing.T) {
	for _, byClass := range []bool{false, true} {
		d := mustOpen(t, Options{FS: foldedClasses(12, 12, 12, 12, 12, 12), Data: ".", GroupBy: regexp.MustCompile("^(.*/s[0-9]+)_")})
		if err := d.Assign(SplitOptions{Folds: 3, Fold: 2, ByClass: byClass, Val: 0.1}); err != nil {
			t.Fatal(err)
		}
		whole := d.GroupOf
		if byClass {
			whole = make([]int32, len(d.Images))
			for i := range whole {
				whole[i] = d.Images[i].Class
			}
		}
		in := map[int32]Split{}
		for i, of := range whole {
			if s, ok := in[of]; ok && s != d.Images[i].Split {
				t.Errorf("by class %v: %d is in %s and %s", byClass, of, s, d.Images[i].Split)
			}
			in[of] = d.Images[i].Split
		}
		if n := len(d.In(Val).Images); n != 24 { // a third of 72
			t.Errorf("by class %v: fold 2 has %d images, want 24", byClass, n)
		}
	}
}

// TestFoldsGiant: where all pairs hang together images are parted, and the pairs across are left
// out and counted.
func TestFoldsGiant(t *testing.T) {
	for name, m := range giants() {
		open := func() *Dataset { return mustOpen(t, Options{FS: m, Data: "l.csv"}) }
		for i, n := range held(t, open, SplitOptions{Folds: 4, Seed: 3}) {
			if n != 1 {
				t.Errorf("%s: image %d is held out %d times", name, i, n)
			}
		}
		d := open()
		before := len(d.Pairs)
		if err := d.Assign(SplitOptions{Folds: 4, Fold: 2, Seed: 3}); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("fold 2: %s left out, of one image that is held out and one that is not", plural(before-len(d.Pairs), "pair"))
		if got := d.Notes[len(d.Notes)-1]; len(d.Pairs) == before || got != want {
			t.Errorf("%s: note %q, want %q", name, got, want)
		}
		if whole := d.All().Pairs.Len(); whole != d.In(Train).Pairs.Len()+d.In(Val).Pairs.Len() {
			t.Errorf("%s: of %d pairs, %d are in train and %d in val", name, whole, d.In(Train).Pairs.Len(), d.In(Val).Pairs.Len())
		}
	}
}

// TestFoldsRefused: the message says which fold lacks what, and for how many the data is enough.
func TestFoldsRefused(t *testing.T) {
	chain := "left,right,same\n" // all pairs hang together, and half of the images has no two kinds of them
	files := fstest.MapFS{}
	for i := range 4 {
		files[fmt.Sprintf("%d.png", i)] = &fstest.MapFile{}
		chain += fmt.Sprintf("%d.png,%d.png,%d\n", i, (i+1)%4, i%2)
	}
	files["list.csv"] = &fstest.MapFile{Data: []byte(chain)}
	for _, c := range []struct {
		files fstest.MapFS
		data  string
		o     SplitOptions
		want  []string
	}{
		{foldedClasses(4, 4, 4, 4, 4, 4, 4), ".", SplitOptions{Folds: 5, ByClass: true, Val: 0.1},
			[]string{"of 5 cannot be used: it has 1 class of two images or more, want 2", "enough for 3 folds"}},
		{foldedClasses(2, 2), ".", SplitOptions{Folds: 5}, []string{"fold 1 of 5 cannot be used: it is empty", "not enough for 2 either"}},
		{files, "list.csv", SplitOptions{Folds: 4}, []string{"cannot be used", "not enough for 2 either"}},
		{foldedClasses(9, 9), ".", SplitOptions{Folds: 1}, []string{"folds must be 0 (none) or 2 or more"}},
		{foldedClasses(9, 9), ".", SplitOptions{Folds: 3, Fold: 4}, []string{"got 3 and 4"}},
	} {
		err := mustOpen(t, Options{FS: c.files, Data: c.data}).Assign(c.o)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want it to say %q", c.o, err, want)
			}
		}
	}
}
