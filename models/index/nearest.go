package index

import "cmp"

// found is a row with the key of its distance.
type found struct {
	key float64
	row int32
}

// compare orders by key, then by row.
func compare(a, b found) int {
	if c := cmp.Compare(a.key, b.key); c != 0 {
		return c
	}
	return cmp.Compare(a.row, b.row)
}

// nearest is the best rows so far as a heap: the worst of them is first.
type nearest []found

// add keeps f if fewer than k are kept or the worst of them is worse, and reports
// whether it did.
func (n *nearest) add(f found, k int) bool {
	h := *n
	if len(h) < k {
		h = append(h, f)
		for i := len(h) - 1; i > 0; {
			parent := (i - 1) / 2
			if compare(h[parent], h[i]) >= 0 {
				break
			}
			h[parent], h[i] = h[i], h[parent]
			i = parent
		}
		*n = h
		return true
	}
	if compare(f, h[0]) >= 0 {
		return false
	}
	h[0] = f
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if compare(h[child], h[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return true
		}
		h[i], h[worst] = h[worst], h[i]
		i = worst
	}
}
