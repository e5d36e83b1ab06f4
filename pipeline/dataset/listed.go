package dataset

import "iter"

// Listed are tuples of a list, in its order: all of them, or those of one split. There may be millions, so they are
// not copied: they lie in the Dataset, and what is changed there is changed here. The zero value has none.
type Listed[T any] struct {
	tuples []T
	at     []int32 // indices of tuples; nil: all of them
}

// ListOf returns the tuples, which it keeps.
func ListOf[T any](tuples []T) Listed[T] { return Listed[T]{tuples: tuples} }

// Len returns how many there are.
func (l Listed[T]) Len() int {
	if l.at != nil {
		return len(l.at)
	}
	return len(l.tuples)
}

// At returns the i-th.
func (l Listed[T]) At(i int) T {
	if l.at != nil {
		i = int(l.at[i])
	}
	return l.tuples[i]
}

// All returns them in their order.
func (l Listed[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range l.Len() {
			if !yield(l.At(i)) {
				return
			}
		}
	}
}

// only returns those that a function keeps. Where they stand together no index of them is made.
func (l Listed[T]) only(keep func(T) bool) Listed[T] {
	first, last, n := 0, -1, 0
	for i := range l.Len() {
		if keep(l.At(i)) {
			if n++; n == 1 {
				first = i
			}
			last = i
		}
	}
	if n == last-first+1 {
		return l.between(first, last+1)
	}
	at := make([]int32, 0, n)
	for i := first; i <= last; i++ {
		if !keep(l.At(i)) {
			continue
		}
		if l.at != nil {
			at = append(at, l.at[i])
		} else {
			at = append(at, int32(i))
		}
	}
	return Listed[T]{l.tuples, at}
}

// between returns those of [from,to).
func (l Listed[T]) between(from, to int) Listed[T] {
	if l.at != nil {
		return Listed[T]{l.tuples, l.at[from:to:to]}
	}
	return Listed[T]{tuples: l.tuples[from:to:to]}
}
