package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// sloppy are lists as people and their programs write them, in testdata/sloppy. Each is read
// at once, by the columns that its error tells to type, or by Fix.
var sloppy = map[string]sloppyList{
	"semicolons.csv":         {want: "a.png b.png same\nc.png d.png different"},
	"excel-utf16.csv":        {want: "a.png café.png same\nc.png d.png different", notes: "L: the list is read as UTF-16 text"},
	"excel-utf16-no-bom.txt": {want: "a.png b.png same\nc.png d.png different", notes: "L: the list is read as UTF-16 text"},
	"excel-german.csv": {want: "café.png a.png same\nc.png d.png different",
		notes: "L: lines that are not UTF-8 are read as Windows-1252: 1, first line 2"},
	"excel-sep.csv": {refused: `L:3: same is "WAHR?"; want 1, yes or same; or 0, no or different`,
		want: "c.png d.png different\na.png d.png same", dropped: 1},
	"mac-cr.csv":        {want: "a.png b.png same\nc.png d.png different"},
	"spaces-around.csv": {want: "a.png b.png same\nc.png d.png different"},
	"pipes.txt":         {want: "a.png b.png same\nc.png d.png different"},
	"blanks.txt":        {want: "a.png b.png same\nc.png d.png different"},
	"windows-paths.csv": {want: "a.png in/e.png same\nin/e.png d.png different",
		notes: "paths with backslashes are read with slashes: those of 3 images\n" +
			`paths whose accents or capitals differ from a file's are read as that file's: 1, such as "IN\\E.PNG"`},
	"decomposed.csv": {want: "café.png a.png same\nc.png d.png different",
		notes: `paths whose accents or capitals differ from a file's are read as that file's: 1, such as "cafe\u0301.png"`},
	"no-header.csv": {refused: "L:1: the first row is no header, it holds an image\n" +
		"the columns seem to hold: 1 images, 2 images, 3 same or different; if so, add --columns left=1,right=2,same=3, " +
		"or different= in place of same= where 1 means different",
		columns: Columns{"left": "1", "right": "2", "same": "3"}, want: "a.png b.png same\nc.png d.png different"},
	"no-header-triplets.tsv": {refused: "L:1: the first row is no header, it holds an image\n" +
		"the columns seem to hold: 1 images, 2 images, 3 images; if so, add --columns anchor=1,positive=2,negative=3",
		columns: Columns{"anchor": "1", "positive": "2", "negative": "3"}, want: "a.png b.png c.png\nb.png a.png d.png"},
	"other-names.csv": {refused: `L:1: no column "left" in the header ("id", "image1", "image2", "is_duplicate")` + "\n" +
		`the columns seem to hold: "id" something else ("1"), "image1" images, "image2" images, "is_duplicate" same or different; ` +
		`if so, add --columns left=image1,right=image2,same=is_duplicate, or different= in place of same= where 1 means different`,
		columns: Columns{"left": "image1", "right": "image2", "same": "is_duplicate"},
		want:    "a.png b.png same\nc.png d.png different", notes: `L: left out 1 column: "id"`},
	"words.csv":     {want: "a.png b.png same\nc.png d.png different\na.png c.png different\nb.png in/e.png same"},
	"minus-one.csv": {want: "a.png b.png same\nc.png d.png different"},
	"comments.csv": {want: "a.png b.png same\nc.png d.png different",
		notes: "L: lines that begin with # are comments: 3, first line 1"},
	"spreadsheet-rest.csv": {want: "a.png b.png same\nc.png d.png different"},
	"comma-in-path.csv": {refused: `L:3: 4 fields, want 3 as in the header; put fields that hold the separator in double quotes`,
		want: "a.png b.png same", dropped: 1},
	"mixed-encodings.csv": {want: "a.png café.png same\ncafé.png d.png different",
		notes: "L: lines that are not UTF-8 are read as Windows-1252: 1, first line 2"},
	"everything.csv": {refused: `L: 11 of 13 rows cannot be used
L:3: "b.png" and "a.png" are different here and same in line 2; keep one of them
L:4: image "no1.png" is not in "." (3 rows like this); --images names another folder or .zip
L:7: same is "maybe"; want 1, yes or same; or 0, no or different
L:8: split is "later"; want train, val or test
L:10: left and right are the same image, "a.png"
L:11: field 1: a quote is opened and not closed in this line
L:12: 2 fields, want 5 as in the header
L:13: path "/home/me/c.png" is absolute and does not lie in "."; name the folder that the paths begin with with --images, or write paths relative to it
L:14: path "../c.png" leads out of "."; --images names another folder or .zip`, want: "a.png b.png same train\nc.png d.png different val", notes: `L: left out 1 column: "note"`, dropped: 11},
	"photos.csv": {want: "a.png in/e.png Äpfel\nb.png in/e.png Äpfel\nc.png d.png Brot",
		notes: "L: lines that are not UTF-8 are read as Windows-1252: 2, first line 2\n" +
			"paths with backslashes are read with slashes: those of 1 image"},
}

