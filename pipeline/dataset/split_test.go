package dataset

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// classFolders returns sizes[i] images in folder ci.
func classFolders(sizes ...int) fstest.MapFS {
	m := fstest.MapFS{}
	for c, n := range sizes {
		for i := range n {
			m[fmt.Sprintf("c%d/%d.png", c, i)] = &fstest.MapFile{}
		}
	}
	return m
}

// perClass counts the images of each class in a split.
func perClass(d *Dataset, split Split) []int {
	counts := make([]int, len(d.Classes))
	for _, i := range d.In(split).Images {
		counts[d.Images[i].Class]++
	}
	return counts
}

func TestAssignFolders(t *testing.T) {
	tests := []struct {
		name  string
		sizes []int
		val   float64
		want  []int // held out of each class
	}{
		{"a tenth", []int{600, 100, 25, 15}, 0.1, []int{60, 10, 3, 2}}, // 2.5 → 3, 1.5 → 2
		{"none", []int{600, 100}, 0, []int{0, 0}},
		{"fewer than four stay", []int{100, 3, 2, 1, 40}, 0.1, []int{10, 0, 0, 0, 4}},
		{"two stay in train", []int{4, 4}, 0.9, []int{2, 2}}, // round(3.6) = 4, but 2 stay
		{"at least two classes of two", []int{5, 5}, 0.1, []int{2, 2}},
		{"different pairs from a small class", []int{50, 2}, 0.1, []int{5, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustOpen(t, Options{FS: classFolders(tt.sizes...), Data: "."})
			if err := d.Assign(SplitOptions{Val: tt.val, Seed: 7}); err != nil {
				t.Fatal(err)
			}
			if got := perClass(d, Val); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("held out of %v: %v, want %v", tt.sizes, got, tt.want)
			}
		})
	}
}

func TestAssignFoldersNote(t *testing.T) {
	d := mustOpen(t, Options{FS: classFolders(20, 30), Data: "."})
	if err := d.Assign(SplitOptions{Val: 0.1, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	want := "no split val in the data: 5 of 50 training images held out by class, seed 7"
	if len(d.Notes) != 1 || d.Notes[0] != want {
		t.Errorf("notes %q, want %q", d.Notes, want)
	}
	before := d.Fingerprint()
	if err := d.Assign(SplitOptions{Val: 0.5, Seed: 8}); err != nil {
		t.Fatal(err)
	}
	if d.Fingerprint() != before || len(d.Notes) != 1 {
		t.Error("a second Assign changed splits")
	}
}

// TestAssignKeeps: splits that the data names stay; val comes out of train alone.
func TestAssignKeeps(t *testing.T) {
	m := fstest.MapFS{}
	for _, split := range []string{"train", "test"} {
		for name := range classFolders(20, 20) {
			m[split+"/"+name] = &fstest.MapFile{}
		}
	}
	d := mustOpen(t, Options{FS: m, Data: "."})
	if got := fmt.Sprint(d.Splits()); got != "[train test]" {
		t.Errorf("splits %s, want [train test]", got)
	}
	if err := d.Assign(SplitOptions{Val: 0.2}); err != nil {
		t.Fatal(err)
	}
	for split, want := range map[Split]string{Train: "[16 16]", Val: "[4 4]", Test: "[20 20]"} {
		if got := fmt.Sprint(perClass(d, split)); got != want {
			t.Errorf("images of %s by class: %s, want %s", split, got, want)
		}
	}
	for _, i := range d.In(Val).Images {
		if !strings.HasPrefix(d.Images[i].Path, "train/") {
			t.Errorf("%s was moved to val", d.Images[i].Path)
		}
	}
	m["val/c0/x.png"] = &fstest.MapFile{}
	d = mustOpen(t, Options{FS: m, Data: "."})
	if err := d.Assign(SplitOptions{Val: 0.2}); err != nil {
		t.Fatal(err)
	}
	if n := len(d.In(Val).Images); n != 1 {
		t.Errorf("val of the data has 1 image, after Assign %d", n)
	}
}

func TestAssignErrors(t *testing.T) {
	for _, val := range []float64{-0.1, 1, 2, math.NaN(), math.Inf(1)} {
		d := mustOpen(t, Options{FS: classFolders(20, 20), Data: "."})
		err := d.Assign(SplitOptions{Val: val})
		if e := (*OptionsError)(nil); !errors.As(err, &e) {
			t.Errorf("Assign with val %g: %v, want an *OptionsError", val, err)
		}
	}
	d := mustOpen(t, Options{FS: classFolders(3, 3, 3), Data: "."})
	want := `data ".": no 10 % can be held out for validation: that needs two classes of at ` +
		`least 2 training images, one of them of at least 4; add images, or a folder val`
	if err := d.Assign(SplitOptions{Val: 0.1}); err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

// TestSharesProperties: no class gives more than it can spare, large classes give
// their share, small ones give it together, and both sides can form pairs.
func TestSharesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 60), 2, 40).Draw(t, "sizes")
		val := rapid.Float64Range(0.01, 0.5).Draw(t, "val")
		seed := rapid.Uint64().Draw(t, "seed")
		counts, ok := shares(sizes, val, rand.New(rand.NewPCG(seed, 0)))
		givers, able, four, small, wanted := 0, 0, 0, 0, 0.0
		for c, n := range sizes {
			k := counts[c]
			if k > 0 {
				givers++
			}
			if n >= 2 {
				able++
			}
			if n >= 4 {
				four++
			}
			if share := val * float64(n); n >= 4 && math.Round(share) < 2 {
				small += k
				wanted += share
			} else if n >= 4 && k != min(int(math.Round(share)), n-2) {
				t.Fatalf("class of %d gives %d at %g", n, k, val)
			}
			if k >= n && n > 0 || n >= 4 && n-k < 2 {
				t.Fatalf("class of %d gives %d", n, k)
			}
		}
		if want := four >= 1 && able >= 2; ok != want {
			t.Fatalf("sizes %v: ok = %t, want %t", sizes, ok, want)
		}
		// The credit of small classes stays in [-1, 1); two may be added as the first givers.
		if d := float64(small) - wanted; givers > 2 && (d < -1 || d > 1+2) {
			t.Fatalf("small classes give %d, want about %g", small, wanted)
		}
	})
}

