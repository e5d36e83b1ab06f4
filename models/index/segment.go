package index

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// entryLine is a line of a file of items: of a row, or of the removal of one.
type entryLine struct {
	Item
	Learned  bool              `json:"learned,omitempty"`
	Source   int32             `json:"source,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Picture  *pictureLine      `json:"picture,omitempty"`
	Removed  string            `json:"removed,omitempty"` // id; nothing else is set
}

// pictureLine is where a picture lies in the file of pictures.
type pictureLine struct {
	At    int64  `json:"at"`
	Bytes int64  `json:"bytes"`
	Sum   uint32 `json:"crc32c"`
}

// removalLine is how the removal of a row is written.
type removalLine struct {
	Removed string `json:"removed"`
}

// step is a line of a file of items as it is applied: an entry is the next row, a removal none.
type step struct {
	item    Item
	extra   extra
	removed string // id; "": it is an entry
}

// step returns the line as it is applied.
func (l entryLine) step() step {
	s := step{item: l.Item, removed: l.Removed, extra: extra{learned: l.Learned, source: l.Source}}
	if len(l.Metadata) > 0 {
		s.extra.metadata = maps.Clone(l.Metadata) // the caller's may change
	}
	if p := l.Picture; p != nil {
		s.extra.picture = slot{p.At, p.Bytes, p.Sum}
	}
	return s
}

// parseSteps returns the steps of lines.
func parseSteps(data []byte) ([]step, error) {
	var steps []step
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(make([]byte, 0, 4096), maxItem+1)
	for lines.Scan() {
		var l entryLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(steps)+1, err)
		}
		if (l.ID == "") == (l.Removed == "") {
			return nil, fmt.Errorf("line %d: it is neither an entry nor a removal", len(steps)+1)
		}
		steps = append(steps, l.step())
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(steps)+1, err)
	}
	return steps, nil
}

// readFrom returns what lies in a file between two extents of it.
func readFrom(folder, name string, from, to extent) ([]byte, error) {
	if from.Bytes == to.Bytes {
		return nil, nil
	}
	path := filepath.Join(folder, name)
	file, size, err := regular.OpenIn(folder, name, maxFile)
	if err != nil {
		return nil, refused(path, err)
	}
	defer file.Close() // read only
	if size < to.Bytes {
		return nil, refused(path, fmt.Errorf("%d bytes, want %d: it ends too early", size, to.Bytes))
	}
	data := make([]byte, to.Bytes-from.Bytes)
	if _, err := file.ReadAt(data, from.Bytes); err != nil && !errors.Is(err, io.EOF) {
		return nil, refused(path, err)
	}
	if crc32.Update(from.Sum, castagnoli, data) != to.Sum {
		return nil, refused(path, errors.New("it is not as it was written: its checksum differs"))
	}
	return data, nil
}

// mapVectors returns the vectors of a segment.
func mapVectors(folder string, s segment) ([]float32, *mapping, error) {
	path := filepath.Join(folder, s.vectors())
	if s.Rows == 0 {
		return nil, nil, nil
	}
	file, size, err := regular.OpenIn(folder, s.vectors(), maxFile)
	if err != nil {
		return nil, nil, refused(path, err)
	}
	defer file.Close() // read only
	if size < s.Vectors.Bytes {
		return nil, nil, refused(path, fmt.Errorf("%d bytes, want %d: it ends too early", size, s.Vectors.Bytes))
	}
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.LimitReader(file, s.Vectors.Bytes)); err != nil {
		return nil, nil, refused(path, err)
	}
	if sum.Sum32() != s.Vectors.Sum {
		return nil, nil, refused(path, errors.New("it is not as it was written: its checksum differs"))
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, nil, refused(path, err)
	}
	data, kept, err := mapped(file, int(s.Vectors.Bytes/4))
	if err != nil {
		return nil, nil, refused(path, err)
	}
	return data, kept, nil
}

// readGroups returns the groups of a segment, nil where it has none.
func readGroups(folder string, s segment, dim int) (*groups, error) {
	data, err := readFrom(folder, s.groups(), extent{}, s.Groups)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	g := &groups{}
	err = json.Unmarshal(data, g)
	count := len(g.Starts) - 1
	switch {
	case err != nil:
	case count < 1 || len(g.Centres) != count*dim || g.Starts[0] != 0 || g.Starts[count] != g.Rows || g.Rows > s.Rows || !slices.IsSorted(g.Starts):
		err = fmt.Errorf("%d centres of %d numbers, %d rows", count, len(g.Centres), g.Rows)
	case g.Probes < 1 || g.Probes > count:
		err = fmt.Errorf("%d groups are looked at, of %d", g.Probes, count)
	}
	if err != nil {
		return nil, refused(filepath.Join(folder, s.groups()), err)
	}
	g.halve(dim)
	return g, nil
}

// numbers returns the vectors that bytes are.
func numbers(data []byte) []float32 {
	list := make([]float32, len(data)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return list
}

// appender appends to one file of a segment.
type appender struct {
	file   *os.File
	buffer *bufio.Writer
	extent extent
	synced int64 // bytes that are on the disk
	from   int64 // bytes before
}

// buffers are those of appenders. Each change opens three files: with buffers of their own 1,000 changes would leave 200 MB to
// the garbage collector, which takes processors from searches.
var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 1<<16) }}

// openAppender opens a file of a folder behind its extent. What lies behind that a killed writer has
// left, and it goes.
func openAppender(folder, name string, e extent) (*appender, error) {
	path := filepath.Join(folder, name)
	file, err := openToWrite(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.Size() < e.Bytes:
		err = refused(path, fmt.Errorf("%d bytes, want %d: it ends too early", info.Size(), e.Bytes))
	case info.Size() > e.Bytes:
		err = file.Truncate(e.Bytes)
	}
	if err == nil {
		_, err = file.Seek(e.Bytes, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	buffer := buffers.Get().(*bufio.Writer)
	buffer.Reset(file)
	return &appender{file, buffer, e, e.Bytes, e.Bytes}, nil
}

func (a *appender) write(data []byte) error {
	if a.extent.Bytes+int64(len(data)) > maxFile {
		return fmt.Errorf("%s would have more than %d bytes", filepath.Base(a.file.Name()), int64(maxFile))
	}
	a.extent.Bytes += int64(len(data))
	a.extent.Sum = crc32.Update(a.extent.Sum, castagnoli, data)
	_, err := a.buffer.Write(data)
	return err
}

// close closes the file, with what was not synced lost.
func (a *appender) close() error {
	a.buffer.Reset(nil)
	buffers.Put(a.buffer)
	return a.file.Close()
}

// sync brings what was written to the disk. Nothing was to a file of pictures where an index has none, unless the file is new.
func (a *appender) sync(isNew bool) error {
	if a.synced == a.extent.Bytes && !isNew {
		return nil
	}
	if err := a.buffer.Flush(); err != nil {
		return err
	}
	a.synced = a.extent.Bytes
	return aside.Flush(a.file)
}