// sloppyList is what is said of a list.
type sloppyList struct {
	text    string  // "" where it is a file of testdata/sloppy
	refused string  // the error at first, "" where the list is read
	columns Columns // that the error tells
	want    string  // pairs, triplets, photos or classes
	notes   string  // by the path of the list
	dropped int     // rows that Fix leaves out
}

// rowsOf describes what a list holds, a row a line.
func rowsOf(d *Dataset) string {
	path := func(i int32) string { return d.Images[i].Path }
	var lines []string
	switch {
	case len(d.Triplets) > 0:
		for _, t := range d.Triplets {
			lines = append(lines, path(t.Anchor)+" "+path(t.Positive)+" "+path(t.Negative))
		}
	case len(d.Matches) > 0:
		for _, m := range d.Matches {
			lines = append(lines, fmt.Sprint(path(m.Image), " ", path(m.Label), " ", d.Classes[d.Images[m.Image].Class]))
		}
	case len(d.Pairs) == 0:
		for _, image := range d.Images {
			lines = append(lines, image.Path+" "+d.Classes[image.Class])
		}
	default:
		return describePairs(d)
	}
	return strings.Join(lines, "\n")
}

func TestSloppyLists(t *testing.T) {
	entries, err := os.ReadDir("testdata/sloppy")
	if err != nil || len(entries) != len(sloppy) {
		t.Fatalf("testdata/sloppy holds %d lists (%v), the table %d", len(entries), err, len(sloppy))
	}
	for name, tt := range sloppy {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata/sloppy", name))
			if err != nil {
				t.Fatal(err)
			}
			tt.check(t, name, text)
		})
	}
}

// check opens the list, as it is and then as its error tells, and mends it.
func (tt sloppyList) check(t *testing.T, name string, text []byte) {
	t.Helper()
	m := files("a.png", "b.png", "c.png", "d.png", "in/e.png", "café.png", "with, comma.png")
	m[name] = &fstest.MapFile{Data: text}
	said := func(text string) string { return strings.ReplaceAll(text, name, "L") }
	o := Options{FS: m, Data: name}
	d, err := Open(o)
	if tt.refused == "" != (err == nil) || err != nil && said(err.Error()) != tt.refused {
		t.Fatalf("error %v\nwant  %s", err, tt.refused)
	}
	if o.Columns = tt.columns; tt.columns != nil {
		d, err = Open(o)
	}
	if tt.dropped == 0 {
		if err != nil {
			t.Fatal(err)
		}
		if got := said(strings.Join(d.Notes, "\n")); rowsOf(d) != tt.want || got != tt.notes {
			t.Errorf("rows\n%s\nnotes %s\nwant\n%s\nnotes %s", rowsOf(d), got, tt.want, tt.notes)
		}
	}
	checkFix(t, o, tt.want, tt.dropped)
}

// checkFix: what Fix writes is read without a word, as the rows wanted.
func checkFix(t *testing.T, o Options, want string, dropped int) {
	t.Helper()
	var b bytes.Buffer
	f, err := Fix(o, &b)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if f.Dropped != nil {
		n = f.Dropped.Bad
	}
	if n != dropped || f.Rows != 1+strings.Count(want, "\n") {
		t.Errorf("%d rows written, %d dropped, want %d dropped", f.Rows, n, dropped)
	}
	o.FS.(fstest.MapFS)["fixed.csv"] = &fstest.MapFile{Data: b.Bytes()}
	d, err := Open(Options{FS: o.FS, Data: "fixed.csv"})
	if err != nil || len(d.Notes) > 0 || rowsOf(d) != want {
		t.Errorf("fixed:\n%s\nread as (%v, notes %q)", b.String(), err, d.Notes)
	}
}

// TestFixErrors: what cannot be mended is refused, and nothing is written.
func TestFixErrors(t *testing.T) {
	m := files("a/1.png", "b/1.png")
	m["none.csv"] = &fstest.MapFile{Data: []byte("left,right,same\nx.png,y.png,1\n")}
	var b bytes.Buffer
	_, err := Fix(Options{FS: m, Data: "none.csv"}, &b)
	if e := (*ListError)(nil); !errors.As(err, &e) || b.Len() > 0 {
		t.Errorf("no usable row: %v, %d bytes", err, b.Len())
	}
	m["one.csv"] = &fstest.MapFile{Data: []byte("image,label_image\na/1.png,b/1.png\n")}
	_, err = Fix(Options{FS: m, Data: "one.csv"}, &b)
	if want := `one.csv:2: label image "b/1.png" stands for every photo; want at least 2 to choose from`; err == nil || err.Error() != want || b.Len() > 0 {
		t.Errorf("one label image: %v, %d bytes, want %s", err, b.Len(), want)
	}
	_, err = Fix(Options{FS: m, Data: "."}, &b)
	if e := (*OptionsError)(nil); !errors.As(err, &e) || b.Len() > 0 {
		t.Errorf("folders: %v, %d bytes", err, b.Len())
	}
}
