package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// describeMatches returns "photo label split" of each match.
func describeMatches(matches []Match, d *Dataset) string {
	var lines []string
	for _, m := range matches {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(d.Images[m.Image].Path, " ",
			d.Images[m.Label].Path, " ", m.Split)))
	}
	return strings.Join(lines, "\n")
}

func TestImageLabel(t *testing.T) {
	d, err := openList("l.tsv", "label_image\timage\tclass\tcoarse\tsplit\twhy\n"+
		"e.png\tb.png\tpear\tfruit\ttrain\tx\nd.png\ta.png\tapple\tfruit\ttrain\t\n"+
		"e.png\tc.png\tpear\tfruit\tvalidation\t\ne.png\tb.png\tpear\tfruit\ttrain\tagain\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "l.tsv: 3 photos of 2 label images; train 2 photos of 2 label images, " +
		"val 1 photo of 1 label image"; d.Format != "image-label" || d.Summary() != want {
		t.Errorf("format %q, summary %q, want %q", d.Format, d.Summary(), want)
	}
	if got, want := describeMatches(d.Matches, d),
		"b.png e.png train\na.png d.png train\nc.png e.png val"; got != want {
		t.Errorf("matches\n%s\nwant\n%s", got, want)
	}
	if got, want := describe(d),
		"a.png apple train\nb.png pear train\nc.png pear val\nd.png apple\ne.png pear"; got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
	}
	if !slices.Equal(d.Coarse, []string{"fruit"}) || !slices.Equal(d.CoarseOf, []int32{0, 0}) {
		t.Errorf("coarse %q of classes %v", d.Coarse, d.CoarseOf)
	}
	notes := strings.Join(d.Notes, "; ")
	if want := `left out 1 row about an image that is there before, first l.tsv:5; ` +
		`l.tsv: left out 1 column: "why"`; notes != want {
		t.Errorf("notes %q, want %q", notes, want)
	}
	val := d.In(Val)
	if !slices.Equal(val.Images, []int32{2}) || !slices.Equal(val.LabelImages(), []int32{4}) ||
		!slices.Equal(d.All().LabelImages(), []int32{3, 4}) {
		t.Errorf("val has photos %v, label images %v", val.Images, val.LabelImages())
	}
	if got := describeMatches(d.In(Train).Without(map[int32]bool{3: true}).Matches, d); got != "b.png e.png train" {
		t.Errorf("matches of train without d.png: %s", got)
	}
	c := d.Without([]int32{0}) // a.png
	if got := describeMatches(c.Matches, c); got != "b.png e.png train\nc.png e.png val" {
		t.Errorf("matches of the copy without a.png: %s", got)
	}
}

