package label

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// Answer is what a person said of two pictures.
type Answer struct {
	Left, Right string // paths
	Same        bool
	Name        string // of the person; "" not given
	Time        time.Time
}

// form is what the rows of a list are.
type form[A any] struct {
	header []string                       // the first row
	parse  func(row []string) (A, string) // the answer of a row, or why it is none
	row    func(A) []string
}

// pairsForm is that of a list of pairs. Training reads the first three columns.
var pairsForm = form[Answer]{header: []string{"left", "right", "same", "name", "time"}, parse: parseAnswer,
	row: func(a Answer) []string {
		same := "0"
		if a.Same {
			same = "1"
		}
		return []string{a.Left, a.Right, same, a.Name, a.Time.UTC().Format(time.RFC3339)}
	}}

// Journal is a list that answers are appended to, one by one. Each is on the disk before Append returns. Half a row
// is what a kill left of one that was acknowledged to nobody, and is taken away when the list is opened.
type Journal[A any] struct {
	form    form[A]
	file    *os.File
	answers []A
	ends    []int64 // [answers] offset of the end of each one's line
	broken  error   // of an append that may have left half a line
}

// LockedError says that another program labels into the list.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%q: another tfpair label writes to it", e.Path)
}

// maxJournal is the largest list that is gone on with, in bytes: of about half a million answers.
const maxJournal = 64 << 20

// Open opens the list of pairs at path, or makes it. Errors: *LockedError, *RowError, and those of the file system.
func Open(path string) (*Journal[Answer], error) { return open(path, pairsForm) }

// open opens the list of a form.
func open[A any](path string, f form[A]) (j *Journal[A], err error) {
	if info, err := os.Stat(path); err == nil {
		if err := regular.Check(info.Mode()); err != nil {
			return nil, fmt.Errorf("%q: %w", path, err)
		}
		if info.Size() > maxJournal {
			return nil, fmt.Errorf("%q has %d bytes, want at most %d", path, info.Size(), maxJournal)
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644) //nolint:gosec // a list for everyone, as other results
	if err != nil {
		return nil, err
	}
	j = &Journal[A]{form: f, file: file}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = &LockedError{path}
		}
		return nil, errors.Join(err, file.Close())
	}
	if err := j.read(path); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// RowError says which row of a list is no answer.
type RowError struct {
	Path   string
	Line   int
	Reason string
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason) }

// read reads what is there, and writes the header of a new list.
func (j *Journal[A]) read(path string) error {
	text, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	if reason := j.form.begins(text); reason != "" { // nothing of another's file is cut
		return &RowError{path, 1, reason}
	}
	if text, err = j.ended(text); err != nil {
		return err
	}
	rows := csv.NewReader(bytes.NewReader(text))
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%q: %w", path, err)
		}
		line, _ := rows.FieldPos(0)
		if line == 1 {
			continue
		}
		a, reason := j.form.parse(row)
		if reason != "" {
			return &RowError{path, line, reason}
		}
		j.answers, j.ends = append(j.answers, a), append(j.ends, rows.InputOffset())
	}
}

// ended returns text with a line end behind its last row. An editor may have taken that away; half a row is taken away instead.
func (j *Journal[A]) ended(text []byte) ([]byte, error) {
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole == len(text) {
		return text, nil
	}
	if row, err := csv.NewReader(bytes.NewReader(text[whole:])).Read(); err == nil && len(row) == len(j.form.header) {
		if _, reason := j.form.parse(row); reason == "" {
			return append(text, '\n'), j.write([]byte("\n"), int64(len(text)))
		}
	}
	return text[:whole], j.cut(int64(whole))
}

// begins says why text is not the beginning of a list, "" where it is: it begins with the header, or is a part of it.
func (f form[A]) begins(text []byte) (reason string) {
	want := strings.Join(f.header, ",")
	first, _, whole := bytes.Cut(text, []byte("\n"))
	got := strings.TrimSuffix(string(first), "\r")
	if got == want || !whole && strings.HasPrefix(want, got) {
		return ""
	}
	return fmt.Sprintf("the first line is %.80q, want %q: it is no list of tfpair label; give --out another name", got, want)
}

// parseAnswer returns the answer of a row, or why it is none.
func parseAnswer(row []string) (a Answer, reason string) {
	a = Answer{Left: row[0], Right: row[1], Name: row[3]}
	switch row[2] {
	case "1", "0":
		a.Same = row[2] == "1"
	default:
		return a, fmt.Sprintf("same is %q, want 1 or 0", row[2])
	}
	a.Time, reason = parseTime("time", row[4])
	return a, reason
}

// parseTime returns the time of a field, or why it is none.
func parseTime(column, text string) (at time.Time, reason string) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Sprintf("%s is %q, want one such as 2026-01-31T15:04:05Z", column, text)
	}
	return at, ""
}

// write appends text with one call, and brings it to the disk; of a new list its name, too.
func (j *Journal[A]) write(text []byte, end int64) error {
	_, err := j.file.WriteAt(text, end)
	if err == nil {
		err = j.file.Sync()
	}
	if err == nil && end == 0 {
		err = aside.Sync(filepath.Dir(j.file.Name()))
	}
	if err != nil { // what was written of it is taken away again, so that no half line is left
		return errors.Join(err, j.cut(end))
	}
	return nil
}

// cut takes away what is behind an offset.
func (j *Journal[A]) cut(end int64) error {
	err := j.file.Truncate(end)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = err
	}
	return err
}

// Append adds answers, all or none of them. They are on the disk once it returns nil. After an error of the disk that could not
// be taken back, every call fails.
func (j *Journal[A]) Append(list ...A) error {
	if j.broken != nil {
		return j.broken
	}
	end, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	to := csv.NewWriter(&text)
	if end == 0 {
		if err := to.Write(j.form.header); err != nil {
			return err
		}
	}
	var ends []int64
	for _, a := range list {
		if err := to.Write(j.form.row(a)); err != nil {
			return err
		}
		to.Flush()
		ends = append(ends, end+int64(text.Len()))
	}
	if err := j.write(text.Bytes(), end); err != nil {
		return err
	}
	j.answers, j.ends = append(j.answers, list...), append(j.ends, ends...)
	return nil
}

// Undo takes the last answer away, and returns it. ok is false where there is none.
func (j *Journal[A]) Undo() (a A, ok bool, err error) {
	last := len(j.answers) - 1
	if last < 0 || j.broken != nil {
		return a, false, j.broken
	}
	to := int64(len(strings.Join(j.form.header, ",")) + 1)
	if last > 0 {
		to = j.ends[last-1]
	}
	if err := j.cut(to); err != nil {
		return a, false, err
	}
	a = j.answers[last]
	j.answers, j.ends = j.answers[:last], j.ends[:last]
	return a, true, nil
}

// Answers returns what was said, in order. Do not change it.
func (j *Journal[A]) Answers() []A { return j.answers }

// Close unlocks the list. One that nothing was ever written to is removed.
func (j *Journal[A]) Close() error {
	var err error
	if end, seekErr := j.file.Seek(0, io.SeekEnd); seekErr == nil && end == 0 {
		err = os.Remove(j.file.Name())
	}
	return errors.Join(err, j.file.Close())
}
