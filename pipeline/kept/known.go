package kept

import (
	"io/fs"
	"sync"
)

// Known returns what tells the SHA-256 of a file that is as it was when something was kept of it, in whatever way. The
// packs are looked at when it is asked first. It is safe for concurrent use.
func Known(o Options) func(fsys fs.FS, path string) (Sum, bool) {
	read := sync.OnceValue(func() map[Stamp]Sum {
		stamps := map[Stamp]Sum{}
		for _, path := range packsIn(o.Folder) {
			of, list, err := openPack(path)
			if err != nil {
				continue
			}
			_ = of.file.Close() // read only
			for _, s := range list.stamps {
				stamps[s.Stamp] = s.SHA256
			}
		}
		return stamps
	})
	return func(fsys fs.FS, path string) (Sum, bool) {
		s := StampOf(fsys, path)
		if !s.tells() {
			return Sum{}, false
		}
		sum, ok := read()[s]
		return sum, ok
	}
}
