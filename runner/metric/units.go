package metric

// minComponents is the least number of connected components that are resampled
// whole; with fewer, percentile intervals of a mean are visibly too narrow.
const minComponents = 30

// units are what a bootstrap of pairs draws.
type units struct {
	method      string  // ByComponents or ByImages
	count       int     // number of units
	left, right []int32 // [M] the units of each pair's images; equal for ByComponents
}

// unitsOf chooses the units of pairs that join the images left [M] and right [M].
func unitsOf(left, right []int32) units {
	images := units{
		method: ByImages,
		left:   make([]int32, len(left)),
		right:  make([]int32, len(left)),
	}
	number := map[int32]int32{}
	dense := func(image int32) int32 {
		n, ok := number[image]
		if !ok {
			n = int32(len(number))
			number[image] = n
		}
		return n
	}
	for i := range left {
		images.left[i], images.right[i] = dense(left[i]), dense(right[i])
	}
	images.count = len(number)
	if components := images.components(); components.count >= minComponents {
		return components
	}
	return images
}

// components joins images that any pair joins.
func (u units) components() units {
	parent := make([]int32, u.count)
	for i := range parent {
		parent[i] = int32(i)
	}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]] // halves the path: later searches are short
			i = parent[i]
		}
		return i
	}
	for i := range u.left {
		parent[find(u.left[i])] = find(u.right[i])
	}
	number := make([]int32, u.count) // component of each image
	count := 0
	for i := range parent {
		if parent[i] == int32(i) {
			number[i] = int32(count)
			count++
		}
	}
	of := make([]int32, len(u.left))
	for i, image := range u.left {
		of[i] = number[find(image)]
	}
	return units{method: ByComponents, count: count, left: of, right: of}
}
