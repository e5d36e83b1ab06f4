package seen

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// The file of a List is text:
//
//	tfpair seen 1
//	{"hash":"dct-sign-64/1","count":N}
//	train SHA-256 HASH "path"      N lines; HASH is - where the image has none
//	SHA-256 of all before
const magic = "tfpair seen 1\n"

// maxFile is the largest file that is read, in bytes: some ten million images.
const maxFile = 2 << 30

// header is the second line.
type header struct {
	Hash  string `json:"hash"`
	Count int    `json:"count"`
}

// Error says why a file is not a list of seen images.
type Error struct{ Path, Reason string }

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Reason) }

// Marshal returns the list as the bytes of its file.
func (l List) Marshal() ([]byte, error) {
	var b bytes.Buffer
	err := l.Write(&b)
	return b.Bytes(), err
}

// Write writes what Marshal returns: a list of a million images has 150 MB.
func (l List) Write(to io.Writer) error {
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(to, sum))
	head, err := json.Marshal(header{phash.Name, len(l)})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s%s\n", magic, head) // Flush tells what went wrong
	for _, i := range l {
		hash := "-"
		if i.Hashed {
			hash = i.Hash.String()
		}
		path, err := json.Marshal(i.Path)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s %s %s %s\n", i.Role, i.sum(), hash, path)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(to, "%x\n", sum.Sum(nil))
	return err
}

// Read returns the list in a file that lies in a folder: no link may lead out of that. Hashes of
// another version of the perceptual hash are left out. Where there is no file the error wraps
// fs.ErrNotExist; others are *Error.
func Read(folder, name string) (List, error) {
	path := filepath.Join(folder, name)
	file, size, err := regular.OpenIn(folder, name, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, refused(path, err)
	}
	defer file.Close() // read only
	l, err := read(file, size)
	if err != nil {
		return nil, &Error{path, err.Error()}
	}
	return l, nil
}

// refused names path once.
func refused(path string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) && of.Path == path {
		err = of.Err
	}
	return &Error{path, err.Error()}
}

// Unmarshal reads what Marshal returns.
func Unmarshal(text []byte) (List, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("it is longer than %d bytes", maxFile)
	}
	return read(bytes.NewReader(text), int64(len(text)))
}

// read reads so many bytes twice: the checksum comes first, so that what is damaged is not taken for
// anything. The memory is that of the list.
func read(file io.ReadSeeker, size int64) (List, error) {
	end, err := verified(file, size)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(io.LimitReader(file, end))
	lines.Buffer(nil, 1<<20) // a path is shorter
	lines.Scan()             // the magic
	lines.Scan()
	var head header
	if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
		return nil, fmt.Errorf("line 2: %w", err)
	}
	var l List
	for lines.Scan() {
		i, err := parse(lines.Text(), head.Hash == phash.Name)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(l)+3, err)
		}
		l = append(l, i)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(l) != head.Count {
		return nil, fmt.Errorf("it has %d images, its header says %d", len(l), head.Count)
	}
	return l, nil
}

// verified returns where the checksum at the end of a file begins, which it compares.
func verified(file io.Reader, size int64) (int64, error) {
	begin := make([]byte, len(magic))
	if _, err := io.ReadFull(file, begin); err != nil || string(begin) != magic {
		return 0, fmt.Errorf("it does not begin with %q", strings.TrimSpace(magic))
	}
	damaged := errors.New("it is not as it was written: its checksum differs")
	end := size - 2*sha256.Size - 1
	if end < int64(len(magic)) {
		return 0, damaged
	}
	sum := sha256.New()
	sum.Write(begin)
	if _, err := io.CopyN(sum, file, end-int64(len(magic))); err != nil {
		return 0, damaged
	}
	want := make([]byte, size-end)
	if _, err := io.ReadFull(file, want); err != nil || string(want) != hex.EncodeToString(sum.Sum(nil))+"\n" {
		return 0, damaged
	}
	return end, nil
}

var roles = []Role{Train, Val, Label}

// parse reads the line of an image; hashes are read where they are of this version.
func parse(line string, hashes bool) (i Image, err error) {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 {
		return i, fmt.Errorf("want role, checksum, hash and path, got %q", line)
	}
	at := slices.Index(roles, Role(fields[0]))
	if at < 0 {
		return i, fmt.Errorf("role %q is none of train, val and label", fields[0])
	}
	i.Role = roles[at] // a part of the line would keep all of it
	sum, err := hex.DecodeString(fields[1])
	if err != nil || len(sum) != sha256.Size {
		return i, fmt.Errorf("%q is no SHA-256", fields[1])
	}
	copy(i.SHA256[:], sum)
	i.OtherHash = fields[2] != "-" && !hashes
	if fields[2] != "-" && hashes {
		if i.Hash, err = phash.Parse(fields[2]); err != nil {
			return i, err
		}
		i.Hashed = true
	}
	return i, json.Unmarshal([]byte(fields[3]), &i.Path)
}
