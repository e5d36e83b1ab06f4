package phash

import (
	"slices"
	"testing"
)

// TestIndexOfExtremes: the least and the greatest value of each part of a hash are found, too.
func TestIndexOfExtremes(t *testing.T) {
	hashes := []Hash{^Hash(0), 0, 0xffff, 0xffff << 48, 0x1234_ffff_0000_5678}
	x := NewIndex(hashes)
	for row, h := range hashes {
		if got := x.Find(h, 0); !slices.Equal(got, []int{row}) {
			t.Errorf("Find(%#x, 0) = %v, want %d", uint64(h), got, row)
		}
	}
	if got := x.Find(1, 1); !slices.Equal(got, []int{1}) {
		t.Errorf("Find(1, 1) = %v, want 1", got)
	}
}
