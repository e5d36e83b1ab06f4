package kept

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// A pack is
//
//	what is kept of its pictures, one after another
//	record of each picture, stamped of each stamp
//	footer
//
// Numbers are little-endian.
type pack struct {
	path    string
	file    *os.File
	used    atomic.Bool
	damaged atomic.Bool // a picture of it is not as it was written
}

// record is a picture of a pack.
type record struct {
	SHA256        Sum
	Hash          uint64
	Known         uint32 // identified and hashed, or neither
	CRC           uint32 // of what is kept
	Length        uint32 // of what is kept, in bytes
	Width, Height uint32 // of the picture in its file
}

// Bits of record.Known.
const (
	identified = 1 << iota // it has been seen whether the picture has a hash
	hashed                 // it has one
)

// stamped says what is in a file.
type stamped struct {
	Stamp  Stamp
	SHA256 Sum
}

// footer ends a pack.
type footer struct {
	Records, Stamps uint32
	Bytes           uint32 // kept of each picture; AnyLength: see record.Length
	Sum             Sum    // SHA-256 of all records and stamps
	Magic           [8]byte
}

var (
	magic      = [8]byte([]byte("tfpixel2"))
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// list is what a pack says of its pictures. It stays on the disk: a million pictures have 136 MB of it.
type list struct {
	size            int // bytes kept of each, or AnyLength
	records, stamps *io.SectionReader
}

var errDamaged = errors.New("it is not as it was written")

var (
	recordBytes  = int64(binary.Size(record{}))
	stampedBytes = int64(binary.Size(stamped{}))
	footerBytes  = int64(binary.Size(footer{}))
)

// openPack opens a pack. The error is errDamaged, or the disk's.
func openPack(path string) (_ *pack, l list, err error) {
	file, whole, err := regular.Open(path, math.MaxInt64)
	if err != nil {
		return nil, l, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	var end footer
	if whole < footerBytes {
		return nil, l, errDamaged
	}
	if err := binary.Read(io.NewSectionReader(file, whole-footerBytes, footerBytes), binary.LittleEndian, &end); err != nil {
		return nil, l, err
	}
	records, stamps := int64(end.Records)*recordBytes, int64(end.Stamps)*stampedBytes
	kept := whole - footerBytes - stamps - records
	if end.Magic != magic || kept < 0 {
		return nil, l, errDamaged
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, kept, records+stamps)); err != nil {
		return nil, l, err
	}
	if Sum(sum.Sum(nil)) != end.Sum {
		return nil, l, errDamaged
	}
	l = list{int(end.Bytes), io.NewSectionReader(file, kept, records), io.NewSectionReader(file, kept+records, stamps)}
	told, even := int64(0), true
	if err := l.eachRecord(func(r record) {
		told += int64(r.Length)
		even = even && (l.size == AnyLength || int(r.Length) == l.size)
	}); err != nil {
		return nil, l, err
	}
	if told != kept || !even {
		return nil, l, errDamaged
	}
	return &pack{path: path, file: file}, l, nil
}

// eachRecord reads the records in order. The error is the disk's.
func (l list) eachRecord(visit func(record)) error { return each(l.records, visit) }

// eachStamp reads the stamps likewise.
func (l list) eachStamp(visit func(stamped)) error { return each(l.stamps, visit) }

func each[T any](from *io.SectionReader, visit func(T)) error {
	r := bufio.NewReaderSize(io.NewSectionReader(from, 0, from.Size()), 1<<16)
	var v T
	text := make([]byte, binary.Size(v))
	for {
		if _, err := io.ReadFull(r, text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := binary.Decode(text, binary.LittleEndian, &v); err != nil {
			return err
		}
		visit(v)
	}
}

// read reads what is kept of a picture, and reports whether it is as it was written.
func (p *pack) read(dst []uint8, at int64, crc uint32) bool {
	_, err := p.file.ReadAt(dst, at)
	if err != nil || crc32.Checksum(dst, castagnoli) != crc {
		p.damaged.Store(true)
		return false
	}
	p.used.Store(true)
	return true
}

// writer writes a pack aside. Its pictures and stamps are those that were added to rows since it was begun.
type writer struct {
	*pack
	size          int   // bytes kept of each, or AnyLength
	written, most int64 // bytes of pictures
	rows          *rows
	first         int32 // of its pictures
	firstStamp    int32
}

// newWriter begins a pack in a folder, nil where none can be written.
func newWriter(folder string, bytes int, most int64, all *rows) *writer {
	if makeFolder(folder) != nil {
		return nil
	}
	file, err := aside.CreateTemp(folder, asidePrefix) // pictures are nobody else's business
	if err != nil {
		return nil
	}
	return &writer{pack: &pack{path: file.Name(), file: file}, size: bytes, most: most, rows: all, first: all.pictures.n, firstStamp: all.stamps.all.n}
}

var errFull = errors.New("there is no room for more")

// put writes what is kept of a picture behind the others.
func (w *writer) put(about About, data []uint8) (record, error) {
	if w.written+int64(len(data)) > w.most {
		return record{}, errFull
	}
	if _, err := w.file.WriteAt(data, w.written); err != nil {
		return record{}, err
	}
	r := record{SHA256: about.Identity.SHA256, Hash: uint64(about.Identity.Hash), CRC: crc32.Checksum(data, castagnoli),
		Length: uint32(len(data)), Width: uint32(about.Width), Height: uint32(about.Height)}
	if about.Identified {
		r.Known |= identified
	}
	if about.Identity.Hashed {
		r.Known |= hashed
	}
	w.written += int64(len(data))
	return r, nil
}

// about returns what a record says of its picture.
func (r record) about() About {
	return About{Identity: phash.Identity{SHA256: r.SHA256, Hash: phash.Hash(r.Hash), Hashed: r.Known&hashed != 0},
		Identified: r.Known&identified != 0, Width: int(r.Width), Height: int(r.Height)}
}

// publish ends the pack and gives it a name that begins with prefix. It is not synced: what a power cut damages, its
// checksums tell. Its pictures can be read as before, also where there is no room for it.
func (w *writer) publish(prefix string) *pack {
	err := w.end()
	if err == nil {
		to := prefix + strings.TrimPrefix(filepath.Base(w.path), asidePrefix) + suffix
		if err = os.Rename(w.path, to); err == nil {
			w.path = to
		}
	}
	if err != nil {
		_ = os.Remove(w.path)
	}
	_ = unix.Flock(int(w.file.Fd()), unix.LOCK_UN)
	return w.pack
}

// end writes what stands behind the pixels.
func (w *writer) end() error {
	if err := w.file.Truncate(w.written); err != nil { // what was written in part
		return err
	}
	b, sum := bufio.NewWriter(io.NewOffsetWriter(w.file, w.written)), sha256.New()
	text := []byte{}
	write := func(v any) (err error) {
		if text, err = binary.Append(text[:0], binary.LittleEndian, v); err != nil {
			return err
		}
		sum.Write(text)
		_, err = b.Write(text)
		return err
	}
	for n := w.first; n < w.rows.pictures.n; n++ {
		if err := write(&w.rows.pictures.at(n).record); err != nil {
			return err
		}
	}
	for n := w.firstStamp; n < w.rows.stamps.all.n; n++ {
		s := w.rows.stamps.all.at(n)
		if err := write(&stamped{s.Stamp, w.rows.pictures.at(s.to).SHA256}); err != nil {
			return err
		}
	}
	end := footer{uint32(w.rows.pictures.n - w.first), uint32(w.rows.stamps.all.n - w.firstStamp), uint32(w.size), Sum(sum.Sum(nil)), magic}
	if err := binary.Write(b, binary.LittleEndian, end); err != nil {
		return err
	}
	return b.Flush()
}
