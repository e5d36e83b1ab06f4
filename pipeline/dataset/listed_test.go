package dataset

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestListed: what is kept of a list, and of what was kept, is what slices.DeleteFunc leaves of a copy. A loop
// ends where it is told to.
func TestListed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		numbers := make([]int, r.IntN(12))
		for i := range numbers {
			numbers[i] = r.IntN(4)
		}
		listed, want := ListOf(numbers), slices.Clone(numbers)
		for range 3 {
			without := r.IntN(5)
			listed = listed.only(func(n int) bool { return n != without })
			want = slices.DeleteFunc(want, func(n int) bool { return n == without })
			if got := slices.Collect(listed.All()); !slices.Equal(got, want) || listed.Len() != len(want) {
				t.Fatalf("of %v, without %d: %v, %d of them; want %v", numbers, without, got, listed.Len(), want)
			}
		}
		for i, n := range want {
			if got := listed.At(i); got != n {
				t.Fatalf("At(%d) = %d, want %d of %v", i, got, n, want)
			}
		}
		for n := range listed.All() {
			if n != want[0] {
				t.Fatalf("the first is %d, want %d", n, want[0])
			}
			break
		}
	}
}

// TestListedIsNoCopy: tuples of a split lie where the data has them.
func TestListedIsNoCopy(t *testing.T) {
	d := mustOpen(t, Options{Data: "l.csv", FS: listFS("left,right,same,split\n" +
		"c.png,a.png,1,train\na.png,b.png,0,test\nb.png,c.png,0,train\n")})
	for split, want := range map[Split]int{Train: 2, Test: 1, Val: 0} {
		pairs := d.In(split).Pairs
		if pairs.Len() != want || pairs.Len() > 0 && unsafe.SliceData(pairs.tuples) != &d.Pairs[0] && &pairs.tuples[0] != &d.Pairs[1] {
			t.Errorf("%d pairs of %s, want %d that lie in the data", pairs.Len(), split, want)
		}
	}
	if size := unsafe.Sizeof(Pair{}); size != 16 {
		t.Errorf("a pair takes %d bytes, want 16 as its comment says", size)
	}
}

// TestSplitNames: each split has a name that leads back to it, and no other word does.
func TestSplitNames(t *testing.T) {
	for split, want := range map[Split]string{Unsplit: "", Train: "train", Val: "val", Test: "test"} {
		if got := split.String(); got != want || SplitNamed(want) != split {
			t.Errorf("split %d is named %q, and %q is split %d; want %q", split, got, want, SplitNamed(want), want)
		}
	}
	for _, name := range []string{"Train", "validation", "tset"} {
		if got := SplitNamed(name); got != Unsplit {
			t.Errorf("%q is the split %s, want none", name, got)
		}
	}
}
