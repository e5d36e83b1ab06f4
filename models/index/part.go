package index

import (
	"math/bits"
	"sort"
)

// part is rows that lie together: those of a file, or of a segment of a folder. It does not change;
// what grows or loses rows is another part that shares the numbers.
type part struct {
	items   []Item   // [n]
	extras  []extra  // [n] what a folder knows beside them; nil: nothing
	vectors vectors  // [n,D]
	scan    searcher // of vectors
	gone    gone     // rows that were removed
	kept    *mapping // memory that vectors lie in; nil: that of the program
	album   *album   // the pictures of extras; nil: there are none
}

// extra is what a folder knows of a row, beside its item.
type extra struct {
	learned  bool
	source   int32 // number
	metadata map[string]string
	picture  slot
}

// slot is where a picture lies in the file of pictures of a segment.
type slot struct {
	at    int64
	bytes int64 // 0: there is no picture
	sum   uint32
}

// live returns how many rows are not gone.
func (p *part) live() int { return len(p.items) - p.gone.count }

// gone is a set of rows. The zero value is empty. It does not change.
type gone struct {
	bits   []uint64
	before []int32 // rows of the set before each word
	count  int
}

// has reports whether row is in g.
func (g *gone) has(row int) bool {
	return row>>6 < len(g.bits) && g.bits[row>>6]>>(row&63)&1 == 1
}

// with returns g and rows more, of n.
func (g *gone) with(n int, rows ...int) gone {
	words := (n + 63) / 64
	more := gone{bits: make([]uint64, words), before: make([]int32, words)}
	copy(more.bits, g.bits)
	for _, row := range rows {
		more.bits[row>>6] |= 1 << (row & 63)
	}
	for i, word := range more.bits {
		more.before[i] = int32(more.count)
		more.count += bits.OnesCount64(word)
	}
	return more
}

// rank returns how many rows below row are not in g.
func (g *gone) rank(row int) int {
	word := row >> 6
	if word >= len(g.bits) {
		return row - g.count
	}
	return row - int(g.before[word]) - bits.OnesCount64(g.bits[word]&(1<<(row&63)-1))
}

// find returns the row that n rows below it are not in g, itself not in g.
func (g *gone) find(n int) int {
	if all := len(g.bits) << 6; n >= all-g.count { // behind the last word
		return n + g.count
	}
	word := sort.Search(len(g.bits), func(i int) bool { return i<<6-int(g.before[i]) > n }) - 1
	n -= word<<6 - int(g.before[word])
	for row := word << 6; ; row++ {
		if g.has(row) {
			continue
		}
		if n == 0 {
			return row
		}
		n--
	}
}
