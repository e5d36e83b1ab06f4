package copies

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// Act says what is done about a copy.
type Act string

// The acts.
const (
	Move Act = "move" // the copy goes to another folder
	Link Act = "link" // the copy becomes a hard link to its original: the same file under two names
)

// Step is one act on one file of the disk. Paths are absolute.
type Step struct {
	Act      Act
	Copy     string // the file that is a copy
	Original string // what it is a copy of
	To       string // where Copy goes; "" of Link
	Size     int64  // of the copy, bytes
	Stamp    Stamp  // of the copy when it was read
}

// Plan returns the steps that tidy up groups of prints, whose files lie below root. Move takes all but the
// best of a group away, below to, at the paths that they have below root. Link makes links of files with the
// same bytes, to the first of them in the group, and leaves others alone. Prints for which touch is false stay.
func Plan(prints []Print, groups []Group, act Act, root, to string, touch func(print int) bool) (steps []Step) {
	path := func(i int) string { return filepath.Join(root, filepath.FromSlash(prints[i].Path)) }
	for _, g := range groups {
		first := map[[sha256.Size]byte]int{}
		for k, m := range g {
			p := &prints[m.Print]
			same, again := first[p.SHA256]
			if !again {
				first[p.SHA256] = m.Print
			}
			if !touch(m.Print) || act == Move && k == 0 || act == Link && !again {
				continue
			}
			s := Step{Act: act, Copy: path(m.Print), Original: path(g[0].Print), Size: p.Stamp.Size, Stamp: p.Stamp}
			if act == Link {
				s.Original = path(same)
			} else {
				s.To = filepath.Join(to, filepath.FromSlash(p.Path))
			}
			steps = append(steps, s)
		}
	}
	return steps
}

// Do takes the steps, and writes each into the file undo before it takes it, so that Undo takes back what
// a killed program did, too. Files that have changed since they were read stay, and stop the work; so
// does a place that is taken. It returns how many steps were taken.
func Do(steps []Step, undo string) (done int, err error) {
	if err := aside.MkdirAll(filepath.Dir(undo)); err != nil {
		return 0, err
	}
	list, err := os.OpenFile(undo, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, list.Close()) }()
	for _, s := range steps {
		var row bytes.Buffer
		w := csv.NewWriter(&row)
		if err := w.Write([]string{string(s.Act), s.Copy, s.To, s.Original}); err != nil {
			return done, err
		}
		w.Flush()
		if _, err := list.Write(row.Bytes()); err != nil {
			return done, err
		}
		if err := list.Sync(); err != nil {
			return done, err
		}
		if err := s.take(); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

func (s Step) take() error {
	info, err := os.Lstat(s.Copy)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is %s; only files are moved and linked", s.Copy, regular.Kind(info.Mode()))
	}
	if stampOf(info) != s.Stamp {
		return fmt.Errorf("%q has changed since it was read; look again", s.Copy)
	}
	if s.Act == Move {
		return s.move()
	}
	return s.link()
}

func (s Step) move() error {
	if err := aside.Unused(s.To, false); err != nil {
		return err
	}
	if err := aside.MkdirAll(filepath.Dir(s.To)); err != nil {
		return err
	}
	if err := os.Rename(s.Copy, s.To); err != nil {
		return fmt.Errorf("move to a folder on the same disk: %w", err)
	}
	return errors.Join(aside.Sync(filepath.Dir(s.To)), aside.Sync(filepath.Dir(s.Copy)))
}

// link puts a link in the place of the copy, in one step.
func (s Step) link() error {
	same, err := sameBytes(s.Copy, s.Original)
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("%q and %q are not the same file any more; look again", s.Copy, s.Original)
	}
	beside := s.Copy + ".tfpair-link"
	if err := os.Link(s.Original, beside); err != nil {
		return fmt.Errorf("link on the same disk: %w", err)
	}
	if err := os.Rename(beside, s.Copy); err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return aside.Sync(filepath.Dir(s.Copy))
}

func sameBytes(a, b string) (bool, error) {
	first, err := sumOf(a)
	if err != nil {
		return false, err
	}
	second, err := sumOf(b)
	return first == second, err
}

func sumOf(path string) (string, error) {
	const most = 1 << 40 // of any file that was read as a picture
	f, _, err := regular.Open(path, most)
	if err != nil {
		return "", err
	}
	defer f.Close() // read only
	sum, _, err := regular.SHA256(f)
	return sum, err
}

// maxUndo bounds a list of steps, in bytes.
const maxUndo = 1 << 28

// steps reads the rows of a list.
func steps(text []byte) (rows [][]string, err error) {
	if len(text) > 0 && !bytes.HasPrefix(text, []byte(Move)) && !bytes.HasPrefix(text, []byte(Link)) {
		return nil, errors.New("it begins with neither move nor link")
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = 4
	return r.ReadAll()
}

// Undo takes back the steps in the file that Do wrote, the last first, and returns how many. Steps that
// were not taken are passed over. What stands where a moved file was is not overwritten. When all is taken
// back, the list is removed.
func Undo(undo string) (done int, err error) {
	text, err := regular.ReadFile(undo, maxUndo)
	if err != nil {
		return 0, err
	}
	rows, err := steps(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no list of what duplicates did: %w", undo, err)
	}
	for i := len(rows) - 1; i >= 0; i-- {
		took, err := back(Step{Act: Act(rows[i][0]), Copy: rows[i][1], To: rows[i][2], Original: rows[i][3]})
		if err != nil {
			return done, err
		}
		if took {
			done++
		}
	}
	return done, os.Remove(undo)
}

// back takes back one step, and reports whether it was taken before.
func back(s Step) (bool, error) {
	switch s.Act {
	case Move:
		if _, err := os.Lstat(s.To); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		if err := aside.Unused(s.Copy, false); err != nil {
			return false, err
		}
		if err := aside.MkdirAll(filepath.Dir(s.Copy)); err != nil {
			return false, err
		}
		return true, errors.Join(os.Rename(s.To, s.Copy), aside.Sync(filepath.Dir(s.Copy)))
	case Link:
		a, err := os.Lstat(s.Copy)
		if err != nil {
			return false, err
		}
		b, err := os.Lstat(s.Original)
		if err != nil || !os.SameFile(a, b) {
			return false, err
		}
		f, err := os.Open(s.Original)
		if err != nil {
			return false, err
		}
		defer f.Close() // read only
		to, err := aside.Create(s.Copy)
		if err != nil {
			return false, err
		}
		defer func() { _ = to.Cleanup() }() // nothing is left to clean where it was published
		if _, err := io.Copy(to, f); err != nil {
			return false, err
		}
		return true, to.Publish()
	}
	return false, fmt.Errorf("unknown act %q: the list is no list of what duplicates did", s.Act)
}
