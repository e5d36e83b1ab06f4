package plural

import "testing"

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n          int
		noun, want string
	}{
		{0, "image", "0 images"}, {1, "image", "1 image"}, {2, "image", "2 images"}, {1, "class", "1 class"},
		{3, "class", "3 classes"}, {1, "query", "1 query"}, {1000, "query", "1000 queries"},
	} {
		if got := Count(c.n, c.noun); got != c.want {
			t.Errorf("Count(%d, %q) = %q, want %q", c.n, c.noun, got, c.want)
		}
	}
}
