package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// StateName is the file of a folder that says what belongs to it.
const StateName = "index.json"

// stateBegins is how such a file begins. A later version of the format has another number.
const stateBegins = `{"tfpair_index":2,`

// maxState is the size of the file in bytes, at most: some 100,000 segments.
const maxState = 16 << 20

// state is the first line of the file. The second is the SHA-256 of the first.
type state struct {
	Version int `json:"tfpair_index"` // 2
	About
	Images    int            `json:"images"`              // N
	Chosen    int            `json:"threshold_images"`    // N when the threshold was chosen, or could not be; 0: never
	Changes   int64          `json:"changes"`             // so far: each is acknowledged as one
	Next      int            `json:"next_segment"`        // number
	Segments  []segment      `json:"segments"`            // in the order of their rows
	Strangers *strangersFile `json:"strangers,omitempty"` // of validation; nil: there are none
	Promise   float64        `json:"promise"`             // share of strangers that the threshold may accept; 0: it is not renewed
	Untold    string         `json:"untold,omitempty"`    // see Calibration
	Sources   *Sources       `json:"sources,omitempty"`   // nil: an earlier version wrote the index

	sum [sha256.Size]byte // of the line
}

// segment is what was acknowledged of files to which more is appended.
type segment struct {
	Number   int    `json:"segment"`
	Rows     int    `json:"rows"`
	Items    extent `json:"items"`
	Vectors  extent `json:"vectors"`
	Pictures extent `json:"pictures"`
	Groups   extent `json:"groups"` // of ivf: all of the file; no bytes: there are none
}

// extent is the beginning of a file.
type extent struct {
	Bytes int64  `json:"bytes"`
	Sum   uint32 `json:"crc32c"`
}

// Names of the files of a segment.
func (s segment) items() string    { return fmt.Sprintf("%06d.items", s.Number) }
func (s segment) vectors() string  { return fmt.Sprintf("%06d.vectors", s.Number) }
func (s segment) pictures() string { return fmt.Sprintf("%06d.pictures", s.Number) }

func (s segment) groups() string    { return fmt.Sprintf("%06d.groups", s.Number) }
func (s segment) strangers() string { return fmt.Sprintf("%06d.strangers", s.Number) }

// strangersFile is the file of strangers of a segment's number.
type strangersFile struct {
	Number int `json:"segment"`
	extent
}

// readState returns the state of the folder at path.
func readState(path string) (state, error) {
	file, size, err := regular.OpenIn(path, StateName, maxState)
	if err != nil {
		return state{}, err
	}
	defer file.Close() // read only
	data := make([]byte, size)
	if _, err := io.ReadFull(file, data); err != nil {
		return state{}, truncated(err)
	}
	s, err := parseState(data)
	if err != nil {
		return state{}, fmt.Errorf("%s: %w", StateName, err)
	}
	return s, nil
}

func parseState(data []byte) (s state, err error) {
	line, sum, ok := bytes.Cut(data, []byte("\n"))
	want := sha256.Sum256(line)
	switch {
	case !ok && bytes.HasPrefix(data, []byte(stateBegins)):
		return s, errors.New("it ends too early")
	case !ok || string(sum) != hex.EncodeToString(want[:])+"\n":
		return s, errors.New("it is not as it was written: its checksum differs")
	case !bytes.HasPrefix(line, []byte(stateBegins)):
		return s, errors.New("it was written by a later version of tfpair")
	}
	if err := json.Unmarshal(line, &s); err != nil {
		return s, err
	}
	if s.Dim < 1 || s.Dim > maxDim || s.Images < 0 {
		return s, fmt.Errorf("%d images, vectors of length %d", s.Images, s.Dim)
	}
	s.sum = want
	rows, before := 0, -1
	for _, g := range s.Segments {
		switch {
		case g.Number <= before || g.Number >= s.Next:
			return s, fmt.Errorf("segment %d behind %d, before %d", g.Number, before, s.Next)
		case g.Rows < 0 || rows+g.Rows > math.MaxInt32 || g.Vectors.Bytes != 4*int64(g.Rows)*int64(s.Dim):
			return s, fmt.Errorf("segment %d: %d bytes of %d vectors", g.Number, g.Vectors.Bytes, g.Rows)
		case min(g.Items.Bytes, g.Pictures.Bytes, g.Groups.Bytes) < 0 || max(g.Items.Bytes, g.Pictures.Bytes, g.Vectors.Bytes, g.Groups.Bytes) > maxFile:
			return s, fmt.Errorf("segment %d: %d bytes of items, %d of pictures", g.Number, g.Items.Bytes, g.Pictures.Bytes)
		}
		rows, before = rows+g.Rows, g.Number
	}
	return s, nil
}

// write makes s the state of the folder at path.
func (s *state) write(path string) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if len(line) > maxState-sha256.Size*2-2 {
		return fmt.Errorf("%s of %d bytes, want at most %d: compact it", StateName, len(line), maxState)
	}
	s.sum = sha256.Sum256(line)
	return aside.WriteFile(filepath.Join(path, StateName), fmt.Appendf(nil, "%s\n%x\n", line, s.sum))
}