// pairList returns about 200 rows on 300 images, in groups of at most size.
func pairList(r *rand.Rand, size int) []string {
	var list []string
	for range 200 {
		a := r.IntN(300)
		b := a/size*size + r.IntN(size)
		if a != b && b < 300 {
			same := (a + b) * 7 / 3 % 2 // equal for (a,b) and (b,a)
			list = append(list, fmt.Sprintf("%03d.png,%03d.png,%d", a, b, same))
		}
	}
	return list
}

// TestAssignPairsProperties: groups are never broken, the share is kept within its
// limits, and the same seed gives the same split for any order of rows.
func TestAssignPairsProperties(t *testing.T) {
	m := fstest.MapFS{}
	for i := range 300 {
		m[fmt.Sprintf("%03d.png", i)] = &fstest.MapFile{}
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "list"), 0))
		rows := pairList(r, rapid.IntRange(2, 9).Draw(t, "size"))
		shuffled := slices.Clone(rows)
		r.Shuffle(len(rows), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		o := SplitOptions{Val: rapid.Float64Range(0.02, 0.5).Draw(t, "val"),
			Seed: rapid.Uint64().Draw(t, "seed")}
		var splits []map[string]Split // by pair
		for _, rows := range [][]string{rows, shuffled} {
			m["l.csv"] = &fstest.MapFile{Data: []byte("left,right,same\n" + strings.Join(rows, "\n"))}
			d, err := Open(Options{FS: m, Data: "l.csv"})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Assign(o); err != nil {
				t.Fatal(err)
			}
			checkGroups(t, d, o.Val)
			split := map[string]Split{}
			for _, p := range d.Pairs {
				a, b := d.Images[p.Left].Path, d.Images[p.Right].Path
				split[min(a, b)+max(a, b)] = p.Split
			}
			splits = append(splits, split)
		}
		if fmt.Sprint(splits[0]) != fmt.Sprint(splits[1]) {
			t.Fatal("another order of rows gives another split")
		}
	})
}

