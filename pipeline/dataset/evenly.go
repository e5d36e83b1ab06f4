package dataset

// Evenly returns at most n of list, evenly spread: of images that lie by class, each class gives about its share. It
// returns list itself where that has no more.
func Evenly[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	some := make([]T, n)
	for i := range some {
		some[i] = list[i*len(list)/n]
	}
	return some
}
