package evaluate

import (
	"errors"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// TestDisjoint: an image of the same data is told by its number, a file of other data by its
// content under whatever name.
func TestDisjoint(t *testing.T) {
	data, _ := greys(t, map[string]uint8{"train/a/1": 10, "train/b/1": 20, "test/a/2": 30})
	other, _ := greys(t, map[string]uint8{"x/moved": 30, "y/new": 40})
	test, train := data.In(dataset.Test), data.In(dataset.Train)
	for name, c := range map[string]struct {
		gallery Source
		want    *SharedError // nil: none is shared
	}{
		"another split":    {Source{Data: data, Part: train}, nil},
		"the same split":   {Source{Data: data, Part: test}, &SharedError{"test", "test/a/2.png", "test/a/2.png"}},
		"a file moved":     {Source{Data: other, Part: other.In("")}, &SharedError{"data", "x/moved.png", "test/a/2.png"}},
		"other files only": {Source{Data: other, Part: dataset.Part{Images: []int32{1}}}, nil},
	} {
		err := Disjoint(data, test, c.gallery)
		var got *SharedError
		if errors.As(err, &got); c.want == nil && err != nil || c.want != nil && (got == nil || *got != *c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
