package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// made returns prints of n different pictures, the colours of which seed draws.
func made(n int, seed uint64) []copies.Print {
	r := rand.New(rand.NewPCG(seed, 1))
	prints := make([]copies.Print, n)
	for i := range prints {
		p := &prints[i]
		p.Path = fmt.Sprintf("%03d.png", i)
		p.SHA256[0], p.SHA256[1], p.Pixels[0], p.Pixels[1] = byte(i), 1, byte(i), 1
		p.Width, p.Height = 10, 10
		p.Facts = decode.Facts{Format: "PNG", Width: 10, Height: 10, Orientation: 1, Mode: "colour"}
		p.Views.Whole.Hash, p.Views.Whole.Hashed = 0, false
		for k := range p.Small {
			p.Small[k] = uint8(r.IntN(256))
		}
	}
	return prints
}

// classed returns data of n pictures, per class in one class, in splits.
func classed(n, per int, split func(i int) dataset.Split) *dataset.Dataset {
	d := &dataset.Dataset{Name: "data", Format: "folders"}
	for i := range n {
		d.Images = append(d.Images, dataset.Image{Path: fmt.Sprintf("%03d.png", i), Class: int32(i / per), Split: split(i)})
	}
	for c := range (n + per - 1) / per {
		d.Classes = append(d.Classes, fmt.Sprintf("class%d", c))
	}
	return d
}

func copyOf(prints []copies.Print, image, of int) {
	path := prints[image].Path
	prints[image] = prints[of]
	prints[image].Path = path
}

