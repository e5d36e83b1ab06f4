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

// stampRow leads to the Sum of a row.
type stampRow struct {
	Stamp
	row int32
}

// rows are pictures and the stamps that lead to them, in the order in which they were put. A picture takes some 80 bytes, and a
// stamp 60: there may be a million.
type rows struct {
	pictures blocks[row]
	bySum    *slots.Table // the last picture with a Sum
	stamps   blocks[stampRow]
	byStamp  *slots.Table // the last with a Stamp
	seed     maphash.Seed
}

func newRows() *rows {
	r := &rows{seed: maphash.MakeSeed()}
	r.bySum = slots.New(func(n int32) uint64 { return hashOf(r.pictures.at(n).SHA256) })
	r.byStamp = slots.New(func(n int32) uint64 { return maphash.Comparable(r.seed, r.stamps.at(n).Stamp) })
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
	n, ok := r.byStamp.Find(maphash.Comparable(r.seed, s), func(n int32) bool { return r.stamps.at(n).Stamp == s })
	if !ok {
		return 0, false
	}
	return r.find(r.pictures.at(r.stamps.at(n).row).SHA256) // it may have been put again
}

// stamp lets a stamp lead to the picture of a number.
func (r *rows) stamp(s Stamp, picture int32) {
	n := r.stamps.add(stampRow{s, picture})
	r.byStamp.Put(maphash.Comparable(r.seed, s), n, func(n int32) bool { return r.stamps.at(n).Stamp == s })
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
