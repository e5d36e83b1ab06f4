package kept

import (
	"io/fs"
	"sync"
)

// Known returns what tells the SHA-256 of a file that is as it was when something was kept of it, in whatever way. The
// packs are looked at when it is asked first. It is safe for concurrent use.
func Known(o Options) func(fsys fs.FS, path string) (Sum, bool) {
	read := sync.OnceValue(func() *byStamp[Sum] {
		all := newByStamp[Sum]()
		for _, path := range packsIn(o.Folder) {
			of, list, err := openPack(path)
			if err != nil {
				continue
			}
			_ = list.eachStamp(func(s stamped) { all.put(s.Stamp, s.SHA256) }) // else some are not known
			_ = of.file.Close()                                                // read only
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
