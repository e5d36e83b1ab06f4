package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// fault is what is wrong with a row. Faults of one kind have one format.
type fault struct {
	kind, text string
	mend       string // what to do about all of the kind, "" where the text says
}

func (f *fault) Error() string { return f.text }

// faulty returns a fault. The kind is what does not differ between rows: the format.
func faulty(mend, format string, args ...any) error {
	return &fault{kind: format, text: fmt.Sprintf(format, args...), mend: mend}
}

// Fault is one kind of what is wrong with the rows of a list.
type Fault struct {
	Reason string // of the first row
	Line   int    // of the first row, from 1
	Count  int    // rows
	Mend   string // what to do about all of them, "" where the reason says

	kind string
}

// ListError says why a list cannot be used.
type ListError struct {
	Path   string
	Faults []Fault // each kind once, in the order of their first rows
	Bad    int     // rows that cannot be used
	Good   int     // rows that can
	Header bool    // the names of the columns are at fault, and no row was read
	Hint   string  // what all rows have in common, "" if nothing

	at map[int]bool // lines of bad rows
}

func (e *ListError) Error() string {
	var b strings.Builder
	if e.Bad > 1 {
		fmt.Fprintf(&b, "%s: %d of %d rows cannot be used\n", e.Path, e.Bad, e.Bad+e.Good)
	}
	for i, f := range e.Faults {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d: %s", e.Path, f.Line, f.Reason)
		if f.Count > 1 {
			fmt.Fprintf(&b, " (%d rows like this)", f.Count)
		}
		if f.Mend != "" {
			fmt.Fprintf(&b, "; %s", f.Mend)
		}
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "\n%s", e.Hint)
	}
	return b.String()
}

// add counts what is wrong with a row: all errors that err joins.
func (e *ListError) add(line int, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			e.add(line, one)
		}
		return
	}
	if e.at == nil {
		e.at = map[int]bool{}
	}
	e.at[line] = true
	e.Bad = len(e.at)
	f := &fault{kind: err.Error(), text: err.Error()}
	errors.As(err, &f)
	for i := range e.Faults {
		if e.Faults[i].kind == f.kind {
			e.Faults[i].Count++
			return
		}
	}
	e.Faults = append(e.Faults, Fault{Reason: f.text, Line: line, Count: 1, Mend: f.mend, kind: f.kind})
}

// before returns err with a word before its text, nil where it is nil.
func before(word string, err error) error {
	f := (*fault)(nil)
	if !errors.As(err, &f) {
		return err
	}
	return &fault{kind: word + f.kind, text: word + ": " + f.text, mend: f.mend}
}
