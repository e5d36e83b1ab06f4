package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxLine = 1 << 20 // bytes; lines of paths are far shorter, and one must fit in memory
	maxBad  = 20      // bad rows kept for the message
)

// BadRow is one row of a list that cannot be used.
type BadRow struct {
	Line   int // from 1
	Reason string
}

// ListError says which rows of a list cannot be used.
type ListError struct {
	Path  string
	Rows  []BadRow // the first 20
	Total int      // of all of them
	Hint  string   // what all of them have in common, "" if nothing
}

func (e *ListError) Error() string {
	var b strings.Builder
	if e.Total > 1 {
		fmt.Fprintf(&b, "%s: %d bad rows\n", e.Path, e.Total)
	}
	for i, r := range e.Rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d: %s", e.Path, r.Line, r.Reason)
	}
	if more := e.Total - len(e.Rows); more > 0 {
		fmt.Fprintf(&b, "\nand %d more", more)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "\n%s", e.Hint)
	}
	return b.String()
}

// add counts a bad row, and keeps it if it is one of the first.
func (e *ListError) add(line int, reason string) {
	if e.Total++; len(e.Rows) < maxBad {
		e.Rows = append(e.Rows, BadRow{line, reason})
	}
}

// list reads a CSV or TSV file row by row: RFC 4180, but a row is one line. Bad
// rows are collected and left out, so that one reading finds them all.
type list struct {
	path      string
	r         *bufio.Reader
	separator string
	header    []string
	line      int // number of the last line read
	bad       ListError
}

// newList reads the header.
func newList(name string, r *bufio.Reader) (*list, error) {
	l := &list{path: name, r: r, separator: ",", bad: ListError{Path: name}}
	for {
		text, err := l.readLine()
		if err == io.EOF {
			return nil, &Error{"data", name, errors.New("empty list: want a line of column names")}
		} else if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		if strings.EqualFold(path.Ext(name), ".tsv") || strings.Contains(text, "\t") {
			l.separator = "\t"
		}
		if l.header, err = l.split(text); err != nil {
			return nil, l.refuse("header: %v; is this a list?", err)
		}
		return l, nil
	}
}

// next returns the next row that has as many fields as the header, or io.EOF.
func (l *list) next() ([]string, error) {
	for {
		text, err := l.readLine()
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		row, err := l.split(text)
		switch {
		case err != nil:
			l.fail(l.line, "%v", err)
		case len(row) != len(l.header):
			l.fail(l.line, "%s, want %d as in the header", plural(len(row), "field"), len(l.header))
		default:
			return row, nil
		}
	}
}

// readLine returns the next line without its end, "" for one that is blank, or
// io.EOF. It never holds more than maxLine bytes.
func (l *list) readLine() (string, error) {
	var text []byte
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > maxLine:
			return "", l.refuse("line is longer than %d bytes; is this a list?", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(text) == 0:
			return "", io.EOF
		case err != nil && err != io.EOF:
			return "", &Error{"data", l.path, reason(err)}
		}
		break
	}
	if l.line == 1 {
		text = bytes.TrimPrefix(text, []byte("\ufeff")) // byte order mark, as Windows programs write
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(bytes.TrimSpace(text)) == 0 {
		return "", nil
	}
	return string(text), nil
}

// split returns the fields of a line.
func (l *list) split(line string) ([]string, error) {
	if !utf8.ValidString(line) {
		return nil, errors.New("not UTF-8")
	}
	if !strings.Contains(line, `"`) {
		return strings.Split(line, l.separator), nil
	}
	r := csv.NewReader(strings.NewReader(line))
	r.Comma = rune(l.separator[0])
	row, err := r.Read()
	if pe := (*csv.ParseError)(nil); errors.As(err, &pe) {
		return nil, fmt.Errorf("column %d: %w", pe.Column, pe.Err)
	}
	return row, err
}

// fail collects a bad row.
func (l *list) fail(line int, format string, args ...any) {
	l.bad.add(line, fmt.Sprintf(format, args...))
}

// refuse returns an error about the current line alone, at which reading ends.
func (l *list) refuse(format string, args ...any) error {
	row := BadRow{l.line, fmt.Sprintf(format, args...)}
	return &ListError{Path: l.path, Rows: []BadRow{row}, Total: 1}
}

// err returns what was collected, nil if nothing was.
func (l *list) err() error {
	if l.bad.Total == 0 {
		return nil
	}
	return &l.bad
}

// imageSet gives numbers to the images that a list names.
type imageSet struct {
	root     fs.FS
	rootPath string
	known    map[string]listed // by path as it was written
	numbers  map[string]int32  // by clean path
	images   []Image
}

type listed struct {
	number int32
	err    error
}

func newImageSet(s *source) *imageSet {
	return &imageSet{root: s.root, rootPath: s.rootPath,
		known: map[string]listed{}, numbers: map[string]int32{}}
}

// add returns the number of the image at a path.
func (s *imageSet) add(name string) (int32, error) {
	if k, ok := s.known[name]; ok {
		return k.number, k.err
	}
	number, err := s.find(name)
	s.known[name] = listed{number, err}
	return number, err
}

func (s *imageSet) find(name string) (int32, error) {
	clean, err := s.clean(name)
	if err != nil {
		return 0, err
	}
	if n, ok := s.numbers[clean]; ok {
		return n, nil
	}
	info, err := fs.Stat(s.root, clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("image %q is not in %q", name, s.rootPath)
	case err != nil:
		return 0, fmt.Errorf("image %q: %w", name, reason(err))
	case info.IsDir():
		return 0, fmt.Errorf("image %q is a folder", name)
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("image %q is %s, not a file", name, kindOf(info.Mode()))
	}
	n := int32(len(s.images))
	s.numbers[clean] = n
	s.images = append(s.images, Image{Path: clean, Class: -1, Size: info.Size()})
	return n, nil
}

func (s *imageSet) clean(name string) (string, error) {
	drive := len(name) > 1 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z')
	switch clean := path.Clean(name); {
	case name == "":
		return "", errors.New("empty path")
	case strings.Contains(name, `\`):
		return "", fmt.Errorf("path %q has a backslash; separate folders by slashes", name)
	case strings.HasPrefix(name, "/") || drive:
		return "", fmt.Errorf("path %q is absolute; want one relative to %q "+
			"(--images names another root)", name, s.rootPath)
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "", fmt.Errorf("path %q leads out of %q (--images names another root)",
			name, s.rootPath)
	default:
		return clean, nil
	}
}

// sorted returns the images in the order of their paths, and the new number of each.
func (s *imageSet) sorted() (images []Image, number []int32) {
	order := make([]int32, len(s.images))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return strings.Compare(s.images[a].Path, s.images[b].Path)
	})
	number = make([]int32, len(order))
	for to, from := range order {
		images = append(images, s.images[from])
		number[from] = int32(to)
	}
	return images, number
}
