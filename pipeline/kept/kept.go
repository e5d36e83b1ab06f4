// Package kept keeps resized pixels of pictures, and thumbnails, on the disk, so that the next program that wants the
// same pictures at the same size need not decode them:
//
//	stamp, or SHA-256, of a file → Find → pixels [S,S,3] and what the picture is known by
//	stamp of a file → Known → SHA-256
//	decoded → Put → a pack aside → Close → the pack under its name, the oldest packs gone
//
// A pack is one file. It appears whole or not at all, and never changes, so that any number of programs may use
// a folder at the same time. Each picture has a checksum, and so has the list of them; what is damaged is not
// there. A pack holds no names and no paths. Trouble with the disk is no error: what is not kept is decoded again.
package kept

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// version is part of every key. It changes whenever the same file would become other pixels, by whatever of
// decoding and resizing is of tfpair itself, and with the form of a pack.
const version = 3

// AnyLength is the length of pictures that have different ones, as files have.
const AnyLength = 0

// Options say where pixels are kept, and how many.
type Options struct {
	Folder   string           // of packs; made with the first
	MaxBytes int64            // of all packs together; those that nobody has used for longest go first
	Now      func() time.Time // the clock, which tells what was used last
}

// Sum is the SHA-256 of a file.
type Sum = [sha256.Size]byte

// About says what is known of a picture beside what is kept of it.
type About struct {
	Identity      phash.Identity
	Identified    bool // Identity has more than the SHA-256
	Width, Height int  // in its file, in pixels, as stored
}

// Entry is a picture that is kept.
type Entry struct {
	About
	row
	of *pack
}

// Pixels are the pictures of one folder that were made in one way. It is safe for concurrent use. A nil Pixels
// keeps nothing.
type Pixels struct {
	options Options
	prefix  string // of the names of packs
	bytes   int    // of a picture, or AnyLength

	mu     sync.Mutex // protects what follows
	packs  []*pack
	rows   *rows
	writer *writer // of what was put; nil: nothing was
	full   bool    // nothing more is put
	closed bool
}

// Open returns the pixels of a folder that were made as way says, bytes each, or AnyLength. A way names all that decides them:
// size, mode, filter and decoder, with their versions. Close it.
func Open(o Options, way string, bytes int) *Pixels {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%d\n%s", version, bytes, way))
	p := &Pixels{options: o, prefix: hex.EncodeToString(sum[:8]) + "-", bytes: bytes, rows: newRows()}
	var lists []list
	for _, path := range packsIn(o.Folder) {
		if !strings.HasPrefix(filepath.Base(path), p.prefix) {
			continue
		}
		of, l, err := openPack(path)
		if err == nil && l.size != bytes {
			err = errors.Join(errDamaged, of.file.Close())
		}
		if errors.Is(err, errDamaged) {
			_ = os.Remove(path) // it can be made again
		}
		if err != nil {
			continue
		}
		p.packs, lists = append(p.packs, of), append(lists, l)
		at := int64(0)
		_ = l.eachRecord(func(r record) { // else the others are decoded again
			if n, ok := p.rows.find(r.SHA256); !ok || p.rows.pictures.at(n).Known&identified == 0 {
				p.rows.put(row{record: r, pack: uint32(len(p.packs) - 1), at: at})
			}
			at += int64(r.Length)
		})
	}
	for _, l := range lists { // a stamp may lead to a picture of another pack
		_ = l.eachStamp(func(s stamped) {
			if n, ok := p.rows.find(s.SHA256); ok {
				p.rows.stamps.put(s.Stamp, n)
			}
		})
	}
	return p
}

