// Package slots finds things that lie in a slice by what they are, at a few bytes for each: a map would keep the key of each once more.
package slots

// Table leads from keys to numbers, as those of a slice that grows, with the keys. A slot has four bytes, and at most two of three are
// taken. It is safe for one goroutine at a time.
type Table struct {
	hash  func(number int32) uint64
	slots []int32 // 1 + number, 0 free; a power of two
	taken int
}

// New returns an empty Table. Hash is that of the key of a number that was put, the same as its key had then. All its bits are
// used, the lowest first: they must be mixed.
func New(hash func(number int32) uint64) *Table { return &Table{hash: hash} }

// Find returns the number of the key with a hash that same says yes to, and false where there is none.
func (t *Table) Find(hash uint64, same func(number int32) bool) (int32, bool) {
	if t.taken == 0 {
		return 0, false
	}
	n := t.slots[t.slot(hash, same)]
	return n - 1, n > 0
}

// First is Find that puts number where there is none, and returns it.
func (t *Table) First(hash uint64, number int32, same func(number int32) bool) int32 {
	t.room()
	at := t.slot(hash, same)
	if t.slots[at] == 0 {
		t.slots[at] = number + 1
		t.taken++
	}
	return t.slots[at] - 1
}

// Put makes number that of the key, in place of the one that same says yes to.
func (t *Table) Put(hash uint64, number int32, same func(number int32) bool) {
	t.room()
	at := t.slot(hash, same)
	if t.slots[at] == 0 {
		t.taken++
	}
	t.slots[at] = number + 1
}

// slot returns that of the key, or the free one where it belongs.
func (t *Table) slot(hash uint64, same func(number int32) bool) int {
	mask := len(t.slots) - 1
	for at := int(hash) & mask; ; at = (at + 1) & mask {
		if n := t.slots[at]; n == 0 || same(n-1) {
			return at
		}
	}
}

// room makes room for one more.
func (t *Table) room() {
	if 3*(t.taken+1) <= 2*len(t.slots) {
		return
	}
	before := t.slots
	t.slots = make([]int32, max(64, 2*len(before)))
	other := func(int32) bool { return false } // all keys are different
	for _, n := range before {
		if n > 0 {
			t.slots[t.slot(t.hash(n-1), other)] = n
		}
	}
}
