// Package rows reads lists as people have them, whatever program wrote them:
//
//	bytes → encoding → lines → separator, quotes → rows of fields
//
// It knows UTF-8, UTF-16 and Windows-1252, all ends of lines, and commas, semicolons, tabs,
// bars and spaces between fields. A row is one line. What the fields mean its callers know.
package rows

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Row is one line of a list.
type Row struct {
	Line   int      // from 1
	Fields []string // without the spaces around them and without quotes; never empty
}

// Error says what is wrong with one line. Behind it the next line can be read.
type Error struct {
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Reader reads the rows of a list. It is for one goroutine.
type Reader struct {
	lines     lines
	separator byte // ' ' stands for any number of spaces; 0: the next row decides
	comments  int  // lines that begin with #
	comment   int  // the first of them
	width     int  // fields of the first row
	otherwise int  // rows that something else separates
}

// NewReader returns a reader of r. Tabs says that the file's name promises tabs.
func NewReader(r io.Reader, tabs bool) *Reader {
	reader := &Reader{lines: lines{r: decoded(bufio.NewReaderSize(r, 64<<10))}}
	if tabs {
		reader.separator = '\t'
	}
	return reader
}

// Line returns the number of the line read last.
func (r *Reader) Line() int { return r.lines.number }

// Next returns the next row that is neither blank nor a comment. The error is io.EOF, an
// *Error for a line that is no row, or one that ends reading:
// ErrBinary, *TooLongError or the file's.
func (r *Reader) Next() (Row, error) {
	for {
		text, err := r.lines.next()
		if err != nil {
			return Row{}, err
		}
		text = strings.Trim(text, " ")
		switch {
		case strings.TrimSpace(text) == "":
			continue
		case text[0] == '#':
			if r.comments++; r.comments == 1 {
				r.comment = r.lines.number
			}
			continue
		}
		if r.separator == 0 {
			if declared, ok := declaredSeparator(text); ok {
				r.separator = declared
				continue
			}
			r.separator = separatorOf(text)
		}
		fields, err := split(text, r.separator)
		if err != nil {
			return Row{}, &Error{r.lines.number, err}
		}
		if r.width == 0 {
			r.width = len(fields)
		}
		if len(fields) == 1 && r.width > 1 { // headers are typed by other people than rows are written by
			if other, err := split(text, separatorOf(text)); err == nil && len(other) == r.width {
				fields = other
				r.otherwise++
			}
		}
		if slices.ContainsFunc(fields, func(f string) bool { return f != "" }) { // spreadsheets write separators for empty rows
			return Row{r.lines.number, fields}, nil
		}
	}
}

// Notes returns what a user should know about how the list was read, one sentence each.
func (r *Reader) Notes() []string {
	notes := r.lines.notes()
	if r.comments > 0 {
		notes = append(notes, fmt.Sprintf("lines that begin with # are comments: %d, first line %d", r.comments, r.comment))
	}
	if r.otherwise > 0 {
		notes = append(notes, fmt.Sprintf("rows whose fields are separated by something else than the first row's: %d", r.otherwise))
	}
	return notes
}
