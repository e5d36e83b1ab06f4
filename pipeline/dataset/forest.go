package dataset

// forest is sets of images that are joined one by one.
type forest []int32 // [i] an image of i's set with a lower number, or i, the lowest of its set

// newForest returns n sets of one image.
func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

// root returns the lowest image of i's set.
func (f forest) root(i int32) int32 {
	for f[i] != i {
		f[i] = f[f[i]] // halves the way for the next one
		i = f[i]
	}
	return i
}

// join makes one set of those of a and b.
func (f forest) join(a, b int32) {
	a, b = f.root(a), f.root(b)
	f[max(a, b)] = min(a, b)
}
