package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/rows"
)

// list reads the rows of a list file. Bad rows are collected and left out, so that one
// reading finds them all.
type list struct {
	path     string
	rows     *rows.Reader
	header   []string
	headless bool                     // the first row holds an image
	ahead    func() (rows.Row, error) // a row that was looked at and is still to be read; nil otherwise
	title    int                      // line above the header; 0: there is none
	line     int                      // of the row read last
	bad      ListError
	lenient  bool // bad rows are left out as long as there are good ones
}

// newList reads the header.
func newList(name string, r *bufio.Reader) (*list, error) {
	start, _ := r.Peek(512) // an error comes again with the first row
	l := &list{path: name, rows: rows.NewReader(r, strings.EqualFold(path.Ext(name), ".tsv")),
		bad: ListError{Path: name}}
	if what := notList(start); what != "" {
		l.line = 1
		return nil, l.refuse("%s", what)
	}
	row, err := l.rows.Next()
	var bad *rows.Error
	switch {
	case err == io.EOF:
		return nil, &Error{"data", name, errors.New("empty list: want a line of column names")}
	case errors.As(err, &bad):
		l.line = bad.Line
		return nil, l.refuse("header: %v; is this a list?", bad.Err)
	case err != nil:
		return nil, l.stop(err)
	}
	row = l.belowTitle(row)
	l.line, l.header = row.Line, trimmed(row.Fields, 1)
	if holdsImage(row.Fields) {
		l.headless = true
		l.ahead = func() (rows.Row, error) { return row, nil }
	}
	return l, nil
}

// belowTitle returns the row below a first row that is a title: one field of several, and no image in the
// row below it. Else it returns the first row, and the one below is read next.
func (l *list) belowTitle(first rows.Row) rows.Row {
	if len(first.Fields) == 1 || len(trimmed(first.Fields, 1)) > 1 || holdsImage(first.Fields) {
		return first
	}
	second, err := l.rows.Next()
	if err != nil || holdsImage(second.Fields) || len(trimmed(second.Fields, 1)) == 1 {
		l.ahead = func() (rows.Row, error) { return second, err }
		return first
	}
	l.title = first.Line
	return second
}

// stop returns the error that ends reading.
func (l *list) stop(err error) error {
	var long *rows.TooLongError
	if errors.As(err, &long) || errors.Is(err, rows.ErrBinary) {
		l.line = l.rows.Line()
		return l.refuse("%v", err)
	}
	return &Error{"data", l.path, regular.Reason(err)}
}

// next returns the next row that has as many fields as the header, or io.EOF.
func (l *list) next() ([]string, error) {
	for {
		row, err := l.nextRow()
		var bad *rows.Error
		switch {
		case err == io.EOF:
			return nil, err
		case errors.As(err, &bad):
			l.fail(bad.Line, bad.Err)
			continue
		case err != nil:
			return nil, l.stop(err)
		}
		l.line = row.Line
		fields := trimmed(row.Fields, len(l.header))
		if len(fields) == len(l.header) {
			return fields, nil
		}
		l.fail(row.Line, miscounted(len(fields), len(l.header)))
	}
}

// nextRow returns the next row as it is.
func (l *list) nextRow() (rows.Row, error) {
	if ahead := l.ahead; ahead != nil {
		l.ahead = nil
		return ahead()
	}
	return l.rows.Next()
}

// miscounted says that a row has another number of fields than the header.
func miscounted(n, want int) error {
	f := &fault{kind: "fewer fields", text: fmt.Sprintf("%s, want %d as in the header", plural(n, "field"), want)}
	if n > want {
		f.kind, f.mend = "more fields", "put fields that hold the separator in double quotes"
	}
	return f
}

// trimmed returns fields without empty ones behind the first n.
func trimmed(fields []string, n int) []string {
	for len(fields) > n && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

// holdsImage tells whether a field is the path of an image, as no name of a column is.
func holdsImage(fields []string) bool {
	for _, f := range fields {
		if isImage(f) {
			return true
		}
	}
	return false
}

// each calls add for each row until it returns io.EOF's end of the list, and collects the
// errors of add.
func (l *list) each(add func(row []string) error) error {
	for {
		row, err := l.next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := add(row); err != nil {
			l.fail(l.line, err)
		} else {
			l.bad.Good++
		}
	}
}

// fail collects what is wrong with a row.
func (l *list) fail(line int, err error) {
	l.bad.add(line, err)
}

// refute collects what is wrong with a row that seemed good by itself.
func (l *list) refute(line int, err error) {
	if !l.bad.at[line] {
		l.bad.Good--
	}
	l.fail(line, err)
}

// refuse returns an error about the current line alone, at which reading ends.
func (l *list) refuse(format string, args ...any) *ListError {
	e := &ListError{Path: l.path, Header: true}
	e.add(l.line, fmt.Errorf(format, args...))
	return e
}

// err returns what was collected, nil if nothing was.
func (l *list) err() error {
	if l.bad.Bad == 0 || l.lenient && l.bad.Good > 0 {
		return nil
	}
	return &l.bad
}
