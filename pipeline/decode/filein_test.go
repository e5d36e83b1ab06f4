package decode

import (
	"bytes"
	"testing"
	"testing/fstest"
)

// TestFileIn: a file lies in the memory that is offered where there is room, and what was there before does not show.
func TestFileIn(t *testing.T) {
	files := fstest.MapFS{"long": {Data: bytes.Repeat([]byte{1}, 3000)}, "short": {Data: []byte{2, 2}}, "none": {}}
	memory := make([]byte, 0, 4096)
	for _, c := range []struct {
		path string
		in   []byte
		used bool
	}{
		{"long", memory, true}, {"short", memory, true}, {"none", memory, true}, {"long", make([]byte, 10), false}, {"long", nil, false},
	} {
		got, err := FileIn(files, c.path, DefaultLimits, c.in)
		if err != nil || !bytes.Equal(got, files[c.path].Data) {
			t.Errorf("%q is %d bytes (%v), want %d", c.path, len(got), err, len(files[c.path].Data))
		}
		if used := cap(got) > 0 && cap(c.in) > 0 && &got[:1][0] == &c.in[:1][0]; used != c.used {
			t.Errorf("%q in %d bytes: these are used: %t, want %t", c.path, cap(c.in), used, c.used)
		}
	}
}
