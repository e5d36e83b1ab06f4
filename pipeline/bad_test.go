package pipeline

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// TestLeaveOut: bad images within the budget leave each part, with the pairs on them; more of
// them are an error that names them and changes no part.
func TestLeaveOut(t *testing.T) {
	bad := []BadImage{{Image: 1, Path: "b.png", Err: errors.New(`decode "b.png": unexpected EOF`)}}
	parts := func() (images, pairs dataset.Part) {
		return dataset.Part{Images: []int32{0, 1, 2}}, dataset.Part{Images: []int32{0, 1, 2},
			Pairs: dataset.ListOf([]dataset.Pair{{Left: 0, Right: 1}, {Left: 0, Right: 2}})}
	}
	images, pairs := parts()
	paths, err := LeaveOut(bad, 3, 0.5, &images, &pairs)
	if err != nil || !slices.Equal(paths, []string{"b.png"}) {
		t.Errorf("LeaveOut = %q, %v", paths, err)
	}
	if want := []int32{0, 2}; !slices.Equal(images.Images, want) || !slices.Equal(pairs.Images, want) || pairs.Pairs.Len() != 1 {
		t.Errorf("parts are %+v and %+v, want images %v and one pair", images, pairs, want)
	}
	for _, c := range []struct {
		total int
		share float64
		want  int
	}{{46, 0.01, 0}, {99, 0.01, 0}, {100, 0.01, 1}, {199, 0.01, 1}, {100, 0.29, 29}, {3, 1, 3}, {3, 0, 0}} {
		if got := BadBudget(c.total, c.share); got != c.want {
			t.Errorf("BadBudget(%d, %g) = %d, want %d", c.total, c.share, got, c.want)
		}
	}
	images, pairs = parts()
	var refused *BadImagesError
	if _, err := LeaveOut(bad, 3, 0, &images, &pairs); !errors.As(err, &refused) ||
		!strings.Contains(err.Error(), "1 of 3 images cannot be used\n  decode \"b.png\"") {
		t.Errorf("without a budget: %v", err)
	}
	if len(images.Images) != 3 || pairs.Pairs.Len() != 2 {
		t.Errorf("refused, the parts are %+v and %+v", images, pairs)
	}
}