// Stamped returns the picture of the file that has a stamp, without reading the file.
func (p *Pixels) Stamped(s Stamp) (Entry, bool) {
	if p == nil || !s.tells() {
		return Entry{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n, ok := p.rows.stamped(s)
	if !ok {
		return Entry{}, false
	}
	return p.entry(n), true
}

// entry returns the picture of a number.
func (p *Pixels) entry(n int32) Entry {
	e := Entry{row: *p.rows.pictures.at(n)}
	e.About = e.about()
	if int(e.pack) < len(p.packs) {
		e.of = p.packs[e.pack]
	} else {
		e.of = p.writer.pack
	}
	return e
}

// Find returns the picture of the files with the given SHA-256. The stamp leads to it from now on.
func (p *Pixels) Find(sum Sum, s Stamp) (Entry, bool) {
	if p == nil {
		return Entry{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n, ok := p.rows.find(sum)
	if !ok {
		return Entry{}, false
	}
	if _, known := p.rows.stamped(s); !known && p.trusted(s) && p.begun() != nil {
		p.rows.stamps.put(s, n)
	}
	return p.entry(n), true
}

// Read reads the pixels of a picture into dst, and reports false where they are damaged.
func (p *Pixels) Read(dst []uint8, e Entry) bool {
	if e.of == nil || len(dst) != int(e.Length) {
		return false
	}
	return e.of.read(dst, e.at, e.CRC)
}

// ReadAll returns what is kept of a picture, nil where that is damaged.
func (p *Pixels) ReadAll(e Entry) []uint8 {
	data := make([]uint8, e.Length)
	if !p.Read(data, e) {
		return nil
	}
	return data
}

// Put keeps a copy of the pixels of a picture, whose file has the given stamp, and reports whether it is kept.
func (p *Pixels) Put(s Stamp, about About, pixels []uint8) bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.begun()
	if w == nil {
		return false
	}
	at := w.written
	r, err := w.put(about, pixels)
	if err != nil {
		p.full = true
		return false
	}
	n := p.rows.put(row{record: r, pack: uint32(len(p.packs)), at: at}) // where publish puts the pack
	if p.trusted(s) {
		p.rows.stamps.put(s, n)
	}
	return true
}

// begun returns what is written to, nil where nothing more is.
func (p *Pixels) begun() *writer {
	if p.writer == nil && !p.full && !p.closed {
		most := min(p.options.MaxBytes, available(p.options.Folder)/2) // the rest is for others
		if p.writer = newWriter(p.options.Folder, p.bytes, most, p.rows); p.writer == nil {
			p.full = true
		}
	}
	if p.full {
		return nil
	}
	return p.writer
}

// settled is how old a change must be before a stamp tells of the next one: clocks of file systems stand still
// for some milliseconds.
const settled = 2 * time.Second

// trusted reports whether a file with a stamp has the contents that were read just now for as long as it has the
// stamp.
func (p *Pixels) trusted(s Stamp) bool {
	return s.tells() && p.options.Now().Sub(time.Unix(0, s.Changed)) > settled
}

// Publish lets other programs find what was put so far, and removes packs beyond Options.MaxBytes.
func (p *Pixels) Publish() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.publish()
}

func (p *Pixels) publish() {
	if p.writer == nil {
		return
	}
	of := p.writer.publish(filepath.Join(p.options.Folder, p.prefix))
	p.packs, p.writer = append(p.packs, of), nil
	p.touch()
	p.tidy()
}

// touch marks the packs that were read as used now.
func (p *Pixels) touch() {
	now := p.options.Now()
	for _, of := range p.packs {
		if of.used.Load() {
			_ = os.Chtimes(of.path, now, now)
		}
	}
}

// Close is Publish after which nothing is put or read.
func (p *Pixels) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.publish()
	p.touch()
	for _, of := range p.packs {
		if of.damaged.Load() {
			_ = os.Remove(of.path) // or its pictures would be found before those that were made again, each time
		}
		_ = of.file.Close()
	}
	p.closed = true
}

// tidy removes the packs that nobody has used for longest, until the others are within the limit.
func (p *Pixels) tidy() {
	type file struct {
		path string
		os.FileInfo
	}
	var files []file
	total := int64(0)
	for _, path := range packsIn(p.options.Folder) {
		if info, err := os.Lstat(path); err == nil {
			files, total = append(files, file{path, info}), total+info.Size()
		}
	}
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.path, b.path))
	})
	for _, f := range files {
		if total <= p.options.MaxBytes && len(files) <= maxPacks {
			break
		}
		if os.Remove(f.path) == nil {
			total -= f.Size()
			files = files[1:]
		}
	}
}

const (
	maxPacks    = 256 // in a folder: each is opened
	suffix      = ".pack"
	asidePrefix = ".tmp-pack-"
)

// packsIn returns the paths of the packs in a folder.
func packsIn(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var paths []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	return paths
}

// available returns the free bytes of the disk that a folder is on, all where nobody knows.
func available(folder string) int64 {
	var s unix.Statfs_t
	for ; ; folder = filepath.Dir(folder) { // it may not be there yet
		if err := unix.Statfs(folder, &s); err == nil {
			return int64(min(s.Bavail*uint64(s.Bsize), math.MaxInt64))
		}
		if folder == filepath.Dir(folder) {
			return math.MaxInt64
		}
	}
}

// makeFolder makes the folder of packs, which nobody else may read.
func makeFolder(folder string) error {
	if err := aside.MkdirAll(filepath.Dir(folder)); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}
