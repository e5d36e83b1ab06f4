package kept

import (
	"hash/maphash"
	"io/fs"
	"sync"

	"github.com/tfpair/tfpair/internal/slots"
)

// Known returns what tells the SHA-256 of a file that is as it was when something was kept of it, in whatever way. The
// packs are looked at when it is asked first. It is safe for concurrent use.
func Known(o Options) func(fsys fs.FS, path string) (Sum, bool) {
	read := sync.OnceValue(func() *stamps {
		all := newStamps()
		for _, path := range packsIn(o.Folder) {
			of, list, err := openPack(path)
			if err != nil {
				continue
			}
			_ = list.eachStamp(all.put) // else some are not known
			_ = of.file.Close()         // read only
		}
		return all
	})
	return func(fsys fs.FS, path string) (Sum, bool) {
		s := StampOf(fsys, path)
		if !s.tells() {
			return Sum{}, false
		}
		return read().find(s)
	}
}

// stamps are Sums by their Stamps: some 80 bytes of each.
type stamps struct {
	all  blocks[stamped]
	of   *slots.Table // the last with a Stamp
	seed maphash.Seed
}

func newStamps() *stamps {
	s := &stamps{seed: maphash.MakeSeed()}
	s.of = slots.New(func(n int32) uint64 { return maphash.Comparable(s.seed, s.all.at(n).Stamp) })
	return s
}

func (s *stamps) put(v stamped) {
	number := s.all.add(v)
	s.of.Put(maphash.Comparable(s.seed, v.Stamp), number, func(n int32) bool { return s.all.at(n).Stamp == v.Stamp })
}

func (s *stamps) find(of Stamp) (Sum, bool) {
	n, ok := s.of.Find(maphash.Comparable(s.seed, of), func(n int32) bool { return s.all.at(n).Stamp == of })
	if !ok {
		return Sum{}, false
	}
	return s.all.at(n).SHA256, true
}
