package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPairs(t *testing.T) {
	tests := []struct {
		name, file, text string
		columns          Columns
		want, notes      string
	}{
		{name: "plain", text: "left,right,same\nb.png,a.png,1\nin/a.png,a.png,0\n",
			want: "b.png a.png same\nin/a.png a.png different"},
		{name: "no end of line at the end", text: "left,right,same\na.png,b.png,1",
			want: "a.png b.png same"},
		{name: "order of columns", text: "same,split,right,left\n0,test,a.png,b.png\n",
			want: "b.png a.png different test"},
		{name: "splits", text: "left,right,same,split\na.png,b.png,1,train\nc.png,d.png,0,validation\n" +
			"e.png,in/a.png,0,val\n",
			want: "a.png b.png same train\nc.png d.png different val\ne.png in/a.png different val"},
		{name: "CR LF, BOM, blank lines",
			text: "\ufeffleft,right,same\r\n\r\na.png,b.png,1\r\n  \r\nc.png,d.png,0\r\n",
			want: "a.png b.png same\nc.png d.png different"},
		{name: "quotes", text: "\"left\",right,same\n\"comma,name.png\",\"a.png\",\"1\"\n",
			want: "comma,name.png a.png same"},
		{name: "TSV by name", file: "l.TSV", text: "left\tright\tsame\ncomma,name.png\ta.png\t1\n",
			want: "comma,name.png a.png same"},
		{name: "tabs by content", file: "l.txt", text: "left\tright\tsame\na.png\tb.png\t1\n",
			want: "a.png b.png same"},
		{name: "paths are cleaned", text: "left,right,same\n./a.png,in/../b.png,1\nin//a.png,a.png,0\n",
			want: "a.png b.png same\nin/a.png a.png different"},
		{name: "capitals in the header", text: "Left, RIGHT ,Same\na.png,b.png,1\n", want: "a.png b.png same"},
		{name: "different", text: "left,right,different\na.png,b.png,yes\nc.png,d.png,0\ne.png,a.png,same\n",
			want: "a.png b.png different\nc.png d.png same\ne.png a.png same"},
		{name: "by numbers, no header", text: "1;a.png;b.png\n0;c.png;d.png\n",
			columns: Columns{"left": "2", "right": "3", "same": "1"}, want: "a.png b.png same\nc.png d.png different"},
		{name: "by numbers, a header", text: "x;y;z\n1;a.png;b.png\n",
			columns: Columns{"left": "2", "right": "3", "same": "1"}, want: "a.png b.png same"},
		{name: "backslashes", text: "left,right,same\nin\\a.png,.\\b.png,1\n", want: "in/a.png b.png same",
			notes: "paths with backslashes are read with slashes: those of 2 images"},
		{name: "capitals in paths", text: "left,right,same\nIN/A.PNG,b.png,1\n", want: "in/a.png b.png same",
			notes: `paths whose accents or capitals differ from a file's are read as that file's: 1, such as "IN/A.PNG"`},
		{name: "comments", text: "# my pairs\nleft,right,same\n#a.png,b.png,1\na.png,c.png,0\n", want: "a.png c.png different",
			notes: "l.csv: lines that begin with # are comments: 2, first line 1"},
		{name: "declared names", text: "img_a,img_b,label\na.png,b.png,1\n",
			columns: Columns{"left": "img_a", "right": "img_b", "same": "label"},
			want:    "a.png b.png same"},
		{name: "declared polarity", text: "left,right,label\na.png,b.png,1\nc.png,d.png,0\n",
			columns: Columns{"different": "label"},
			want:    "a.png b.png different\nc.png d.png same"},
		{name: "other polarity beside same", text: "left,right,same,label\na.png,b.png,1,1\n",
			columns: Columns{"different": "label"}, want: "a.png b.png different",
			notes: `l.csv: left out 1 column: "same"`},
		{name: "more columns", text: "id,left,right,same,score\n1,a.png,b.png,1,0.5\n",
			want: "a.png b.png same", notes: `l.csv: left out 2 columns: "id", "score"`},
		{name: "repeats", want: "a.png b.png same\nc.png d.png different\n" +
			"a.png b.png same\nb.png a.png same",
			text: "left,right,same\na.png,b.png,1\nc.png,d.png,0\n" +
				"a.png,b.png,1\nb.png,./a.png,1\n",
			notes: "2 rows repeat a pair, first in line 4: training draws it again, measures count it once"},
		{name: "leak", text: "left,right,same,split\na.png,b.png,1,train\na.png,c.png,0,test\n" +
			"b.png,c.png,0,val\nd.png,e.png,1,test\n",
			want: "a.png b.png same train\na.png c.png different test\nb.png c.png different val\n" +
				"d.png e.png same test",
			notes: "3 images in pairs of more than one split: scores on such pairs flatter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.file == "" {
				tt.file = "l.csv"
			}
			d, err := openList(tt.file, tt.text, tt.columns)
			if err != nil {
				t.Fatal(err)
			}
			if got := describePairs(d); got != tt.want {
				t.Errorf("pairs\n%s\nwant\n%s", got, tt.want)
			}
			if got := strings.Join(d.Notes, "\n"); got != tt.notes {
				t.Errorf("notes\n%s\nwant\n%s", got, tt.notes)
			}
			for i, image := range d.Images {
				if image.Class != -1 || i > 0 && d.Images[i-1].Path >= image.Path {
					t.Errorf("image %d is %+v, want class -1 and ascending paths", i, image)
				}
			}
		})
	}
}

