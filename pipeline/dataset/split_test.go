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
	if train.Pairs.Len()+held.Pairs.Len() != len(d.Pairs) {
		t.Fatalf("%d + %d pairs, want %d", train.Pairs.Len(), held.Pairs.Len(), len(d.Pairs))
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
	if n := float64(held.Pairs.Len()); n < want/4 || n > 2*want {
		t.Fatalf("%g pairs held out, want about %g", n, want)
	}
	for _, p := range []Part{train, held} {
		if d.noPairs(p) != "" {
			t.Fatalf("%s: %s", p.Split, d.noPairs(p))
		}
	}
}

// TestAssignTest: a test part is cut where the data names none and is large enough.
func TestAssignTest(t *testing.T) {
	named := func(split string) fstest.MapFS {
		m := fstest.MapFS{}
		under(m, "train", classFolders(100, 50))
		under(m, split, classFolders(10, 10))
		return m
	}
	photos := fstest.MapFS{"a.jpg": {}, "b.jpg": {}}
	text := "image,label_image\n"
	for i := range 100 {
		photos[fmt.Sprintf("%02d.png", i)] = &fstest.MapFile{}
		text += fmt.Sprintf("%02d.png,%s.jpg\n", i, []string{"a", "b"}[i%2])
	}
	photos["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	for name, tt := range map[string]struct {
		files fstest.MapFS
		data  string
		test  float64
		want  string // images of train, val and test
		note  string
	}{
		"flat":       {classFolders(100, 50), ".", 0.1, "120 15 15", "no split test in the data: 15 of 150 training images held out by class, seed 7"},
		"no test":    {classFolders(100, 50), ".", 0, "135 15 0", "no split val in the data: 15 of 150"},
		"test named": {named("test"), ".", 0.1, "135 15 20", "no split val in the data: 15 of 150"},
		"val named":  {named("val"), ".", 0.1, "135 20 15", "no split test in the data: 15 of 150"},
		"photos":     {photos, "l.csv", 0.1, "80 10 10", "no split test in the data: 10 of 100 training photos held out by label image"},
		"tiny": {classFolders(5, 4), ".", 0.1, "5 4 0", "no test part is kept, the data is too small: " +
			"no 11.1 % can be held out for validation: that needs two classes"},
		"only test": {fstest.MapFS{"test/a/1.png": {}, "test/b/1.png": {}}, ".", 0.1, "0 0 2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := mustOpen(t, Options{FS: tt.files, Data: tt.data})
			if err := d.Assign(SplitOptions{Val: 0.1, Test: tt.test, Seed: 7}); err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(len(d.In(Train).Images), len(d.In(Val).Images), len(d.In(Test).Images))
			if got != tt.want || tt.note != "" && !strings.HasPrefix(d.Notes[0], tt.note) {
				t.Errorf("images %s, want %s; notes %q, want %q", got, tt.want, d.Notes, tt.note)
			}
		})
	}
	for _, test := range []float64{-0.1, 0.95, 1, math.NaN()} {
		err := mustOpen(t, Options{FS: classFolders(20, 20), Data: "."}).Assign(SplitOptions{Val: 0.1, Test: test})
		if e := (*OptionsError)(nil); !errors.As(err, &e) {
			t.Errorf("Assign with test %g: %v, want an *OptionsError", test, err)
		}
	}
}

// TestAssignAsBefore: without a cut for test, splits are those of versions that knew none, so
// that their runs go on. The fingerprints are those that commit d5dc17f gave.
func TestAssignAsBefore(t *testing.T) {
	m := fstest.MapFS{}
	for i := range 300 {
		m[fmt.Sprintf("%03d.png", i)] = &fstest.MapFile{}
	}
	pairs := "left,right,same\n" + strings.Join(pairList(rand.New(rand.NewPCG(1, 2)), 5), "\n")
	m["pairs.csv"] = &fstest.MapFile{Data: []byte(pairs)}
	photos := "image,label_image\n"
	for i := range 200 {
		photos += fmt.Sprintf("%03d.png,%03d.png\n", i, 200+i*i%17)
	}
	m["photos.csv"] = &fstest.MapFile{Data: []byte(photos)}
	for _, tt := range []struct {
		files fstest.MapFS
		data  string
		o     SplitOptions
		want  string
	}{
		{classFolders(20, 30, 5, 3, 8, 2), ".", SplitOptions{Val: 0.1, Seed: 5},
			"4cde17a68bc11a5881461ec3c087042dfa220af60d4ab184af0a149150d908e4"},
		{m, "pairs.csv", SplitOptions{Val: 0.1, Seed: 5},
			"12878f1fff40e5ed49f8c835353cd338e1e1aba901668227dc4b10e1ba1f0989"},
		{m, "photos.csv", SplitOptions{Val: 0.1, Seed: 5},
			"f282235af2eef7018d503d52c07543a4f2f70c8c65e72ebe0132374ba4c338c4"},
		{classFolders(3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 2, 9, 5), ".",
			SplitOptions{Val: 0.1, Test: 0.5, Seed: 5, ByClass: true}, // half was the rule
			"81ab6987c471ea64e48f256de5e0b20f8f5e4d652404234a4cb0750dcdbeca2d"},
	} {
		d := mustOpen(t, Options{FS: tt.files, Data: tt.data})
		if err := d.Assign(tt.o); err != nil || d.Fingerprint() != "sha256:"+tt.want {
			t.Errorf("%s, %+v: %s (%v), want %s", tt.data, tt.o, d.Fingerprint(), err, tt.want)
		}
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
		"10 of 50 sets joined by shared images, seed 0"
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
