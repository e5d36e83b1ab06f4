package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// mixed stands for the split of a class that has several.
const mixed Split = 127

// splitsOf returns the one split of each class, or mixed.
func splitsOf(d *Dataset) []Split {
	split := make([]Split, len(d.Classes))
	for _, i := range d.Images {
		switch s := &split[i.Class]; {
		case *s == Unsplit:
			*s = i.Split
		case *s != i.Split:
			*s = mixed
		}
	}
	return split
}

func count(splits []Split) string {
	n := map[Split]int{}
	for _, s := range splits {
		n[s]++
	}
	return fmt.Sprintf("train %d val %d test %d mixed %d", n[Train], n[Val], n[Test], n[mixed])
}

// under puts class folders below a split.
func under(m fstest.MapFS, split string, folders fstest.MapFS) {
	for name, f := range folders {
		m[split+"/"+name] = f
	}
}

func TestAssignByClass(t *testing.T) {
	same := func(n int) []int { return slices.Repeat([]int{3}, n) }
	both := fstest.MapFS{}
	under(both, "train", classFolders(same(10)...))
	under(both, "test", classFolders(same(10)...))
	apart := fstest.MapFS{}
	under(apart, "train", classFolders(same(20)...))
	for c := range 5 {
		apart[fmt.Sprintf("test/new%d/1.png", c)] = &fstest.MapFile{}
		apart[fmt.Sprintf("test/new%d/2.png", c)] = &fstest.MapFile{}
	}
	valApart := fstest.MapFS{}
	for name, f := range apart {
		valApart[strings.Replace(name, "test/", "val/", 1)] = f
	}
	for name, tt := range map[string]struct {
		files fstest.MapFS
		val   float64
		test  float64
		want  string
	}{
		"half and a tenth":     {classFolders(same(40)...), 0.1, 0.5, "train 15 val 5 test 20 mixed 0"},
		"half and a quarter":   {classFolders(same(40)...), 0.25, 0.5, "train 15 val 5 test 20 mixed 0"},
		"at least two each":    {classFolders(same(6)...), 0.1, 0.5, "train 2 val 2 test 2 mixed 0"},
		"singles":              {classFolders(append(same(8), slices.Repeat([]int{1}, 20)...)...), 0.1, 0.5, "train 11 val 3 test 14 mixed 0"},
		"splits share classes": {both, 0.1, 0.5, "train 3 val 2 test 5 mixed 0"},
		"ten classes":          {classFolders(same(10)...), 0.1, 0.1, "train 6 val 2 test 2 mixed 0"},
		"a hundred classes":    {classFolders(same(100)...), 0.1, 0.1, "train 81 val 9 test 10 mixed 0"},
		"val is apart":         {valApart, 0.1, 0.1, "train 18 val 5 test 2 mixed 0"},
		"splits are apart":     {apart, 0.1, 0.5, "train 15 val 5 test 5 mixed 0"},
	} {
		t.Run(name, func(t *testing.T) {
			o := SplitOptions{Val: tt.val, Test: tt.test, ByClass: true, Seed: 3}
			d := mustOpen(t, Options{FS: tt.files, Data: "."})
			if err := d.Assign(o); err != nil {
				t.Fatal(err)
			}
			splits := splitsOf(d)
			if got := count(splits); got != tt.want {
				t.Errorf("classes: %s, want %s", got, tt.want)
			}
			if len(d.Notes) == 0 || !strings.Contains(d.Notes[len(d.Notes)-1], "split by class, seed 3") {
				t.Errorf("notes %q", d.Notes)
			}
			for _, class := range d.Seen() {
				if splits[slices.Index(d.Classes, class)] == Test {
					t.Errorf("class %q of test is seen", class)
				}
			}
			unseen, err := d.Unseen(d.Seen())
			if err != nil || !slices.Equal(unseen.Images, d.In(Test).Images) {
				t.Errorf("unseen classes have %d images, test %d (%v)", len(unseen.Images),
					len(d.In(Test).Images), err)
			}
			before, notes := d.Fingerprint(), len(d.Notes)
			if err := d.Assign(o); err != nil || d.Fingerprint() != before || len(d.Notes) != notes {
				t.Errorf("a second Assign changed the data (%v)", err)
			}
			again := mustOpen(t, Options{FS: tt.files, Data: "."})
			if err := again.Assign(o); err != nil || again.Fingerprint() != before {
				t.Errorf("another split from the same seed (%v)", err)
			}
		})
	}
}

func TestAssignByClassErrors(t *testing.T) {
	d := mustOpen(t, Options{FS: classFolders(9, 9, 9, 9, 9, 1), Data: "."})
	err := d.Assign(SplitOptions{Val: 0.1, Test: 0.1, ByClass: true})
	want := "6 classes cannot be split by class: train, val and test need at least 2 classes"
	if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
		t.Errorf("five classes of two: %v, want %q", err, want)
	}
	if few := (*FewClassesError)(nil); !errors.As(err, &few) || !few.WithoutTest {
		t.Errorf("five classes of two: %v, want that four are enough without test", err)
	}
	if err := d.Assign(SplitOptions{Val: 0.1, ByClass: true}); err != nil {
		t.Errorf("five classes of two, none for test: %v", err)
	}
	err = mustOpen(t, Options{FS: classFolders(9, 9, 9), Data: "."}).Assign(SplitOptions{Val: 0.1, Test: 0.1, ByClass: true})
	if few := (*FewClassesError)(nil); !errors.As(err, &few) || few.WithoutTest {
		t.Errorf("three classes: %v, want that nothing helps", err)
	}
	shared := fstest.MapFS{}
	under(shared, "train", classFolders(3, 3, 3, 3))
	under(shared, "test", classFolders(3, 3))
	err = mustOpen(t, Options{FS: shared, Data: "."}).Assign(SplitOptions{Val: 0.1, ByClass: true})
	if err == nil || !strings.Contains(err.Error(), "its split test shares classes with others") {
		t.Errorf("test would be trained on: %v", err)
	}
	d = mustOpen(t, Options{FS: classFolders(3, 3), Data: "."})
	if _, err := d.Unseen(d.Classes); err == nil || !strings.Contains(err.Error(), "seen all of its 2 classes") {
		t.Errorf("all are seen: %v", err)
	}
	d = &Dataset{Name: "list", Pairs: []Pair{{}}}
	if err := d.Assign(SplitOptions{ByClass: true}); err == nil || !strings.Contains(err.Error(), "class folders") {
		t.Errorf("list: %v", err)
	}
	if _, err := d.Unseen(nil); err == nil || !strings.Contains(err.Error(), "no classes") {
		t.Errorf("list: %v", err)
	}
}