// TestImageLabelClasses: without a column class a label image is a class.
func TestImageLabelClasses(t *testing.T) {
	d, err := openList("l.csv", "image,label_image\na.png,e.png\nb.png,d.png\nc.png,e.png\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "a.png e.png\nb.png d.png\nc.png e.png\nd.png d.png\ne.png e.png"; describe(d) != want ||
		d.Coarse != nil || d.CoarseOf != nil {
		t.Errorf("images\n%s\nwant\n%s\ncoarse %q", describe(d), want, d.Coarse)
	}
}

func TestImageLabelErrors(t *testing.T) {
	const header = "image,label_image,class,coarse,split\n"
	for _, c := range []struct{ name, text, want string }{
		{"no label image", header + "a.png,nowhere.png,x,f,train\n",
			`l.csv:2: label_image: image "nowhere.png" is not in`},
		{"empty label image", header + "a.png,,x,f,train\n", `l.csv:2: label_image: empty path`},
		{"empty photo", header + ",a.png,x,f,train\n", `l.csv:2: empty path`},
		{"two label images", header + "a.png,d.png,x,f,train\na.png,e.png,x,f,train\n",
			`l.csv:3: image "a.png" has the label image "e.png" here and "d.png" in line 2`},
		{"two splits", header + "a.png,d.png,x,f,train\na.png,d.png,x,f,val\n",
			`l.csv:3: image "a.png" is in split "val" here and in split "train" in line 2`},
		{"label image is a photo", header + "a.png,d.png,x,f,train\nb.png,a.png,x,f,train\n",
			`l.csv:2: image "a.png" is a label image in line 3`},
		{"its own label image", header + "a.png,./a.png,x,f,train\n",
			`l.csv:2: image "a.png" is its own label image`},
		{"two classes", header + "a.png,d.png,x,f,train\nb.png,d.png,y,f,train\n",
			`l.csv:3: label image "d.png" is of class "y" here and of "x" in line 2`},
		{"two classes of a repeated photo", header + "a.png,d.png,x,f,train\na.png,d.png,y,f,train\n",
			`l.csv:3: label image "d.png" is of class "y" here and of "x" in line 2`},
		{"two coarse classes", header + "a.png,d.png,x,f,train\nb.png,e.png,x,g,train\n",
			`l.csv:3: class "x" is of coarse class "g" here and of "f" in line 2`},
		{"empty class", header + "a.png,d.png,,f,train\n", `l.csv:2: class is empty`},
		{"empty coarse", header + "a.png,d.png,x,,train\n", `l.csv:2: coarse is empty`},
		{"empty split", header + "a.png,d.png,x,f,\n", `l.csv:2: split is ""; want train, val or test`},
		{"a gallery of one", "image,label_image\n\na.png,d.png\nb.png,d.png\n",
			`l.csv:3: label image "d.png" stands for every photo; want at least 2 to choose from`},
		{"nothing", header, `a header and no photos below it`},
		{"column", "image,label\na.png,d.png\n", `no column "label_image" in the header`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := openList("l.csv", c.text, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestValList: the photos of another list are for validation, and the two are checked as
// one.
func TestValList(t *testing.T) {
	open := func(train, val string, change func(*Options)) (*Dataset, error) {
		m := files("a.png", "b.png", "c.png", "d.png", "e.png", "in/v.csv")
		m["l.csv"], m["v.csv"] = &fstest.MapFile{Data: []byte(train)}, &fstest.MapFile{Data: []byte(val)}
		m["in/v.csv"] = m["v.csv"]
		o := Options{FS: m, Data: "l.csv", Val: "v.csv"}
		if change != nil {
			change(&o)
		}
		return Open(o)
	}
	d, err := open("image,label_image\na.png,d.png\nb.png,e.png\n", "label_image,id,image\nd.png,1,c.png\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Assign(SplitOptions{Val: 0.5}); err != nil {
		t.Fatal(err)
	}
	if got, want := describeMatches(d.Matches, d),
		"a.png d.png train\nb.png e.png train\nc.png d.png val"; got != want {
		t.Errorf("matches\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(d.Notes, "; "); got != `v.csv: left out 1 column: "id"` {
		t.Errorf("notes %q", got)
	}
	const two = "image,label_image\na.png,d.png\nb.png,e.png\n"
	for _, c := range []struct {
		name, val, want string
		change          func(*Options)
	}{
		{"a photo of both", "image,label_image\na.png,d.png\n",
			`v.csv:2: image "a.png" is in split "val" here and in no split in l.csv:2`, nil},
		{"two label images", "image,label_image\na.png,e.png\n",
			`v.csv:2: image "a.png" has the label image "e.png" here and "d.png" in l.csv:2`, nil},
		{"a label image of the other", "image,label_image\nd.png,e.png\n",
			`v.csv:2: image "d.png" is a label image in l.csv:2`, nil},
		{"no image", "image,label_image\nx.png,e.png\n", `v.csv:2: image "x.png" is not in "."`, nil},
		{"a split", "image,label_image,split\nc.png,e.png,val\n",
			"v.csv:1: a column split in a list that is for validation as a whole", nil},
		{"no column", "image,label\n", `v.csv:1: no column "label_image"`, nil},
		{"another folder", "", `lists "l.csv" and "in/v.csv" are in different folders`,
			func(o *Options) { o.Val = "in/v.csv" }},
		{"a folder", "", `data "in": no list`, func(o *Options) { o.Val = "in" }},
		{"nothing", "", `data "gone.csv": file does not exist`, func(o *Options) { o.Val = "gone.csv" }},
	} {
		if _, err := open(two, c.val, c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v\nwant %s", c.name, err, c.want)
		}
	}
	if _, err := open("left,right,same\na.png,b.png,1\n", two, nil); err == nil ||
		!strings.Contains(err.Error(), `v.csv:1: no column "left" in the header`) {
		t.Errorf("beside pairs: %v", err)
	}
}

// photoList opens a list of so many photos of each of the label images.
func photoList(t *testing.T, photos ...int) *Dataset {
	t.Helper()
	m, text := files(), "image,label_image\n"
	for label, n := range photos {
		file := fmt.Sprintf("label%02d.png", label)
		m[file] = &fstest.MapFile{}
		for i := range n {
			photo := fmt.Sprintf("photo%02d-%02d.png", label, i)
			m[photo] = &fstest.MapFile{}
			text += photo + "," + file + "\n"
		}
	}
	m["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	return mustOpen(t, Options{FS: m, Data: "l.csv"})
}

// TestHoldOutPhotos: photos of each label image are held out, none of the last one.
func TestHoldOutPhotos(t *testing.T) {
	d := photoList(t, 40, 10, 10, 20, 3, 3, 3, 1)
	before := d.Fingerprint()
	if err := d.Assign(SplitOptions{Val: 0.1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	train, val := d.In(Train), d.In(Val)
	if len(val.Images) != 9 || len(train.Images) != 81 || len(train.LabelImages()) != 8 {
		t.Errorf("%d photos held out of 90, %d of 8 label images in train",
			len(val.Images), len(train.LabelImages()))
	}
	count := map[int32]int{}
	for _, m := range val.Matches {
		count[m.Label]++
		if d.Images[m.Image].Split != Val || d.Images[m.Label].Split != Unsplit {
			t.Errorf("photo in %q, label image in %q", d.Images[m.Image].Split, d.Images[m.Label].Split)
		}
	}
	if count[0] != 4 && count[0] != 5 {
		t.Errorf("%d of 40 photos held out", count[0])
	}
	if d.Fingerprint() == before {
		t.Error("the fingerprint does not depend on splits")
	}
	again := photoList(t, 40, 10, 10, 20, 3, 3, 3, 1)
	if err := again.Assign(SplitOptions{Val: 0.1, Seed: 1}); err != nil || again.Fingerprint() != d.Fingerprint() {
		t.Errorf("equal data and seed give other splits (%v)", err)
	}
	lone := photoList(t, 1, 1, 1)
	if err := lone.Assign(SplitOptions{Val: 0.1}); err == nil ||
		!strings.Contains(err.Error(), "no 10 % of 3 photos of 3 label images can be held out") {
		t.Errorf("error %v for label images with one photo each", err)
	}
	few := photoList(t, 2, 1)
	if err := few.Assign(SplitOptions{Val: 0.1}); err != nil || len(few.In(Val).Images) != 1 {
		t.Errorf("%d of 3 photos held out, error %v, want 1", len(few.In(Val).Images), err)
	}
}

// TestUnseenLabelImages: whole label images are held out, with all their photos.
func TestUnseenLabelImages(t *testing.T) {
	d := photoList(t, 5, 5, 5, 5, 5, 5, 5, 5)
	if err := d.Assign(SplitOptions{Val: 0.2, Test: 0.5, ByClass: true, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	seen := map[int32]Split{}
	for _, s := range []Split{Train, Val, Test} {
		for _, label := range d.In(s).LabelImages() {
			if seen[label] != Unsplit {
				t.Errorf("label image %d in %s and %s", label, seen[label], s)
			}
			seen[label] = s
		}
	}
	unseen, err := d.Unseen(d.Seen())
	if err != nil || len(seen) != 8 || len(d.In(Test).LabelImages()) != 4 ||
		!slices.Equal(unseen.Images, d.In(Test).Images) || len(unseen.Matches) != 20 {
		t.Errorf("%d label images in splits, %d photos unseen, error %v", len(seen), len(unseen.Matches), err)
	}
}

func TestCheckPhotos(t *testing.T) {
	d, err := openList("l.csv", "image,label_image,split\na.png,d.png,train\nb.png,e.png,test\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CheckPairs(); err == nil || !strings.Contains(err.Error(),
		`split "train": one label image stands for 1 photo; want at least 2`) {
		t.Errorf("error %v", err)
	}
}

func TestGrocery(t *testing.T) {
	d := mustOpen(t, Options{Data: dataDir(t, "grocery/image_label_train.csv")})
	if want := "image_label_train.csv: 2640 photos of 81 label images"; d.Summary() != want {
		t.Errorf("summary %q, want %q", d.Summary(), want)
	}
	if len(d.Classes) != 81 || len(d.Notes) != 0 {
		t.Errorf("%d classes, notes %q", len(d.Classes), d.Notes)
	}
}