// TestPairsRows: each kind of bad row is named with its first line, and all others are still read.
func TestPairsRows(t *testing.T) {
	tests := []struct{ name, row, want string }{
		{"missing image", "a.png,no.png,1", `image "no.png" is not in "."; --images names another folder or .zip`},
		{"two missing", "x.png,y.png,1", `image "x.png" is not in "." (2 rows like this)`},
		{"folder", "a.png,in,1", `image "in" is a folder`},
		{"empty path", ",a.png,1", `empty path`},
		{"contradiction", "d.png,c.png,1",
			`"d.png" and "c.png" are same here and different in line 2; keep one of them`},
		{"same image", "a.png,./a.png,1", `left and right are the same image, "a.png"`},
		{"no label", "a.png,b.png,", `same is "" (2 rows like this); want 1, yes or same; or 0, no or different`},
		{"too few fields", "a.png,b.png", `2 fields, want 3 as in the header`},
		{"too many fields", "a.png,b.png,1,1", `4 fields, want 3 as in the header; put fields that hold the ` +
			`separator in double quotes`},
		{"leads out", "../a.png,b.png,1",
			`path "../a.png" leads out of "."; --images names another folder or .zip`},
		{"leads out late", "in/../../a.png,b.png,1", `leads out of "."`},
		{"absolute", "/a.png,b.png,1", `path "/a.png" is absolute and does not lie in "."; name the folder that ` +
			`the paths begin with with --images, or write paths relative to it`},
		{"drive", `C:\a.png,b.png,1`, `path "C:\a.png" is absolute`},
		{"not text", "a\x81.png,b.png,1", `not text: neither UTF-8 nor Windows-1252`},
		{"open quote", `"a.png,b.png,1`, `field 1: a quote is opened and not closed in this line`},
		{"NUL", "a\x00.png,b.png,1", `not text: it holds a control character`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "left,right,same\nc.png,d.png,0\n\n" + tt.row + "\nc.png,e.png,2\n"
			_, err := openList("l.csv", text, nil)
			e := (*ListError)(nil)
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want a *ListError", err)
			}
			if e.Bad != 2 || e.Good != 1 || e.Header || e.Faults[0].Line != 4 {
				t.Fatalf("error %+v, want faults of lines 4 and 5", e)
			}
			if len(e.Faults) == 2 && (e.Faults[1].Line != 5 || e.Faults[1].Reason != `same is "2"`) {
				t.Errorf("second fault %+v, want that of line 5", e.Faults[1])
			}
			if !strings.HasPrefix(err.Error(), "l.csv: 2 of 3 rows cannot be used\nl.csv:4: ") ||
				!strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

func TestPairsSplitRows(t *testing.T) {
	_, err := openList("l.csv", "left,right,same,split\na.png,b.png,1,train\nb.png,a.png,1,test\n"+
		"c.png,d.png,1,dev\nc.png,e.png,1,\n", nil)
	want := `l.csv: 2 of 4 rows cannot be used
l.csv:3: "b.png" and "a.png" are in split "test" here and in split "train" in line 2; keep one of them
l.csv:5: split is ""; want train, val or test`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}
}

func TestPairsHeader(t *testing.T) {
	const opposite = ", or different= in place of same= where 1 means different"
	tests := []struct {
		name, text string
		columns    Columns
		want       string
	}{
		{"empty", "", nil, `data "l.csv": empty list: want a line of column names`},
		{"blank", "\n\r\n  \n", nil, `data "l.csv": empty list: want a line of column names`},
		{"header only", "left,right,same\n", nil, `data "l.csv": a header and no pairs below it`},
		{"other names", "img_a,img_b,label\na.png,b.png,1\n", nil,
			`l.csv:1: no column "left" in the header ("img_a", "img_b", "label")` + "\n" +
				`the columns seem to hold: "img_a" images, "img_b" images, "label" same or different; ` +
				`if so, add --columns left=img_a,right=img_b,same=label` + opposite},
		{"names that shells and flags read", "img a,img=b,label\na.png,b.png,1\n", nil,
			`l.csv:1: no column "left" in the header ("img a", "img=b", "label")` + "\n" +
				`the columns seem to hold: "img a" images, "img=b" images, "label" same or different; ` +
				`if so, add --columns left=1,right=2,same=label` + opposite},
		{"declared and not there", "a,b,same\na.png,b.png,0\n", Columns{"left": "a", "right": "c"},
			`l.csv:1: no column "c" in the header ("a", "b", "same")` + "\n" +
				`the columns seem to hold: "a" images, "b" images, "same" same or different; ` +
				`if so, add --columns left=a,right=b,same=same` + opposite},
		{"no header", "1,a.png,b.png,no,train\n2,c.png,d.png,yes,test\n", nil,
			`l.csv:1: the first row is no header, it holds an image` + "\n" +
				`the columns seem to hold: 1 something else ("1"), 2 images, 3 images, 4 same or different, 5 splits; ` +
				`if so, add --columns left=2,right=3,same=4,split=5` + opposite},
		{"no header, two labels", "0,a.png,b.png,no\n1,c.png,d.png,yes\n", nil,
			`l.csv:1: the first row is no header, it holds an image` + "\n" +
				`the columns seem to hold: 1 same or different, 2 images, 3 images, 4 same or different; ` +
				`say which are which with --columns left=NAME,right=NAME,same=NAME`},
		{"no header, photos", "a.png;b.png\nc.png;b.png\n", nil,
			`l.csv:1: the first row is no header, it holds an image` + "\n" +
				`the columns seem to hold: 1 images, 2 images; if so, add --columns image=1,label_image=2`},
		{"no header, triplets", "a.png b.png c.png train\na.png b.png d.png val\n", nil,
			`l.csv:1: the first row is no header, it holds an image` + "\n" +
				`the columns seem to hold: 1 images, 2 images, 3 images, 4 splits; ` +
				`if so, add --columns anchor=1,positive=2,negative=3,split=4`},
		{"nothing to guess from", "a,b\n", nil, `l.csv:1: no column "left" in the header ("a", "b")` + "\n" +
			`the list has no other rows; want a header of column names and rows below it`},
		{"twice", "left,right,same,left\n", nil, `l.csv:1: header names column "left" twice`},
		{"not text", "\xff\xfel\x00e\x00f\x00t\x00", nil,
			`l.csv:1: no column "right" in the header ("left")` + "\n" +
				`the list has no other rows; want a header of column names and rows below it`},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", nil,
			`l.csv:1: not text; is this a list?`},
		{"unknown role", "a,b,same\n", Columns{"lft": "a"},
			`columns: unknown role "lft" (known: left, right, same, different, split, group)`},
		{"both polarities", "left,right,a,b\n", Columns{"same": "a", "different": "b"},
			`columns declare both same=a and different=b; want one`},
		{"one column for two", "left,right,same\n", Columns{"left": "right"},
			`column "right" is declared as left and as right`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := openList("l.csv", tt.text, tt.columns)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

// TestPairsManyBad: a kind is said once and counted.
func TestPairsManyBad(t *testing.T) {
	text := "left,right,same\n"
	for i := range 1000 {
		text += fmt.Sprintf("x%d.png,a.png,1\n", i)
	}
	_, err := openList("l.csv", text, nil)
	if want := "l.csv: 1000 of 1000 rows cannot be used\nl.csv:2: image \"x0.png\" is not in \".\" " +
		"(1000 rows like this); --images names another folder or .zip"; err == nil || err.Error() != want {
		t.Fatalf("error %v\nwant  %s", err, want)
	}
	_, err = openList("l.csv", strings.ReplaceAll(text, "a.png", "y.png"), nil)
	if want := `none of the listed images is in ".": name the folder or .zip that holds them ` +
		`with --images`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want it to end in %s", err, want)
	}
}

// TestPairsLongLine: a line of 100 MB is refused after little more than 1 MiB.
func TestPairsLongLine(t *testing.T) {
	for _, start := range []string{"", "left,right,same\n"} {
		f := &endless{start: start, left: 100e6}
		_, err := Open(Options{FS: oneFile{f}, Data: "l.csv"})
		want := fmt.Sprintf("l.csv:%d: line is longer than 1048576 bytes; is this a list?",
			1+strings.Count(start, "\n"))
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if read := 100e6 - f.left; read > 2<<20 {
			t.Errorf("%d bytes were read, want at most 2 MiB", int(read))
		}
	}
}

// oneFile is a file system of one file.
type oneFile struct{ f fs.File }

func (o oneFile) Open(name string) (fs.File, error) {
	if name == "." {
		return files("x").Open(".")
	}
	return o.f, nil
}

// endless is start and then a long line.
type endless struct {
	start string
	left  int
}

func (e *endless) Stat() (fs.FileInfo, error) { return fs.Stat(files("l.csv"), "l.csv") }
func (e *endless) Close() error               { return nil }
func (e *endless) Read(p []byte) (int, error) {
	if e.start != "" {
		n := copy(p, e.start)
		e.start = e.start[n:]
		return n, nil
	}
	n := min(len(p), e.left)
	e.left -= n
	for i := range p[:n] {
		p[i] = 'a'
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestParseColumns(t *testing.T) {
	got, err := ParseColumns("left=a,right=b c,different=label")
	if err != nil || fmt.Sprint(got) != "map[different:label left:a right:b c]" {
		t.Errorf("ParseColumns = %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"":              `columns "": "" is not role=name`,
		"left":          `columns "left": "left" is not role=name`,
		"left=a,right=": `columns "left=a,right=": "right=" is not role=name`,
		"left=a,left=b": `columns "left=a,left=b": "left" is given twice`,
	} {
		if _, err := ParseColumns(text); err == nil || err.Error() != want {
			t.Errorf("ParseColumns(%q) = %v, want %s", text, err, want)
		}
	}
}

// FuzzLists: no list panics, and one that opens keeps the promises of Dataset.
func FuzzLists(f *testing.F) {
	f.Add("left,right,same\na.png,b.png,1\nc.png,d.png,0\n")
	f.Add("\ufeffleft,right,same,split\r\na.png,b.png,1,train\r\n\"comma,name.png\",d.png,0,test\r\n")
	f.Add("left\tright\tsame\na.png\tb.png\t1\n")
	f.Add("left,right,same\n\"a.png,b.png,1\n../a.png,/b.png,x\n")
	f.Add("left,right,same\na.png,b.png,1\nb.png,c.png,1\na.png,c.png,0\n")
	f.Add("anchor,positive,negative\na.png,b.png,c.png\nc.png,d.png,a.png\n")
	f.Add("anchor\tpositive\tnegative\tsplit\na.png\ta.png\tb.png\tval\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := openList("l.csv", text, nil)
		if err != nil {
			if err.Error() == "" || strings.Contains(err.Error(), "%!") && !strings.Contains(text, "%!") {
				t.Fatalf("error %q", err)
			}
			return
		}
		same := map[[2]int32]bool{}
		for _, p := range d.Pairs {
			key := [2]int32{min(p.Left, p.Right), max(p.Left, p.Right)}
			before, repeated := same[key]
			if p.Left == p.Right || repeated && before != p.Same {
				t.Fatalf("pair %+v is of one image or contradicts an earlier one", p)
			}
			same[key] = p.Same
			_ = d.Images[p.Left].Path + d.Images[p.Right].Path
		}
		if labels, err := d.Labels(d.All()); err == nil {
			for _, p := range d.Pairs {
				if (labels.Of[p.Left] == labels.Of[p.Right]) != p.Same {
					t.Fatalf("pair %+v has labels %d, %d", p, labels.Of[p.Left], labels.Of[p.Right])
				}
			}
		} else if len(d.Triplets) > 0 {
			t.Fatalf("triplets without classes: %v", err)
		}
		_ = d.Assign(SplitOptions{Val: 0.1}) // refuses most lists: all hangs together
		_ = d.Summary() + d.Fingerprint()
	})
}

// TestImagesNamed: where --images is given, no message says to give it.
func TestImagesNamed(t *testing.T) {
	for _, path := range []string{"a.png", "/in/a.png"} {
		text := "left,right,same\n" + path + "," + path + ",1\n"
		m := fstest.MapFS{"l.csv": &fstest.MapFile{Data: []byte(text)}, "in/other.png": &fstest.MapFile{}}
		_, err := Open(Options{FS: m, Data: "l.csv", Images: "in"})
		if err == nil || !strings.Contains(err.Error(), "which --images names") || strings.Contains(err.Error(), "with --images") {
			t.Errorf("list of %q: %v", path, err)
		}
	}
}
