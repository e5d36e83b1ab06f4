package copies

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/regular"
)

// undoRow is a row of a list of what was done: the columns of undoHeader.
type undoRow struct {
	act  string     // Move, Link or folder
	path string     // the copy, or the folder that was made
	to   string     // where it went, or what it is a link to
	sum  string     // of what became a link: SHA-256 in hexadecimal
	was  attributes // of what became a link
}

// folderAct is the act of making a folder.
const folderAct = "folder"

// undoHeader is the first row: who reads the list with another program sees what it holds.
var undoHeader = []string{"act", "path", "to", "sha256", "mode", "modified", "owner", "group"}

// attributes are what a link takes from its file.
type attributes struct {
	mode         fs.FileMode // permissions
	modified     time.Time
	owner, group int // -1: not known
}

func attributesOf(info fs.FileInfo) attributes {
	a := attributes{mode: info.Mode().Perm(), modified: info.ModTime()}
	a.owner, a.group = ownerOf(info)
	return a
}

func (r undoRow) fields() []string {
	f := []string{r.act, quoted(r.path), quoted(r.to), r.sum}
	if r.act != string(Link) {
		return append(f, "", "", "", "")
	}
	return append(f, strconv.FormatUint(uint64(r.was.mode), 8), strconv.FormatInt(r.was.modified.UnixNano(), 10),
		strconv.Itoa(r.was.owner), strconv.Itoa(r.was.group))
}

// quoted returns a path such that a row of CSV keeps it: readers of CSV change ends of lines.
func quoted(path string) string {
	if strings.ContainsAny(path, "\r\n") {
		return strconv.Quote(path)
	}
	return path
}

// unquoted returns the path that quoted was given. It is absolute: what is done depends on no current folder.
func unquoted(field string) (string, error) {
	path := field
	if strings.HasPrefix(field, `"`) {
		var err error
		if path, err = strconv.Unquote(field); err != nil {
			return "", fmt.Errorf("path %s: %w", field, err)
		}
	}
	if path != "" && !filepath.IsAbs(path) {
		return "", fmt.Errorf("path %q is not absolute", path)
	}
	return path, nil
}

// rowOf reads a row.
func rowOf(fields []string) (r undoRow, err error) {
	r = undoRow{act: fields[0], sum: fields[3]}
	var pathErr, toErr error
	r.path, pathErr = unquoted(fields[1])
	r.to, toErr = unquoted(fields[2])
	if err := cmp.Or(pathErr, toErr); err != nil {
		return r, err
	}
	switch r.act {
	case string(Move), folderAct:
		return r, nil
	case string(Link):
	default:
		return r, fmt.Errorf("unknown act %q", r.act)
	}
	mode, err1 := strconv.ParseUint(fields[4], 8, 9)
	modified, err2 := strconv.ParseInt(fields[5], 10, 64)
	owner, err3 := strconv.Atoi(fields[6])
	group, err4 := strconv.Atoi(fields[7])
	r.was = attributes{fs.FileMode(mode), time.Unix(0, modified), owner, group}
	return r, errors.Join(err1, err2, err3, err4)
}

// made returns the rows about folders that are going to be made.
func made(folders []string) (rows []undoRow) {
	for _, f := range folders {
		rows = append(rows, undoRow{act: folderAct, path: f})
	}
	return rows
}

// undoText returns rows as the text of a list.
func undoText(rows ...[]string) ([]byte, error) {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	err := w.WriteAll(rows)
	return text.Bytes(), err
}

// maxUndo bounds a list, in bytes.
const maxUndo = 1 << 28

// readUndo reads the rows of a list, and how many of its bytes hold them: a row that a killed program
// has not finished is none, as nothing was done for it yet.
func readUndo(path string) (rows []undoRow, whole int64, err error) {
	text, err := regular.ReadFile(path, maxUndo)
	if err != nil {
		return nil, 0, err
	}
	return parseUndo(path, text)
}

