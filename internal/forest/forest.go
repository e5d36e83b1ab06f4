// Package forest joins numbers to disjoint sets, one by one: union-find.
package forest

// Forest is disjoint sets of the numbers 0…n−1.
type Forest []int32 // [i] a member of i's set with a lower number, or i, the lowest of its set

// New returns n sets of one number.
func New(n int) Forest {
	f := make(Forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

// Root returns the lowest number of i's set.
func (f Forest) Root(i int32) int32 {
	for f[i] != i {
		f[i] = f[f[i]] // halves the way for the next one
		i = f[i]
	}
	return i
}

// Join makes one set of those of a and b.
func (f Forest) Join(a, b int32) {
	a, b = f.Root(a), f.Root(b)
	f[max(a, b)] = min(a, b)
}
