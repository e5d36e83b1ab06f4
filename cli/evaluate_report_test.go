package cli

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/metric"
)

// TestTelling: with two right answers precision@5 is that of two, and among three images each
// of the nearest five is an answer: both say nothing of a model.
func TestTelling(t *testing.T) {
	var list []evaluate.Measured
	for _, name := range metric.Queries.Names() {
		list = append(list, evaluate.Measured{Name: name})
	}
	for _, c := range []struct {
		fewest, searched int
		gone             []string
		left             string
	}{
		{10, 11, nil, ""},
		{9, 11, []string{"precision@10"}, "left out: precision@10, because a class has only 9 images to find"},
		{1, 6, []string{"precision@10", "precision@5", "recall@10"}, "left out: precision@10 and precision@5, because a class " +
			"has only 1 image to find; recall@10, because only 6 images are searched and all are answers"},
		{1, 5, []string{"precision@10", "precision@5", "recall@10", "recall@5"}, "left out: precision@10 and precision@5, because " +
			"a class has only 1 image to find; recall@10 and recall@5, because only 5 images are searched and all are answers"},
	} {
		of := telling(list, c.fewest, c.searched)
		var gone []string
		for _, m := range list {
			if !slices.ContainsFunc(of.list, func(kept evaluate.Measured) bool { return kept.Name == m.Name }) {
				gone = append(gone, m.Name)
			}
		}
		if diff := cmp.Diff(c.gone, gone) + cmp.Diff(c.left, of.left); diff != "" {
			t.Errorf("%d to find among %d (-want +got):\n%s", c.fewest, c.searched, diff)
		}
	}
}

// TestSeenIn: the sentence says what the training has seen of the images, or that nobody knows.
func TestSeenIn(t *testing.T) {
	for want, e := range map[string]*evaluate.Exposure{
		"":                             nil,
		" that training may have seen": {Images: 4},
		" that training has not seen":  {Known: true, Images: 4, Seen: 2},
		" that training has not seen, 2 of them copies of seen ones": {Known: true, Images: 4,
			Copies: make([]evaluate.Copy, 2)},
		", 3 of which training has seen": {Known: true, Images: 4, Seen: 3,
			Measured: true},
	} {
		if got := seenIn(e); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}

// TestSayDoubts: copies of seen images are said beside the numbers.
func TestSayDoubts(t *testing.T) {
	var b bytes.Buffer
	out := output{IO: IO{Out: &b, Getenv: func(string) string { return "" }}}
	sayDoubts(out, &evaluate.Exposure{Known: true, Images: 4}, nil)
	if b.Len() > 0 {
		t.Errorf("%q of images that are no copies, want nothing", b.String())
	}
	sayDoubts(out, &evaluate.Exposure{Known: true, Images: 4, Copies: make([]evaluate.Copy, 2)}, nil)
	want := "caution    2 of the images measured are copies of ones that training has seen: the numbers are too good\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// TestPaper: the numbers that papers report have the names and the form of papers, in the papers' order.
func TestPaper(t *testing.T) {
	e := evaluation{Report: &evaluate.Report{Retrieval: []evaluate.Measured{
		{Name: "map@r", Value: 0.2096}, {Name: "mrr", Value: 0.5}, {Name: "recall@2", Value: 0.573}, {Name: "recall@1", Value: 0.4512}}}}
	for want, recalls := range map[string][]int32{"": nil, "\nas papers have it: R@1 45.1 | R@2 57.3 | MAP@R 21.0\n": {1, 2}} {
		var b bytes.Buffer
		e.printPaper(output{IO: IO{Out: &b, Getenv: func(string) string { return "" }}}, &dataset.Dataset{Recalls: recalls})
		if b.String() != want {
			t.Errorf("recalls at %v: %q, want %q", recalls, b.String(), want)
		}
	}
}

// TestRates: one line says which rates so few are not enough for, and the table has the others.
func TestRates(t *testing.T) {
	rates := []metric.Rate{{Target: 0.001}, {Target: 0.1}}
	if table := ratesTable(nil, rates); table != nil {
		t.Errorf("a table of rates that nothing is known of:\n%s", table.Render())
	}
	rates[1].Measurable = true
	if table := ratesTable(nil, rates); table == nil || table.Length() != 1 {
		t.Errorf("table %v, want one row", table)
	}
	want := "too few different pairs for some rates, there are 40: 0.1 % needs 3,000"
	if got := unmeasured([]float64{0.001, 0.1}, []bool{false, true}, "different pairs", 40); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := unmeasured([]float64{0.1}, []bool{true}, "different pairs", 40); got != "" {
		t.Errorf("%q of what is enough, want nothing", got)
	}
}

// TestMissing: classes without an image in the part are named, but for classes that are missing
// because training was to see them alone.
func TestMissing(t *testing.T) {
	m := measuring{data: &dataset.Dataset{Classes: []string{"apple", "fig", "kiwi"},
		Images: []dataset.Image{{Class: 0}, {Class: 1}, {Class: 2}, {Class: 0}}}, model: &inference.Model{Spec: &spec.Spec{}}}
	part := dataset.Part{Images: []int32{0, 3}}
	if got := m.missing(part); !slices.Equal(got, []string{"fig", "kiwi"}) {
		t.Errorf("missing %q, want fig and kiwi", got)
	}
	m.unseen = true
	if got := m.missing(part); got != nil {
		t.Errorf("missing %q of unseen classes, want nothing", got)
	}
	var b bytes.Buffer
	sayMissing(output{IO: IO{Out: &b, Getenv: func(string) string { return "" }}}, []string{"fig", "kiwi"}, 3)
	if want := "note       2 of 3 classes have no image here and are not measured: fig, kiwi\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
