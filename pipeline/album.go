package pipeline

import (
	"os"
	"sync"
)

// album keeps thumbnails for as long as a Store is open, in a file without a name, one behind the other. As with a cache no
// trouble with the disk is an error: what it lacks is made again.
type album struct {
	dir string

	mu   sync.Mutex       // protects what follows
	at   map[int32]extent // by image
	end  int64            // of the file
	most int64            // bytes of the file
	file *os.File         // nil before the first
	full bool             // nothing more is kept
}

// extent is where a thumbnail lies.
type extent struct{ from, bytes int64 }

// newAlbum returns an empty one whose file is in dir.
func newAlbum(dir string) *album { return &album{dir: dir, at: map[int32]extent{}} }

// wants reports whether put would keep the thumbnail of an image.
func (a *album) wants(image int32) bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, there := a.at[image]
	return !there && !a.full
}

// put keeps the thumbnail of an image. A nil album keeps nothing.
func (a *album) put(image int32, small []byte) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, there := a.at[image]; there || a.full {
		return
	}
	if a.file == nil {
		file, err := createUnlinked(a.dir)
		if err != nil {
			a.full = true
			return
		}
		a.file, a.most = file, available(a.dir)/2 // the rest is for others
	}
	n := int64(len(small))
	if a.full = a.end+n > a.most; a.full {
		return
	}
	if _, err := a.file.WriteAt(small, a.end); err != nil {
		a.full = true
		return
	}
	a.at[image] = extent{a.end, n}
	a.end += n
}

// get returns the thumbnail of an image, nil where it is not kept.
func (a *album) get(image int32) []byte {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	of, there := a.at[image]
	file := a.file
	a.mu.Unlock()
	if !there {
		return nil
	}
	small := make([]byte, of.bytes)
	if _, err := file.ReadAt(small, of.from); err != nil {
		return nil
	}
	return small
}

// close gives the disk back. A closed album keeps nothing more.
func (a *album) close() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full = true
	clear(a.at)
	if a.file == nil {
		return nil
	}
	err := a.file.Close()
	a.file = nil
	return err
}
