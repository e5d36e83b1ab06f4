package distance

import "slices"

// Limit returns the largest threshold that at most a share, in [0,1), of distances is within.
// It lies midway between two of them, and is -1, which accepts nothing, where already the
// smallest are too many. distances [M], at least one, are finite.
func Limit(distances []float32, share float64) float64 {
	d := slices.Sorted(slices.Values(distances))
	within := int(share*float64(len(d)) + 1e-9) // 0.15·20 is a little less than 3
	for within > 0 && d[within-1] == d[within] {
		within--
	}
	if within == 0 {
		return -1
	}
	return (float64(d[within-1]) + float64(d[within])) / 2
}
