package evaluate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/runner/metric"
)

func TestDoubts(t *testing.T) {
	chain := func(n int) (p Pairs) { // of n images, half of its pairs same
		for i := range int32(n - 1) {
			p.add(i, i+1, i%2 == 0)
		}
		return p
	}
	apart := func(each int) (p Pairs) {
		for i := range int32(2 * each) {
			p.add(2*i, 2*i+1, i%2 == 0)
		}
		return p
	}
	classes := apart(100)
	for i := range 400 {
		classes.Sample.Class = append(classes.Sample.Class, int32(i%4))
	}
	classes.Weight = slices.Repeat([]float64{1}, 200)
	seen := classes
	classes.Sample.NewClasses = true
	for _, c := range []struct {
		name string
		p    Pairs
		want []string
	}{
		{"100 of each, apart", apart(100), nil},
		{"99 of each", apart(99), []string{"only 99 same and 99 different pairs, want 100 of each"}},
		{"a chain", chain(301), []string{"300 of 300 pairs are linked by images that they share, and say less than as many separate pairs"}},
		{"4 new classes", classes, []string{"only 4 classes that training has not seen, want 5"}},
		{"4 seen classes", seen, nil},
		{"photos and label images", Pairs{Same: chain(301).Same, Left: chain(301).Left, Right: chain(301).Right,
			Answers: true, Sample: metric.Sample{}}, nil},
	} {
		if diff := cmp.Diff(c.want, c.p.doubts()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
