package dataset

import "math/bits"

// knownPairs leads from two images, in any order, to the first pair of them in a slice that grows. A slot is
// four bytes, at most two of three are taken, and nothing else is kept of a pair: a map would keep some fifty bytes.
type knownPairs struct {
	slots []int32 // 1 + index of the pair, 0 free; a power of two
	taken int
}

// first returns the index of the first pair of the two images, and false where there is none: the pair that comes next, at
// len(pairs), is the first from now on.
func (k *knownPairs) first(pairs []Pair, left, right int32) (int, bool) {
	if 3*(k.taken+1) > 2*len(k.slots) {
		k.grow(pairs)
	}
	at := k.slot(pairs, left, right)
	if k.slots[at] > 0 {
		return int(k.slots[at]) - 1, true
	}
	k.slots[at] = int32(len(pairs)) + 1
	k.taken++
	return len(pairs), false
}

// slot returns that of the first pair of two images, or the free one where it belongs.
func (k *knownPairs) slot(pairs []Pair, left, right int32) int {
	low, high := min(left, right), max(left, right)
	mask := len(k.slots) - 1
	// Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4): the upper half of the product is mixed best.
	upper, lower := bits.Mul64(uint64(uint32(low))<<32|uint64(uint32(high)), 0x9e3779b97f4a7c15)
	for at := int(upper^lower) & mask; ; at = (at + 1) & mask {
		if k.slots[at] == 0 {
			return at
		}
		if p := pairs[k.slots[at]-1]; min(p.Left, p.Right) == low && max(p.Left, p.Right) == high {
			return at
		}
	}
}

// grow makes room. The first of equal pairs keep their slots, as pairs are put in again in their order.
func (k *knownPairs) grow(pairs []Pair) {
	k.slots = make([]int32, max(64, 2*len(k.slots)))
	for i, p := range pairs {
		if at := k.slot(pairs, p.Left, p.Right); k.slots[at] == 0 {
			k.slots[at] = int32(i) + 1
		}
	}
}
