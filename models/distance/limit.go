package distance

import (
	"cmp"
	"slices"
)

// Promise is the share of strangers that a search accepts if nothing else is asked for: the
// false-positive identification rate of ISO/IEC 19795-1. A stranger is an image whose class is
// not among those that are searched.
const Promise = 0.05

// Limit returns the largest threshold that at most a share, in [0,1), of distances is within.
// It lies midway between two of them, and is -1, which accepts nothing, where already the
// smallest are too many. distances [M], at least one, are finite. weights [M] say how much
// each counts, M in all, about; nil: 1.
func Limit(distances []float32, weights []float64, share float64) float64 {
	order := make([]int, len(distances))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(distances[a], distances[b]) })
	room := share*float64(len(distances)) + 1e-9 // 0.15·20 is a little less than 3
	within := 0
	for ; within < len(order); within++ {
		if weights == nil {
			room--
		} else {
			room -= weights[order[within]]
		}
		if room < 0 {
			break
		}
	}
	at := func(rank int) float32 { return distances[order[rank]] }
	within = min(within, len(order)-1)
	for within > 0 && at(within-1) == at(within) {
		within--
	}
	if within == 0 {
		return -1
	}
	return (float64(at(within-1)) + float64(at(within))) / 2
}
