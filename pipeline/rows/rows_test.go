package rows

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// read returns all rows, their fields between bars, and errors by line.
func read(text string, tabs bool) (string, []string) {
	var b strings.Builder
	r := NewReader(strings.NewReader(text), tabs)
	for {
		row, err := r.Next()
		var bad *Error
		switch {
		case err == io.EOF:
			return b.String(), r.Notes()
		case errors.As(err, &bad):
			fmt.Fprintf(&b, "%d! %v\n", bad.Line, bad.Err)
		case err != nil:
			fmt.Fprintf(&b, "end: %v\n", err)
			return b.String(), r.Notes()
		default:
			fmt.Fprintf(&b, "%d %s\n", row.Line, strings.Join(row.Fields, "|"))
		}
	}
}

func TestReader(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		tabs       bool
		want, note string
	}{
		{name: "commas", text: "a,b\nc,d\n", want: "1 a|b\n2 c|d\n"},
		{name: "no end at the end", text: "a,b\nc,d", want: "1 a|b\n2 c|d\n"},
		{name: "semicolons beside decimal commas", text: "a;b;1,0\n", want: "1 a|b|1,0\n"},
		{name: "tabs", text: "a, b\tc\n", want: "1 a, b|c\n"},
		{name: "tabs promised", text: "a,b\nc\td\n", tabs: true, want: "1 a,b\n2 c|d\n"},
		{name: "first field empty", text: "\ta\tb\nc\t\td\n", want: "1 |a|b\n2 c||d\n"},
		{name: "bars", text: "a|b|c\n", want: "1 a|b|c\n"},
		{name: "spaces", text: "a   b c\n  d \t e  f\n\"g h\" i j\n", want: "1 a|b|c\n2 d|e|f\n3 g h|i|j\n"},
		{name: "spaces around", text: " a ,  b  , \"c\" , d\n", want: "1 a|b|c|d\n"},
		{name: "one column", text: "image\na.jpg\n", want: "1 image\n2 a.jpg\n"},
		{name: "Excel names it", text: "sep=;\na;b,c\n", want: "2 a|b,c\n"},
		{name: "CR", text: "a,b\rc,d\r", want: "1 a|b\n2 c|d\n"},
		{name: "CR LF", text: "a,b\r\nc,d\r\n", want: "1 a|b\n2 c|d\n"},
		{name: "blank", text: "\n  \na,b\n,,\n\nc,d\n", want: "3 a|b\n6 c|d\n"},
		{name: "comments", text: "# pairs\na,b\n#c,d\ne,f\n\"#g\",h\n", want: "2 a|b\n4 e|f\n5 #g|h\n",
			note: "lines that begin with # are comments: 2, first line 1"},
		{name: "quotes", text: `"a,b","c ""d""",e"f` + "\n", want: `1 a,b|c "d"|e"f` + "\n"},
		{name: "open quote", text: "a,b\n\"c,d\ne,f\n", want: "1 a|b\n2! field 1: a quote is opened and not closed in this line\n3 e|f\n"},
		{name: "behind a quote", text: "a,b\n\"c\"d,e\n", want: "1 a|b\n2! field 1: text follows a closing quote\n"},
		{name: "mark", text: "\ufeffa,b\n", want: "1 a|b\n"},
		{name: "empty fields", text: "a,,b\n,c,\n", want: "1 a||b\n2 |c|\n"},
		{name: "control", text: "a.jpg,b.jpg\nc\x00.jpg,d.jpg\ne,f\n",
			want: "1 a.jpg|b.jpg\n2! not text: it holds a control character\n3 e|f\n"},
		{name: "neither", text: "a\x81,b\n", want: "1! not text: neither UTF-8 nor Windows-1252\n"},
		{name: "a picture", text: "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01", want: "end: not text; is this a list?\n"},
		{name: "empty", text: "", want: ""},
		{name: "too long", text: "a,b\n" + strings.Repeat("x", MaxLine+1), want: "1 a|b\nend: line is longer than 1048576 bytes; is this a list?\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, notes := read(tt.text, tt.tabs)
			if got != tt.want || strings.Join(notes, "\n") != tt.note {
				t.Errorf("rows\n%snotes %q\nwant\n%snotes %q", got, notes, tt.want, tt.note)
			}
		})
	}
}

// TestEncodings writes one list with the encoders of golang.org/x/text.
func TestEncodings(t *testing.T) {
	const text = "left;right\ncafé/1.jpg;größe/2.jpg\nplain.jpg;€.jpg\n"
	const want = "1 left|right\n2 café/1.jpg|größe/2.jpg\n3 plain.jpg|€.jpg\n"
	for _, tt := range []struct {
		name   string
		encode func(string) (string, error)
		note   string
	}{
		{"UTF-8", func(s string) (string, error) { return s, nil }, ""},
		{"UTF-16 LE", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String, "the list is read as UTF-16 text"},
		{"UTF-16 BE", unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String, "the list is read as UTF-16 text"},
		{"UTF-16 LE, no mark", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String, "the list is read as UTF-16 text"},
		{"UTF-16 BE, no mark", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String, "the list is read as UTF-16 text"},
		{"Windows-1252", charmap.Windows1252.NewEncoder().String,
			"lines that are not UTF-8 are read as Windows-1252: 2, first line 2"},
	} {
		encoded, err := tt.encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, notes := read(encoded, false); got != want || strings.Join(notes, "\n") != tt.note {
			t.Errorf("%s: rows\n%snotes %q\nwant\n%snotes %q", tt.name, got, notes, want, tt.note)
		}
	}
}

// FuzzReader: no bytes crash it, and lines only grow.
func FuzzReader(f *testing.F) {
	f.Add("a;b\n\"c\";d\r\xe9,\x00\n", false)
	f.Fuzz(func(t *testing.T, text string, tabs bool) {
		r, before := NewReader(strings.NewReader(text), tabs), 0
		for {
			row, err := r.Next()
			var bad *Error
			if err != nil && !errors.As(err, &bad) {
				return
			}
			if r.Line() <= before || err == nil && (row.Line != r.Line() || len(row.Fields) == 0) {
				t.Fatalf("row %+v, %v behind line %d", row, err, before)
			}
			before = r.Line()
		}
	})
}