func parseUndo(path string, text []byte) (rows []undoRow, whole int64, err error) {
	head, err := undoText(undoHeader)
	switch {
	case err != nil:
		return nil, 0, err
	case len(text) < len(head) && bytes.HasPrefix(head, text):
		return nil, 0, fmt.Errorf("%q %w", path, errNothingDone)
	case !bytes.HasPrefix(text, head):
		return nil, 0, fmt.Errorf("%q is no list of what duplicates did: it does not begin with the columns %s", path, bytes.TrimSpace(head))
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = len(undoHeader)
	for n := 0; ; n++ {
		fields, err := r.Read()
		cut := !bytes.HasSuffix(text, []byte("\n")) || errors.Is(err, csv.ErrQuote)
		if err == io.EOF || n > 0 && cut && r.InputOffset() == int64(len(text)) {
			return rows, whole, nil
		}
		var row undoRow
		if n > 0 && err == nil {
			row, err = rowOf(fields)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%q is no list of what duplicates did: %w", path, err)
		}
		if whole = r.InputOffset(); n > 0 {
			rows = append(rows, row)
		}
	}
}

var errNothingDone = errors.New("does not say that anything was done")

// undoList is a list that is being written.
type undoList struct {
	file  *os.File
	path  string
	until int64    // bytes that were there before
	made  []string // folders for the list
}

// openUndo opens a list that is there, or makes one.
func openUndo(path string) (_ *undoList, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	l := &undoList{path: path, made: missing(filepath.Dir(path))}
	if err := aside.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q: %w", path, regular.Check(info.Mode()))
	}
	if l.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	if err := lock(l.file); err != nil {
		return nil, errors.Join(err, l.file.Close())
	}
	if err := l.begin(); err != nil {
		return nil, errors.Join(err, l.file.Close())
	}
	return l, nil
}

// begin goes behind the last whole row, or writes the head of a list that is new.
func (l *undoList) begin() error {
	_, whole, err := readUndo(l.path)
	switch {
	case errors.Is(err, errNothingDone):
		whole = 0
	case err != nil:
		return err
	}
	l.until = whole
	_, seekErr := l.file.Seek(whole, io.SeekStart)
	if err := errors.Join(l.file.Truncate(whole), seekErr); err != nil || whole > 0 {
		return err
	}
	if err = l.write(append([][]string{undoHeader}, fieldsOf(made(l.made))...)); err == nil {
		err = aside.Sync(filepath.Dir(l.path))
	}
	if err != nil {
		return errors.Join(err, l.forget())
	}
	return nil
}

// add writes rows, and brings them to the disk.
func (l *undoList) add(rows ...undoRow) error { return l.write(fieldsOf(rows)) }

func (l *undoList) write(rows [][]string) error {
	text, err := undoText(rows...)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(text); err != nil {
		return err
	}
	return l.file.Sync()
}

func fieldsOf(rows []undoRow) (fields [][]string) {
	for _, r := range rows {
		fields = append(fields, r.fields())
	}
	return fields
}

// forget takes away what was written into the list, and the list if it was new, with the folders that
// were made since.
func (l *undoList) forget() error {
	rows := made(l.made)
	head, err := undoText(undoHeader)
	if err != nil {
		return err
	}
	text, err := regular.ReadFile(l.path, maxUndo)
	if since := max(l.until, int64(len(head))); err == nil && int64(len(text)) > since {
		rows, _, err = parseUndo(l.path, append(head, text[since:]...))
	}
	if l.until > 0 {
		err = errors.Join(err, l.file.Truncate(l.until))
	} else {
		err = errors.Join(err, os.Remove(l.path))
	}
	removeFolders(rows)
	return err
}

// removeFolders removes those of the folders that rows made and that are empty, the innermost first, and
// nothing that is no folder.
func removeFolders(rows []undoRow) {
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].act == folderAct {
			_ = syscall.Rmdir(rows[i].path) // what is not empty stays
		}
	}
}