// TestFindings: planted copies come out as what they are, each once.
func TestFindings(t *testing.T) {
	d := classed(40, 4, func(i int) dataset.Split {
		if i%4 == 3 {
			return dataset.Test
		}
		return dataset.Train
	})
	prints := made(40, 1)
	copyOf(prints, 1, 0)   // a duplicate of its class and split
	copyOf(prints, 7, 4)   // test, of train: a leak
	copyOf(prints, 12, 8)  // train, of another class: a contradiction
	copyOf(prints, 19, 20) // test, of train and another class: both
	prints[30].Fault = `not an image (begins with "abc")`
	prints[31].Fault = `not an image (begins with "de")`
	r, err := Of(d, prints, copies.Find(prints, copies.Same), copies.Same, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[Kind]int{}
	for _, f := range r.Findings {
		got[f.Kind] = f.Count
	}
	want := map[Kind]int{Contradictions: 2, Leaks: 2, NotReadable: 2, Duplicates: 4}
	for _, k := range Kinds {
		if got[k] != want[k] {
			t.Errorf("%s: %d, want %d", k, got[k], want[k])
		}
	}
	if len(r.Unreadable) != 1 || r.Unreadable[0].Count != 2 {
		t.Errorf("unreadable = %+v, want one kind of two files", r.Unreadable)
	}
	if r.Findings[0].Kind != Contradictions {
		t.Errorf("the worst is %s", r.Findings[0].Kind)
	}
	if failed := r.Fails([]Kind{Leaks, Inverted}); len(failed) != 1 || failed[0].Kind != Leaks {
		t.Errorf("Fails = %v", failed)
	}
}

// pairsOf returns data with pairs of alike pictures called same, or different where inverted is set.
func pairsOf(inverted bool) (*dataset.Dataset, []copies.Print) {
	const n = 60
	prints := made(2*n, 3)
	r := rand.New(rand.NewPCG(9, 9))
	d := &dataset.Dataset{Name: "pairs", Format: "pairs"}
	for i := range 2 * n {
		d.Images = append(d.Images, dataset.Image{Path: prints[i].Path, Class: -1})
	}
	for i := range n {
		if alike := i%2 == 0; alike {
			for k := range prints[2*i].Small {
				prints[2*i+1].Small[k] = uint8(min(255, int(prints[2*i].Small[k])+r.IntN(20)))
			}
			d.Pairs = append(d.Pairs, dataset.Pair{Left: int32(2 * i), Right: int32(2*i + 1), Same: !inverted, Line: int32(i + 2)})
		} else {
			d.Pairs = append(d.Pairs, dataset.Pair{Left: int32(2 * i), Right: int32(2*i + 1), Same: inverted, Line: int32(i + 2)})
		}
	}
	return d, prints
}

// TestInverted: a list whose labels are turned is told from one that is right.
func TestInverted(t *testing.T) {
	for _, inverted := range []bool{false, true} {
		d, prints := pairsOf(inverted)
		r, err := Of(d, prints, copies.Find(prints, copies.Same), copies.Same, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := r.Pairs.Likeness
		if l == nil || l.Inverted != inverted || (l.AUC < 0.5) != inverted {
			t.Errorf("inverted %v: %+v", inverted, l)
		}
		if found := len(r.Fails([]Kind{Inverted})) == 1; found != inverted {
			t.Errorf("inverted %v: found %v", inverted, found)
		}
		if len(r.Pairs.Look) != 4 {
			t.Errorf("%d pairs to look at, want 4", len(r.Pairs.Look))
		}
	}
}

// TestLinesThatContradict: a pair of one picture that is called different, and a chain of three.
func TestLinesThatContradict(t *testing.T) {
	d, prints := pairsOf(false)
	copyOf(prints, 3, 2) // pair 1 is called different
	d.Pairs = append(d.Pairs, dataset.Pair{Left: 0, Right: 4, Same: true, Line: 100}, dataset.Pair{Left: 1, Right: 4, Same: false, Line: 101})
	r, err := Of(d, prints, copies.Find(prints, copies.Same), copies.Same, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Conflicts) != 1 || r.Conflicts[0].Line != 3 {
		t.Errorf("conflicts = %+v, want one of line 3", r.Conflicts)
	}
	if r.Pairs.Chained != 1 || !strings.Contains(r.Pairs.Chain, "line 101") {
		t.Errorf("chained %d: %q", r.Pairs.Chained, r.Pairs.Chain)
	}
}

// TestPart: no two copies are in two of the new splits, and none is lost.
func TestPart(t *testing.T) {
	d := classed(200, 10, func(i int) dataset.Split { return []dataset.Split{dataset.Train, dataset.Test}[i%2] })
	prints := made(200, 5)
	for i := 0; i < 200; i += 10 {
		copyOf(prints, i+1, i)
		copyOf(prints, i+2, i)
	}
	if err := Part(d, copies.Find(prints, copies.Same), dataset.SplitOptions{Val: 0.1, Test: 0.2, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	r, err := Of(d, prints, copies.Find(prints, copies.Same), copies.Same, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Leaks) > 0 {
		t.Errorf("%d leaks, first %+v", len(r.Leaks), r.Leaks[0])
	}
	n := map[dataset.Split]int{}
	for _, i := range d.Images {
		n[i.Split]++
	}
	if n[dataset.Test] < 20 || n[dataset.Val] < 10 || n[dataset.Unsplit] > 0 {
		t.Errorf("parts %v", n)
	}
}

// TestQuick: what a training knows of its images tells the same, and images that it has not read tell nothing.
func TestQuick(t *testing.T) {
	d := classed(40, 4, func(i int) dataset.Split { return dataset.Train })
	prints := made(40, 1)
	copyOf(prints, 1, 0)
	copyOf(prints, 12, 8)
	found, err := Quick(d, func(i int32) (id phash.Identity, ok bool) {
		id.SHA256 = prints[i].SHA256
		return id, i < 36
	})
	if err != nil || len(found) != 2 || found[0].Kind != Contradictions || found[1].Kind != Duplicates || found[1].Count != 2 {
		t.Errorf("Quick = %+v, %v, want a contradiction and two duplicates", found, err)
	}
}

// TestQuickOfPairs: a pair that is called different is two copies of one picture only where both were read, which those of
// test are not.
func TestQuickOfPairs(t *testing.T) {
	d, prints := pairsOf(false)
	copyOf(prints, 3, 2) // pair 1 is called different, and so is pair 3, of images 6 and 7
	found, err := Quick(d, func(i int32) (id phash.Identity, ok bool) {
		id.SHA256 = prints[i].SHA256
		return id, i < 6
	})
	if err != nil || len(found) != 2 || found[0].Kind != Contradictions || found[0].Count != 1 {
		t.Errorf("Quick = %+v, %v, want one contradiction, and a duplicate", found, err)
	}
}

// TestQuickOfMany: pictures that have no other one near them need no comparing, and a bound says so.
func TestQuickOfMany(t *testing.T) {
	const n = 1000
	r := rand.New(rand.NewPCG(9, 1))
	ids := make([]phash.Identity, n)
	prints := make([]copies.Print, n)
	d := classed(n, 5, func(i int) dataset.Split { return []dataset.Split{dataset.Train, dataset.Val, dataset.Test}[r.IntN(3)] })
	for i := range ids {
		id := &ids[i]
		*id = phash.Identity{Hash: phash.Hash(r.Uint64()), Hashed: r.IntN(10) > 0}
		if i > 0 && r.IntN(5) == 0 { // near one before, or the same file
			*id = ids[r.IntN(i)]
			for range r.IntN(6) {
				id.Hash ^= 1 << r.IntN(64)
			}
		}
		if id.SHA256[1] == 0 || r.IntN(3) > 0 {
			id.SHA256[0], id.SHA256[1], id.SHA256[20] = byte(i), byte(i>>8)+1, 1
		}
		prints[i] = copies.Print{Path: d.Images[i].Path, SHA256: id.SHA256, Pixels: id.SHA256,
			Views: phash.Views{Whole: phash.View{Hash: id.Hash, Hashed: id.Hashed}}}
	}
	identity := func(i int32) (phash.Identity, bool) { return ids[i], true }
	all := &Report{Images: n}
	all.groups(standing(d, prints, copies.Same, itself), copies.Find(prints, copies.Same))
	all.Leaks = slices.DeleteFunc(all.Leaks, func(l Link) bool { return l.Kind == copies.File })
	all.judge(d)
	found, err := Quick(d, identity)
	if err != nil || len(found) != 3 || found[1].Kind != Leaks || found[1].Count < 20 || !slices.Equal(found, all.Findings[:3]) {
		t.Errorf("Quick = %+v, %v, want as of all: %+v", found, err, all.Findings)
	}
	images, nearOnly := doubtful(n, identity)
	if len(images) < n/4 || len(images) > n/2 {
		t.Errorf("%d of %d images are compared", len(images), n)
	}
	equal := 0
	for _, i := range images {
		if !nearOnly[i] {
			equal++
		}
	}
	found, err = quick(d, identity, len(images)-1)
	want := fmt.Sprintf("%d pictures look like others: too many to compare before a training, so %d are compared", len(images), equal)
	if err != nil || len(found) != 3 || found[0].Text != want || found[1].Kind != Contradictions {
		t.Errorf("with a bound: %+v, %v, want first %q", found, err, want)
	}
}

// TestPartByTime: test is newer than validation, and that than training; copies are as new as the newest.
func TestPartByTime(t *testing.T) {
	d := classed(100, 10, func(i int) dataset.Split { return dataset.Unsplit })
	prints := made(100, 5)
	for i := range d.Images {
		d.Times = append(d.Times, fmt.Sprintf("2026-01-%02d 10:%02d", 1+i*7%28, i%60))
	}
	d.Times[0], d.Times[1] = "2020-01-01", "2027-01-01T00:00:00Z"
	copyOf(prints, 0, 1)
	if err := PartByTime(d, copies.Find(prints, copies.Same), 0.1, 0.2); err != nil {
		t.Fatal(err)
	}
	n := map[dataset.Split]int{}
	var last [3]string // latest of train, of val; earliest of test
	last[2] = "9"
	for i, image := range d.Images {
		n[image.Split]++
		switch when := d.Times[i]; {
		case i < 2:
		case image.Split == dataset.Train:
			last[0] = max(last[0], when)
		case image.Split == dataset.Val:
			last[1] = max(last[1], when)
		default:
			last[2] = min(last[2], when)
		}
	}
	if n[dataset.Test] < 20 || n[dataset.Test] > 21 || n[dataset.Val] < 9 || n[dataset.Train] < 69 {
		t.Errorf("parts %v, want about 20, 10 and 70", n)
	}
	if last[0] > last[1] || last[1] > last[2] {
		t.Errorf("training ends %s, validation %s, test begins %s", last[0], last[1], last[2])
	}
	if d.Images[0].Split != dataset.Test || d.Images[1].Split != dataset.Test {
		t.Errorf("the copies are in %s and %s", d.Images[0].Split, d.Images[1].Split)
	}
	d.Times[5] = "yesterday"
	if err := PartByTime(d, copies.Find(prints, copies.Same), 0.1, 0.2); err == nil || !strings.Contains(err.Error(), `"005.png": time "yesterday"`) {
		t.Errorf("a time that is none: %v", err)
	}
}
