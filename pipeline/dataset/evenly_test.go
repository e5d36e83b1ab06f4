package dataset

import (
	"slices"
	"testing"
)

// TestEvenly: 4 of 10 stand at the floors of 0, 2.5, 5 and 7.5; all of a shorter list.
func TestEvenly(t *testing.T) {
	list := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for n, want := range map[int][]int{4: {0, 2, 5, 7}, 1: {0}, 10: list, 20: list, 0: {}} {
		if got := Evenly(list, n); !slices.Equal(got, want) {
			t.Errorf("%d of ten: %v, want %v", n, got, want)
		}
	}
}
