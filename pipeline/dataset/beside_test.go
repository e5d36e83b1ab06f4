package dataset

import (
	"strings"
	"testing"
	"testing/fstest"
)

// openBeside opens l.csv with v.csv for validation and t.csv for test, where they are not empty.
func openBeside(list, val, test string) (*Dataset, error) {
	m := files("a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png", "h.png", "i.png")
	o := Options{FS: m, Data: "l.csv"}
	m["l.csv"] = &fstest.MapFile{Data: []byte(list)}
	if val != "" {
		m["v.csv"], o.Val = &fstest.MapFile{Data: []byte(val)}, "v.csv"
	}
	if test != "" {
		m["t.csv"], o.Test = &fstest.MapFile{Data: []byte(test)}, "t.csv"
	}
	return Open(o)
}

// TestBesidePairs: pairs of other lists are for validation and test, and no more is cut off.
func TestBesidePairs(t *testing.T) {
	d, err := openBeside("left,right,same\na.png,b.png,1\na.png,c.png,0\n",
		"right,note,left,different\ne.png,x,d.png,0\n", "left,right,same\nf.png,g.png,1\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Assign(SplitOptions{Val: 0.5, Test: 0.4}); err != nil {
		t.Fatal(err)
	}
	want := "a.png b.png same train\na.png c.png different train\nd.png e.png same val\nf.png g.png same test"
	if got := describePairs(d); got != want {
		t.Errorf("pairs\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(d.Notes, "; "); got != `v.csv: left out 1 column: "note"` {
		t.Errorf("notes %q", got)
	}
}

// TestBesideTriplets: the same, of triplets.
func TestBesideTriplets(t *testing.T) {
	const header = "anchor,positive,negative\n"
	d, err := openBeside(header+"a.png,b.png,c.png\nb.png,a.png,c.png\na.png,b.png,c.png\n", header+"d.png,e.png,f.png\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Assign(SplitOptions{Val: 0.5}); err != nil {
		t.Fatal(err)
	}
	want := "a.png b.png c.png train\nb.png a.png c.png train\na.png b.png c.png train\nd.png e.png f.png val"
	if got := describeTriplets(d.Triplets, d); got != want {
		t.Errorf("triplets\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(d.Notes, "; "); got != "1 row repeats a triplet, first in line 4: training draws it again, measures count it once" {
		t.Errorf("notes %q", got)
	}
}

// TestBesideRefused: the lists are checked as one, and a message names the list it means.
func TestBesideRefused(t *testing.T) {
	const pairs, triplets = "left,right,same\n", "anchor,positive,negative\n"
	for _, c := range []struct{ name, list, val, want string }{
		{"a pair of both", pairs + "a.png,b.png,1\n", pairs + "b.png,a.png,1\n",
			`v.csv:2: "b.png" and "a.png" are in split "val" here and in no split in l.csv:2; keep one of them`},
		{"another answer", pairs + "a.png,b.png,1\n", pairs + "b.png,a.png,0\n",
			`v.csv:2: "b.png" and "a.png" are different here and same in l.csv:2`},
		{"errors of both", pairs + "a.png,x.png,1\nc.png,d.png,0\n", pairs + "b.png,a.png,perhaps\nb.png,c.png,0\n",
			"l.csv:2: image \"x.png\" is not in \".\"; --images names another folder or .zip\nv.csv:2: same is \"perhaps\""},
		{"no rows", pairs + "a.png,b.png,1\n", pairs, `data "v.csv": a header and no pairs below it`},
		{"photos", pairs + "a.png,b.png,1\n", "image,label_image\na.png,b.png\n", `v.csv:1: no column "left" in the header`},
		{"a split", pairs + "a.png,b.png,1\n", "left,right,same,split\nc.png,d.png,1,val\n",
			"v.csv:1: a column split in a list that is for validation as a whole"},
		{"a negative of its anchor's class", triplets + "a.png,b.png,c.png\nb.png,d.png,c.png\n", triplets + "e.png,f.png,g.png\na.png,e.png,d.png\n",
			`v.csv:3: the negative "d.png" is of its anchor's class: "a.png" = "b.png" (l.csv:2), "b.png" = "d.png" (l.csv:3)`},
	} {
		if _, err := openBeside(c.list, c.val, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v\nwant %s", c.name, err, c.want)
		}
	}
	if _, err := Open(Options{FS: files("d/x/a.png", "d/y/b.png", "v.csv"), Data: "d", Val: "v.csv"}); err == nil ||
		!strings.Contains(err.Error(), `"v.csv", is named beside data "d" of format "folders"; only lists have one beside them`) {
		t.Errorf("beside folders: %v", err)
	}
}

// TestBesideLeaks: an image of pairs for training and for validation is said to flatter.
func TestBesideLeaks(t *testing.T) {
	d, err := openBeside("left,right,same\na.png,b.png,1\nc.png,d.png,0\n", "left,right,same\na.png,e.png,0\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.Notes, "; "); got != "1 image in pairs of more than one split: scores on such pairs flatter" {
		t.Errorf("notes %q", got)
	}
}
