package dataset

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"
)

// giants are lists of pairs that all hang together: a ring of 100 images, and 60 of which all are paired.
func giants() map[string]fstest.MapFS {
	ring, clique := fstest.MapFS{}, fstest.MapFS{}
	text := "left,right,same\n"
	for i := range 100 {
		ring[fmt.Sprintf("%02d.png", i)] = &fstest.MapFile{}
		text += fmt.Sprintf("%02d.png,%02d.png,%d\n", i, (i+1)%100, i%2)
	}
	ring["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	text = "left,right,same\n"
	for i := range 60 { // twelve classes of five, all against all
		clique[fmt.Sprintf("%02d.png", i)] = &fstest.MapFile{}
		for j := range i {
			text += fmt.Sprintf("%02d.png,%02d.png,%d\n", j, i, map[bool]int{true: 1}[i%12 == j%12])
		}
	}
	clique["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	return map[string]fstest.MapFS{"ring": ring, "clique": clique}
}

// TestAssignPairsGiant: where all pairs hang together images are parted, and the pairs
// across are left out and counted.
func TestAssignPairsGiant(t *testing.T) {
	for name, m := range giants() {
		d := mustOpen(t, Options{FS: m, Data: "l.csv"})
		whole := d.All()
		all := len(d.Pairs)
		if err := d.Assign(SplitOptions{Val: 0.1, Test: 0.1, Seed: 3}); err != nil {
			t.Fatal(err)
		}
		of := map[int32]Split{}
		for _, split := range []Split{Train, Val, Test} {
			part := d.In(split)
			if d.noPairs(part) != "" {
				t.Errorf("%s: %s: %s", name, split, d.noPairs(part))
			}
			if same, all := sameShare(part), sameShare(whole); math.Abs(same-all) > 0.2 {
				t.Errorf("%s: %s: %.2f of the pairs are same, of the list %.2f", name, split, same, all)
			}
			for _, i := range part.Images {
				if of[i] != Unsplit {
					t.Errorf("%s: image %d is in %s and in %s", name, i, of[i], split)
				}
				of[i] = split
			}
		}
		want := "no split test in the data, and nearly all pairs share images with others: "
		if len(d.Notes) != 2 || !strings.HasPrefix(d.Notes[0], want) ||
			left(t, d.Notes[0])+left(t, d.Notes[1]) != all-len(d.Pairs) {
			t.Errorf("%s: %d of %d pairs stay, notes %q", name, len(d.Pairs), all, d.Notes)
		}
	}
}

// sameShare returns the share of pairs that are same.
func sameShare(p Part) float64 {
	same := 0
	for pair := range p.Pairs.All() {
		if pair.Same {
			same++
		}
	}
	return float64(same) / float64(p.Pairs.Len())
}

// left returns how many pairs a note says are left out.
func left(t *testing.T, note string) (n int) {
	t.Helper()
	_, after, _ := strings.Cut(note, " same); ")
	if _, err := fmt.Sscan(after, &n); err != nil {
		t.Fatalf("note %q: %v", note, err)
	}
	return n
}

// TestAssignTripletsGiant: a triplet across is left out whole.
func TestAssignTripletsGiant(t *testing.T) {
	m, text := fstest.MapFS{}, "anchor,positive,negative\n"
	for c := range 20 {
		for i := range 3 {
			m[fmt.Sprintf("%02d_%d.png", c, i)] = &fstest.MapFile{}
			text += fmt.Sprintf("%02d_%d.png,%02d_%d.png,%02d_%d.png\n", c, i, c, (i+1)%3, (c+1)%20, i)
		}
	}
	m["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	d := mustOpen(t, Options{FS: m, Data: "l.csv"})
	if err := d.Assign(SplitOptions{Val: 0.2, Test: 0.2}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, split := range []Split{Train, Val, Test} {
		part := d.In(split)
		n += part.Triplets.Len()
		for _, i := range part.Images {
			if d.Images[i].Split != split {
				t.Errorf("image %s of %s is in %s", d.Images[i].Path, split, d.Images[i].Split)
			}
		}
		for x := range part.Triplets.All() {
			for _, i := range []int32{x.Anchor, x.Positive, x.Negative} {
				if d.Images[i].Split != split {
					t.Errorf("triplet of line %d is in %s, its image in %s", x.Line, split, d.Images[i].Split)
				}
			}
		}
		if part.Triplets.Len() == 0 {
			t.Errorf("no triplet in %s", split)
		}
	}
	if n != len(d.Triplets) || n >= 60 {
		t.Errorf("%d triplets in splits of %d, want all and fewer than 60", n, len(d.Triplets))
	}
}
