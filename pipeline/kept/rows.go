package kept

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/tfpair/tfpair/internal/slots"
)

// row is a picture, wherever it is kept.
type row struct {
	record
	pack uint32 // its number
	at   int64  // where it begins
}

// rows are pictures and the stamps that lead to them, in the order in which they were put. A picture takes some 80 bytes, and a
// stamp 60: there may be a million.
type rows struct {
	pictures blocks[row]
	bySum    *slots.Table    // the last picture with a Sum
	stamps   *byStamp[int32] // lead to the Sum of a picture
}

func newRows() *rows {
	r := &rows{stamps: newByStamp[int32]()}
	r.bySum = slots.New(func(n int32) uint64 { return hashOf(r.pictures.at(n).SHA256) })
	return r
}

// hashOf returns a part of a Sum, whose bits are mixed already.
func hashOf(sum Sum) uint64 { return binary.LittleEndian.Uint64(sum[:]) }

// find returns the number of the picture with a Sum.
func (r *rows) find(sum Sum) (int32, bool) {
	return r.bySum.Find(hashOf(sum), func(n int32) bool { return r.pictures.at(n).SHA256 == sum })
}

// put adds a picture, in place of one with the same Sum, and returns its number.
func (r *rows) put(p row) int32 {
	number := r.pictures.add(p)
	r.bySum.Put(hashOf(p.SHA256), number, func(n int32) bool { return r.pictures.at(n).SHA256 == p.SHA256 })
	return number
}

// stamped returns the number of the picture that a stamp leads to.
func (r *rows) stamped(s Stamp) (int32, bool) {
	n, ok := r.stamps.find(s)
	if !ok {
		return 0, false
	}
	return r.find(r.pictures.at(n).SHA256) // it may have been put again
}

// byStamp is values that stamps lead to, in the order in which they were put. It takes some 60 bytes of each beside the value.
type byStamp[T any] struct {
	all  blocks[atStamp[T]]
	last *slots.Table // of those with a Stamp
	seed maphash.Seed
}

type atStamp[T any] struct {
	Stamp
	to T
}

func newByStamp[T any]() *byStamp[T] {
	b := &byStamp[T]{seed: maphash.MakeSeed()}
	b.last = slots.New(func(n int32) uint64 { return b.hash(b.all.at(n).Stamp) })
	return b
}

func (b *byStamp[T]) hash(s Stamp) uint64 { return maphash.Comparable(b.seed, s) }

// put lets a stamp lead to a value, whatever it led to before.
func (b *byStamp[T]) put(s Stamp, to T) {
	n := b.all.add(atStamp[T]{s, to})
	b.last.Put(b.hash(s), n, func(n int32) bool { return b.all.at(n).Stamp == s })
}

// find returns what a stamp leads to.
func (b *byStamp[T]) find(s Stamp) (to T, ok bool) {
	n, ok := b.last.Find(b.hash(s), func(n int32) bool { return b.all.at(n).Stamp == s })
	if ok {
		to = b.all.at(n).to
	}
	return to, ok
}

// blocks is a slice that is never copied while it grows.
type blocks[T any] struct {
	list [][]T
	n    int32
}

const perBlock = 1 << 12

// add puts a value behind the others and returns its number.
func (b *blocks[T]) add(v T) int32 {
	if b.n%perBlock == 0 {
		b.list = append(b.list, make([]T, 0, perBlock))
	}
	last := &b.list[len(b.list)-1]
	*last = append(*last, v)
	b.n++
	return b.n - 1
}

func (b *blocks[T]) at(n int32) *T { return &b.list[n/perBlock][n%perBlock] }
