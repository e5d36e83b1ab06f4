package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// TestFew: three pictures, of which one is alone in its class, and listed pairs: what is not there is not spoken of.
func TestFew(t *testing.T) {
	files := painted(t, 2)
	for path := range files {
		if !strings.Contains(path, "/red/") && path != "data/test/green/00.png" {
			delete(files, path)
		}
	}
	data, store, model := opened(t, files, "data", "")
	r, err := evaluate.Run(t.Context(), evaluate.Config{Model: model, Store: store, Data: data, Part: data.In(dataset.Test),
		Threshold: distance.Threshold{Value: 0.12, Source: "validation"}})
	if err != nil {
		t.Fatal(err)
	}
	page := rendered(t, source(t, data, model, r, nil))
	for _, want := range []string{"Nothing of what was measured.", `data-json="queries_excluded">1</data> of the pictures ask nothing`, "Measure on more pictures: with 3 of them"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of three pictures lacks %q", want)
		}
	}
	if strings.Contains(page, `<a href="#hardest">The hardest pictures</a>`) {
		t.Error("a page without a mistake leads to the hardest pictures")
	}
	list := rendered(t, ofList(t))
	for _, not := range []string{`data-json="classes"`, "ask nothing", "lines lead to"} {
		if strings.Contains(list, not) {
			t.Errorf("the page of listed pairs has %q", not)
		}
	}
	if !regexp.MustCompile(`<br>test/[^<]*\.png and test/[^<]*\.png line \d+</figcaption>`).MatchString(list) {
		t.Error("a doubted pair does not name both pictures")
	}
}