// Undo takes back the steps in the file that Do wrote, the last first, and returns how many. Steps that
// were not taken are passed over, folders that were made and are empty again are removed, and the list with
// them. What cannot be taken back does not keep the rest from it: a file that is gone, or a place at which
// another stands, which is not overwritten. These stay in the list, and the error is about them.
func Undo(undo string) (done int, err error) {
	held, _, err := regular.Open(undo, maxUndo)
	if err != nil {
		return 0, err
	}
	defer held.Close() // read only
	if err := lock(held); err != nil {
		return 0, err
	}
	rows, whole, err := readUndo(undo)
	if err != nil {
		return 0, err
	}
	var left []undoRow
	var failed []error
	if info, err := held.Stat(); err == nil && info.Size() > whole {
		failed = append(failed, errors.New("the last row of the list is cut off; what it was about, if it was done, lies where the list does not say"))
	}
	for i := len(rows) - 1; i >= 0; i-- {
		took, err := rows[i].back()
		if took && err == nil {
			done++
		}
		if err != nil || rows[i].act == folderAct {
			left = append(left, rows[i])
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 0 {
		err := os.Remove(undo)
		if err == nil {
			err = aside.Sync(filepath.Dir(undo))
		}
		if err == nil {
			removeFolders(rows)
		}
		return done, err
	}
	text := [][]string{undoHeader}
	for i := len(left) - 1; i >= 0; i-- {
		text = append(text, left[i].fields())
	}
	rest, err := undoText(text...)
	if err == nil {
		err = aside.WriteFile(undo, rest)
	}
	removeFolders(rows)
	const shown = 5
	return done, errors.Join(fmt.Errorf("%s taken back; what was not stays in %q: %w", plural.Count(done, "file"), undo,
		errors.Join(failed[:min(len(failed), shown)]...)), err)
}

// back takes back one step, and reports whether it was taken before.
func (r undoRow) back() (bool, error) {
	switch Act(r.act) {
	case Move:
		return r.moveBack()
	case Link:
		return r.unlink()
	}
	return false, nil
}

func (r undoRow) moveBack() (bool, error) {
	_, err := os.Lstat(r.to)
	_, hereErr := os.Lstat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && hereErr == nil:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("%q is gone; it would go back to %q", r.to, r.path)
	case err != nil:
		return false, err
	}
	if err := aside.MkdirAll(filepath.Dir(r.path)); err != nil {
		return false, err
	}
	if err := rename(r.to, r.path); err != nil {
		return false, err
	}
	return true, errors.Join(aside.Sync(filepath.Dir(r.path)), aside.Sync(filepath.Dir(r.to)))
}

// unlink makes a link a file of its own again, with the permissions, the time and, where the system lets
// us, the owner that it had.
func (r undoRow) unlink() (bool, error) {
	beside := besideOf(r.path)
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) { // a killed program left it
		return false, err
	}
	info, err := os.Lstat(r.path)
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() || !shared(info) {
		return false, nil // it is a file of its own
	}
	sum, err := hex.DecodeString(r.sum)
	if err != nil || len(sum) != 32 {
		return false, fmt.Errorf("checksum %q of %q", r.sum, r.path)
	}
	if err := unchanged(r.path, [32]byte(sum)); err != nil {
		return false, err
	}
	if err := r.copyTo(beside); err != nil {
		return false, errors.Join(err, os.Remove(beside))
	}
	return true, errors.Join(os.Rename(beside, r.path), aside.Sync(filepath.Dir(r.path)))
}

// copyTo makes a copy of the file that is on the disk with what belongs to it before it gets its name.
func (r undoRow) copyTo(path string) (err error) {
	from, err := os.Open(r.path)
	if err != nil {
		return err
	}
	defer from.Close() // read only
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	if r.was.owner >= 0 {
		_ = to.Chown(r.was.owner, r.was.group) // only root may give files away
	}
	return errors.Join(to.Chmod(r.was.mode), os.Chtimes(path, time.Time{}, r.was.modified), to.Sync())
}
