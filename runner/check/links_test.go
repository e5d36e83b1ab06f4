package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// TestLargeGroup: leaks and conflicts of one group of 500 pictures are those that comparing each two gives: of pictures near
// each other, of the same pixels and of the same file.
func TestLargeGroup(t *testing.T) {
	const n = 500
	r := rand.New(rand.NewPCG(3, 1))
	prints := make([]copies.Print, n)
	splits := []dataset.Split{dataset.Train, dataset.Val, dataset.Test, dataset.Unsplit}
	d := classed(n, 7, func(i int) dataset.Split { return splits[r.IntN(len(splits))] })
	for i := range prints {
		p := &prints[i]
		if i > 0 { // one or more bits beside one before
			*p = prints[r.IntN(i)]
		}
		p.Path = fmt.Sprintf("%03d.png", i)
		switch chance := r.IntN(10); {
		case i == 0 || chance < 7:
			p.Width, p.Height, p.Views.Whole.Hashed = 10, 10, true
			for range 1 + r.IntN(6) {
				p.Views.Whole.Hash ^= 1 << r.IntN(64)
			}
			p.Views.Inside = p.Views.Whole
			p.Pixels[0], p.Pixels[1] = byte(i), byte(i>>8)+1
			fallthrough
		case chance < 9:
			p.SHA256[0], p.SHA256[1] = byte(i), byte(i>>8)+1
		}
	}
	groups := copies.Find(prints, copies.Alike)
	largest := slices.MaxFunc(groups, func(a, b copies.Group) int { return len(a) - len(b) })
	if len(largest) < n/2 {
		t.Fatalf("the largest of %d groups has %d pictures", len(groups), len(largest))
	}
	b := standing(d, prints, copies.Alike, itself)
	leaks, conflicts := 0, 0
	for _, g := range groups {
		var wantLeaks, wantConflicts []Link
		for i, m := range g {
			mine := d.Images[m.Print]
			if l, ok := compareAll(b, g, i, func(other int) bool {
				theirs := d.Images[g[other].Print]
				return theirs.Split != dataset.Unsplit && theirs.Split < mine.Split
			}); ok {
				wantLeaks = append(wantLeaks, l)
			}
			if l, ok := compareAll(b, g[:i+1], i, func(other int) bool {
				return d.Images[g[other].Print].Class != mine.Class
			}); ok && l.Kind != copies.Edited {
				wantConflicts = append(wantConflicts, l)
			}
		}
		if got := b.leaks(g); !slices.Equal(got, wantLeaks) {
			t.Errorf("leaks of a group of %d: %v, want %v", len(g), got, wantLeaks)
		}
		if got := b.conflicts(g); !slices.Equal(got, wantConflicts) {
			t.Errorf("conflicts of a group of %d: %v, want %v", len(g), got, wantConflicts)
		}
		leaks, conflicts = leaks+len(wantLeaks), conflicts+len(wantConflicts)
	}
	if leaks < n/4 || conflicts < n/4 {
		t.Errorf("%d leaks and %d conflicts: the test compares hardly any", leaks, conflicts)
	}
}

// compareAll returns the link of member i of g to the closest that counts: by comparing, and where that finds none, through others.
func compareAll(b bystanders, g copies.Group, i int, counts func(other int) bool) (best Link, ok bool) {
	direct := false
	for other, o := range g {
		if other == i || !counts(other) {
			continue
		}
		kind, distance, same := copies.Compare(&b.prints[g[i].Print], &b.prints[o.Print])
		if !same {
			kind, distance = copies.Edited, o.Distance+g[i].Distance
		}
		if !ok || same && !direct || same == direct && kind.Compare(distance, best.Kind, best.Distance) < 0 {
			best, direct, ok = b.link(kind, distance, g[i].Print, o.Print), same, true
		}
	}
	return best, ok
}
