package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// MaxLine is the most bytes of a line. Lines of paths are far shorter, and one must fit in
// memory.
const MaxLine = 1 << 20

// TooLongError says that a line is longer than MaxLine.
type TooLongError struct{}

func (*TooLongError) Error() string {
	return fmt.Sprintf("line is longer than %d bytes; is this a list?", MaxLine)
}

// ErrBinary says that a file holds no text.
var ErrBinary = errors.New("not text; is this a list?")

// decoder is text and the encoding that it was in.
type decoder struct {
	*bufio.Reader
	binary   bool   // no text at all
	encoding string // "" for UTF-8, and for what turns out line by line
}

// decoded reads UTF-16 as UTF-8, known by its byte order mark or by the zeros beside each
// letter, and takes a byte order mark away.
func decoded(r *bufio.Reader) decoder {
	start, _ := r.Peek(512) // an error comes again with the first line
	switch {
	case bytes.HasPrefix(start, []byte("\ufeff")):
		_, _ = r.Discard(3) // has been peeked at
		return decoder{Reader: r}
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), zeros(start, 1):
		return utf16(r, unicode.LittleEndian)
	case bytes.HasPrefix(start, []byte{0xfe, 0xff}), zeros(start, 0):
		return utf16(r, unicode.BigEndian)
	}
	return decoder{Reader: r, binary: binary(start)}
}

func utf16(r io.Reader, order unicode.Endianness) decoder {
	text := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(r)
	return decoder{Reader: bufio.NewReaderSize(text, 64<<10), encoding: "UTF-16"}
}

// binary tells whether bytes are no text of any encoding: one in twenty is a control character.
func binary(start []byte) bool {
	n := 0
	for _, b := range start {
		if b != '\n' && b != '\r' && control(rune(b)) {
			n++
		}
	}
	return 20*n > len(start)
}

// zeros tells whether most bytes at odd (1) or even (0) places are zeros and no others are:
// UTF-16 without a mark, of letters below U+0100 for the most part.
func zeros(start []byte, at int) bool {
	var count [2]int
	for i, b := range start {
		if b == 0 {
			count[i%2]++
		}
	}
	return len(start) >= 4 && count[1-at] == 0 && 4*count[at] > len(start)
}

// lines reads text line by line, whatever ends a line: LF, CR LF or CR.
type lines struct {
	r       decoder
	number  int
	foreign int // lines that were Windows-1252
	first   int // of them
	buffer  []byte
}

// next returns the next line without its end, or io.EOF. It never holds more than MaxLine
// bytes.
func (l *lines) next() (string, error) {
	l.number++
	if l.r.binary {
		return "", ErrBinary
	}
	l.buffer = l.buffer[:0]
	for {
		b, err := l.r.ReadByte()
		switch {
		case err == io.EOF && len(l.buffer) > 0:
			return l.text()
		case err != nil:
			return "", err
		case b == '\n':
			return l.text()
		case b == '\r':
			if next, err := l.r.Peek(1); err == nil && next[0] == '\n' {
				_, _ = l.r.Discard(1) // has been peeked at
			}
			return l.text()
		}
		if l.buffer = append(l.buffer, b); len(l.buffer) > MaxLine {
			return "", &TooLongError{}
		}
	}
}

// text returns the line in UTF-8.
func (l *lines) text() (string, error) {
	if i := bytes.IndexFunc(l.buffer, control); i >= 0 {
		return "", &Error{l.number, errors.New("not text: it holds a control character")}
	}
	if utf8.Valid(l.buffer) {
		return string(l.buffer), nil
	}
	var b strings.Builder
	for _, c := range l.buffer {
		r := charmap.Windows1252.DecodeByte(c)
		if r == utf8.RuneError || r > 0x7f && r < 0xa0 {
			return "", &Error{l.number, errors.New("not text: neither UTF-8 nor Windows-1252")}
		}
		b.WriteRune(r)
	}
	if l.foreign++; l.foreign == 1 {
		l.first = l.number
	}
	return b.String(), nil
}

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func (l *lines) notes() []string {
	var notes []string
	if l.r.encoding != "" {
		notes = append(notes, fmt.Sprintf("the list is read as %s text", l.r.encoding))
	}
	if l.foreign > 0 {
		notes = append(notes, fmt.Sprintf("lines that are not UTF-8 are read as Windows-1252: %d, first line %d",
			l.foreign, l.first))
	}
	return notes
}