func checkGroups(t *rapid.T, d *Dataset, val float64) {
	train, held := d.In(Train), d.In(Val)
	if len(train.Pairs)+len(held.Pairs) != len(d.Pairs) {
		t.Fatalf("%d + %d pairs, want %d", len(train.Pairs), len(held.Pairs), len(d.Pairs))
	}
	in := map[int32]bool{}
	for _, i := range train.Images {
		in[i] = true
	}
	for _, i := range held.Images {
		if in[i] || d.Images[i].Split != Val {
			t.Fatalf("image %+v is on both sides", d.Images[i])
		}
	}
	want := max(2, math.Round(val*float64(len(d.Pairs))))
	if n := float64(len(held.Pairs)); n < want/4 || n > 2*want {
		t.Fatalf("%g pairs held out, want about %g", n, want)
	}
	for _, p := range []Part{train, held} {
		if d.noPairs(p) != "" {
			t.Fatalf("%s: %s", p.Split, d.noPairs(p))
		}
	}
}

func TestAssignPairsGiant(t *testing.T) {
	m, text := fstest.MapFS{}, "left,right,same\n"
	for i := range 100 {
		m[fmt.Sprintf("%d.png", i)] = &fstest.MapFile{}
		text += fmt.Sprintf("%d.png,%d.png,%d\n", i, (i+1)%100, i%2) // a ring
	}
	m["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	d := mustOpen(t, Options{FS: m, Data: "l.csv"})
	err := d.Assign(SplitOptions{Val: 0.1})
	want := `data "l.csv": no 10 % of the training pairs can be held out for validation so that no ` +
		`image is on both sides and both have same and different pairs: by shared images they ` +
		`form 1 group, the largest of 100 of 100 pairs; add a column split (train, val, test) ` +
		`to the list`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if err := d.Assign(SplitOptions{}); err != nil || len(d.In(Train).Pairs) != 100 {
		t.Errorf("without validation: %v, %d pairs in train", err, len(d.In(Train).Pairs))
	}
}

// TestAssignPairsKeeps: a list with train and test gets its val out of train.
func TestAssignPairsKeeps(t *testing.T) {
	m, text := fstest.MapFS{}, "left,right,same,split\n"
	for i := range 100 {
		m[fmt.Sprintf("%d.png", 2*i)] = &fstest.MapFile{}
		m[fmt.Sprintf("%d.png", 2*i+1)] = &fstest.MapFile{}
		text += fmt.Sprintf("%d.png,%d.png,%d,%s\n", 2*i, 2*i+1, i%2, []string{"train", "test"}[i/50])
	}
	m["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	d := mustOpen(t, Options{FS: m, Data: "l.csv"})
	if err := d.Assign(SplitOptions{Val: 0.2}); err != nil {
		t.Fatal(err)
	}
	want := "l.csv: 100 pairs (50 same) of 200 images; train 40 pairs (20 same) of 80 images, " +
		"val 10 pairs (5 same) of 20 images, test 50 pairs (25 same) of 100 images"
	if got := d.Summary(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	want = "no split val in the data: 10 of 50 training pairs held out, " +
		"10 of 50 groups by shared images, seed 0"
	if len(d.Notes) != 1 || d.Notes[0] != want {
		t.Errorf("notes %q, want %q", d.Notes, want)
	}
}

// TestAssignSeeds: equal seeds give equal splits, other seeds others.
func TestAssignSeeds(t *testing.T) {
	prints := map[string]uint64{}
	for seed := range uint64(5) {
		for range 2 {
			d := mustOpen(t, Options{FS: classFolders(50, 50), Data: "."})
			if err := d.Assign(SplitOptions{Val: 0.1, Seed: seed}); err != nil {
				t.Fatal(err)
			}
			if other, ok := prints[d.Fingerprint()]; ok && other != seed {
				t.Errorf("seeds %d and %d give one split", seed, other)
			}
			prints[d.Fingerprint()] = seed
		}
	}
	if len(prints) != 5 {
		t.Errorf("5 seeds give %d splits", len(prints))
	}
}
