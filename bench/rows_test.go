package main

import "testing"

// TestOnce: the first rows of a list name each picture once, half of them as same pairs, and none is for training and for
// validation.
func TestOnce(t *testing.T) {
	const pictures = 400
	named, sames := map[int]int{}, 0
	for i := range pictures / 2 {
		left, right, same := once(i)
		named[left]++
		named[right]++
		sames += same
		if (left/tinyPerClass == right/tinyPerClass) != (same == 1) {
			t.Errorf("row %d: pictures %d and %d are said to be same=%d", i, left, right, same)
		}
		if (left >= pictures-tinyHeld) != (right >= pictures-tinyHeld) {
			t.Errorf("row %d: pictures %d and %d are on two sides", i, left, right)
		}
	}
	for i := range pictures {
		if named[i] != 1 {
			t.Errorf("picture %d is named %d times, want once", i, named[i])
		}
	}
	if sames != pictures/4 {
		t.Errorf("%d same pairs, want %d", sames, pictures/4)
	}
}
