package dataset

import (
	"slices"
	"strings"
	"testing"
)

// TestLabelsOfList: same pairs join images to classes, within the part alone.
func TestLabelsOfList(t *testing.T) {
	d, err := openList("l.csv", "left,right,same,split\n"+
		"b.png,a.png,1,train\nb.png,c.png,1,train\nc.png,d.png,0,train\nd.png,e.png,1,test\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Labels(d.In(Train))
	if err != nil {
		t.Fatal(err)
	}
	// a, b and c are one class; d is alone: that it is e shows in test only.
	if want := []int32{0, 0, 0, 1, -1}; !slices.Equal(got.Of, want) || got.Classes != 2 {
		t.Errorf("labels %v of %d classes, want %v of 2", got.Of, got.Classes, want)
	}
	want := "2 classes recovered from same pairs, 1 of them of one image; " +
		"images that no same pairs join are taken for different"
	if n := got.Notes(); len(n) != 1 || n[0] != want {
		t.Errorf("notes %q, want %q", n, want)
	}
}

// TestLabelsOfFolders: the classes that a part has, numbered without gaps.
func TestLabelsOfFolders(t *testing.T) {
	d := mustOpen(t, Options{FS: files("d/train/b/1.png", "d/train/c/2.png", "d/train/c/3.png",
		"d/test/a/4.png"), Data: "d"})
	got, err := d.Labels(d.In(Train)) // images: test/a/4, train/b/1, train/c/2, train/c/3
	if err != nil {
		t.Fatal(err)
	}
	if want := []int32{-1, 0, 1, 1}; !slices.Equal(got.Of, want) || got.Classes != 2 || got.Notes() != nil {
		t.Errorf("labels %v of %d classes, notes %q, want %v of 2", got.Of, got.Classes, got.Notes(), want)
	}
}

// TestContradictions: pairs that others contradict through further images are noted
// with the shortest chain, and nothing is recovered from them.
func TestContradictions(t *testing.T) {
	text := "left,right,same\na.png,b.png,1\nb.png,c.png,1\nc.png,d.png,1\nb.png,d.png,1\n" +
		"a.png,d.png,0\na.png,e.png,0\n"
	d, err := openList("l.csv", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	chain := `"a.png" and "d.png" are different in line 6, but "a.png" = "b.png" (line 2), ` +
		`"b.png" = "d.png" (line 5)`
	if want := "1 row contradicts others through a third image: " + chain; !slices.Contains(d.Notes, want) {
		t.Errorf("notes %q, want %q", d.Notes, want)
	}
	_, err = d.Labels(d.All())
	if err == nil || !strings.Contains(err.Error(), "classes cannot be recovered: "+chain) {
		t.Errorf("error %v, want the chain", err)
	}
}
