package copies

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	Act         Act
	Copy        string // the file that is a copy
	To          string // where Copy goes; "" of Link
	Original    string // what it is a copy of, which stays
	Size        int64  // of the copy, bytes
	Sum         [sha256.Size]byte
	OriginalSum [sha256.Size]byte // of both files, when they were read
}

// Plan returns the steps that tidy up groups of prints, whose files lie below root. Move takes all but the
// best of a group away, below to, at the paths that they have below root. Link makes links of files with the
// same bytes, to the first of them in the group, and leaves others alone, and what is such a link already.
func Plan(prints []Print, groups []Group, act Act, root, to string) (steps []Step) {
	path := func(i int) string { return filepath.Join(root, filepath.FromSlash(prints[i].Path)) }
	for _, g := range groups {
		first := map[[sha256.Size]byte]int{}
		for k, m := range g {
			p := &prints[m.Print]
			same, again := first[p.SHA256]
			if !again {
				first[p.SHA256] = m.Print
			}
			original := g[0].Print
			if act == Link {
				original = same
			}
			if act == Move && k == 0 || act == Link && (!again || p.Stamp.one(prints[same].Stamp)) {
				continue
			}
			s := Step{Act: act, Copy: path(m.Print), Original: path(original), Size: p.Stamp.Size, Sum: p.SHA256,
				OriginalSum: prints[original].SHA256}
			if act == Move {
				s.To = filepath.Join(to, filepath.FromSlash(p.Path))
			}
			steps = append(steps, s)
		}
	}
	return steps
}

// Ready returns why the steps cannot be taken, as far as that can be seen without reading files: what is in
// the way of one, or is no file any more.
func Ready(steps []Step) error {
	for _, s := range steps {
		if err := s.ready(); err != nil {
			return err
		}
	}
	return nil
}

func (s Step) ready() error {
	info, err := os.Lstat(s.Copy)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is %s; only files are moved and linked", s.Copy, regular.Kind(info.Mode()))
	}
	if s.Act == Move {
		return aside.Unused(s.To, false)
	}
	return nil
}

// Do takes the steps, and writes each into the file undo before it takes it, so that Undo takes back what
// a killed program did, too. Where undo is a list of steps already, these come behind them. Files are read
// again: one that is not as it was, and one whose original is not, stay and stop the work, and so do a
// place that is taken and the end of ctx. Do returns how many steps were taken; where none was, undo is as it
// was before. One process at a time writes to a list.
func Do(ctx context.Context, steps []Step, undo string) (done int, err error) {
	if err := Ready(steps); err != nil {
		return 0, err
	}
	l, err := openUndo(undo)
	if err != nil {
		return 0, err
	}
	defer func() {
		if done == 0 {
			err = errors.Join(err, l.forget())
		}
		err = errors.Join(err, l.file.Close())
	}()
	there := map[string]bool{} // originals
	for _, s := range steps {
		if err := cmp.Or(ctx.Err(), s.ready()); err != nil {
			return done, err
		}
		if !there[s.Original] {
			if err := unchanged(s.Original, s.OriginalSum); err != nil {
				return done, err
			}
			there[s.Original] = true
		}
		if err := unchanged(s.Copy, s.Sum); err != nil {
			return done, err
		}
		taken, err := s.take(l)
		if taken {
			done++
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// unchanged returns an error where a file has not the sum that it had.
func unchanged(path string, sum [sha256.Size]byte) error {
	const most = 1 << 40 // of any file that was read as a picture
	f, _, err := regular.Open(path, most)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	now, _, err := regular.SHA256(f)
	if err != nil {
		return err
	}
	if now != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("%q has changed since it was read; look again", path)
	}
	return nil
}

// take takes the step. Where it was taken and then not brought to the disk, taken is true beside the error.
func (s Step) take(l *undoList) (taken bool, err error) {
	if s.Act == Link {
		return s.link(l)
	}
	folders := missing(filepath.Dir(s.To))
	if err := l.add(append(made(folders), undoRow{act: string(Move), path: s.Copy, to: s.To})...); err != nil {
		return false, err
	}
	if err := aside.MkdirAll(filepath.Dir(s.To)); err != nil {
		return false, err
	}
	if err := rename(s.Copy, s.To); err != nil {
		return false, fmt.Errorf("move to a folder on the same disk: %w", err)
	}
	return true, errors.Join(aside.Sync(filepath.Dir(s.To)), aside.Sync(filepath.Dir(s.Copy)))
}

// missing returns the folders around a path, and that at it, that are not there, the outermost first.
func missing(path string) (folders []string) {
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return folders
		}
		folders = append([]string{path}, folders...)
		path = filepath.Dir(path)
	}
}

// besideOf returns the name that what takes the place of a file has before: short, whatever that of the
// file is, and the same each time, wherever the folder is, so that what a killed program left is found.
func besideOf(path string) string {
	sum := sha256.Sum256([]byte(filepath.Base(path)))
	return filepath.Join(filepath.Dir(path), ".tfpair-"+hex.EncodeToString(sum[:8]))
}

// link puts a link in the place of the copy, in one step.
func (s Step) link(l *undoList) (taken bool, err error) {
	info, err := os.Lstat(s.Copy)
	if err != nil {
		return false, err
	}
	if err := l.add(undoRow{act: string(Link), path: s.Copy, to: s.Original, sum: hex.EncodeToString(s.Sum[:]), was: attributesOf(info)}); err != nil {
		return false, err
	}
	beside := besideOf(s.Copy)
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) { // a killed program left it
		return false, err
	}
	if err := os.Link(s.Original, beside); err != nil {
		return false, fmt.Errorf("link on the same disk: %w", err)
	}
	if err := os.Rename(beside, s.Copy); err != nil {
		return false, errors.Join(err, os.Remove(beside))
	}
	return true, aside.Sync(filepath.Dir(s.Copy))
}
