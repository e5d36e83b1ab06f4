package dataset

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
)

// TestMoreSloppyLists: lists as other programs, word processors and other machines leave them. Each is read, or
// mended in one round.
func TestMoreSloppyLists(t *testing.T) {
	for name, tt := range moreSloppy {
		t.Run(name, func(t *testing.T) { tt.check(t, name, []byte(tt.text)) })
	}
}

var moreSloppy = map[string]sloppyList{
	"markdown.txt": {text: "| left | right | same |\n|------|-------|------|\n| a.png | b.png | 1 |\n| c.png | d.png | 0 |\n",
		refused: "L:2: image \"------\" is not in \".\" (2 rows like this); --images names another folder or .zip\nL:2: same is \"------\"; want 1, yes or same; or 0, no or different",
		want:    "a.png b.png same\nc.png d.png different", dropped: 1},
	"single-quotes.csv": {text: "left,right,same\n'a.png','b.png','1'\n'c.png','d.png','0'\n",
		want: "a.png b.png same\nc.png d.png different"},
	"curly.csv": {text: "left,right,same\n“a.png”,“b.png”,1\n“c.png”,“d.png”,0\n",
		want: "a.png b.png same\nc.png d.png different"},
	"zero-width.csv": {text: "left,right,same\n\u200ba.png,b.png,1\nc.png,d.png\u200b,0\n",
		want: "a.png b.png same\nc.png d.png different"},
	"nbsp.csv": {text: "left,right,same\n\u00a0a.png\u00a0,b.png\u00a0,1\u00a0\nc.png,d.png,0\n",
		want: "a.png b.png same\nc.png d.png different"},
	"pretty-header.csv": {text: "Left Image,Right Image,Same?\na.png,b.png,1\nc.png,d.png,0\n",
		refused: "L:1: no column \"left\" in the header (\"Left Image\", \"Right Image\", \"Same?\")\nthe columns seem to hold: \"Left Image\" images, \"Right Image\" images, \"Same?\" same or different; if so, add --columns left=1,right=2,same=3, or different= in place of same= where 1 means different",
		columns: Columns{"left": "1", "right": "2", "same": "3"},
		want:    "a.png b.png same\nc.png d.png different"},
	"pandas.csv": {text: ",left,right,same\n0,a.png,b.png,1\n1,c.png,d.png,0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "L: left out 1 column: \"\""},
	"genuine.csv": {text: "left,right,same\na.png,b.png,genuine\nc.png,d.png,impostor\n",
		want: "a.png b.png same\nc.png d.png different"},
	"ja-nein.csv": {text: "left;right;same\na.png;b.png;ja\nc.png;d.png;nein\n",
		want: "a.png b.png same\nc.png d.png different"},
	"file-urls.csv": {text: "left,right,same\nfile:///a.png,file:///b.png,1\nfile:///c.png,file:///d.png,0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "paths are read without what they begin with, \"/\": those of 4 images"},
	"windows-abs.csv": {text: "left,right,same\nC:\\Users\\me\\a.png,C:\\Users\\me\\b.png,1\nC:\\Users\\me\\c.png,C:\\Users\\me\\d.png,0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "paths with backslashes are read with slashes: those of 4 images\npaths are read without what they begin with, \"C:/Users/me/\": those of 4 images"},
	"percent.csv": {text: "left,right,same\na.png,with%2C%20comma.png,1\nc.png,d.png,0\n",
		want: "a.png with, comma.png same\nc.png d.png different", notes: "paths with %20 and the like are read without: 1, such as \"with%2C%20comma.png\""},
	"stems.csv": {text: "left,right,same\na,b,1\nc,d,0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "paths without a file's extension, or with another, are read as the one file of that name: 4, such as \"a\""},
	"jpg-for-png.csv": {text: "left,right,same\na.jpg,b.jpg,1\nc.jpg,d.jpg,0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "paths without a file's extension, or with another, are read as the one file of that name: 4, such as \"a.jpg\""},
	"footer.csv": {text: "left,right,same\na.png,b.png,1\nc.png,d.png,0\nTotal,,2\n",
		refused: "L:4: image \"Total\" is not in \".\"; --images names another folder or .zip\nL:4: empty path\nL:4: same is \"2\"; want 1, yes or same; or 0, no or different",
		want:    "a.png b.png same\nc.png d.png different", dropped: 1},
	"headers-again.csv": {text: "left,right,same\na.png,b.png,1\nleft,right,same\nc.png,d.png,0\n",
		refused: "L:3: image \"left\" is not in \".\" (2 rows like this); --images names another folder or .zip",
		want:    "a.png b.png same\nc.png d.png different", dropped: 1},
	"title.csv": {text: "Pairs of photos 2024,,\nleft,right,same\na.png,b.png,1\nc.png,d.png,0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "L: line 1 is a title, and left out"},
	"header-comma-rows-semicolon.csv": {text: "left,right,same\na.png;b.png;1\nc.png;d.png;0\n",
		want: "a.png b.png same\nc.png d.png different", notes: "L: rows whose fields are separated by something else than the first row's: 2"},
	"quotes-after-space.csv": {text: "\"left\", \"right\", \"same\"\n\"a.png\", \"b.png\", 1\n\"c.png\", \"d.png\", 0\n",
		want: "a.png b.png same\nc.png d.png different"},
	"dup-columns.csv": {text: "left,left,same\na.png,b.png,1\nc.png,d.png,0\n",
		refused: "L:1: header names column \"left\" twice\nthe columns seem to hold: \"left\" images, \"left\" images, \"same\" same or different; if so, add --columns left=1,right=2,same=same, or different= in place of same= where 1 means different",
		columns: Columns{"left": "1", "right": "2", "same": "same"},
		want:    "a.png b.png same\nc.png d.png different"},
	"files-classes.csv": {text: "filename,category\na.png,x\nb.png,x\nc.png,y\nd.png,y\n",
		refused: "L:1: no column \"left\" in the header (\"filename\", \"category\")\nthe columns seem to hold: \"filename\" images, \"category\" something else (\"x\"); if so, add --columns image=filename,class=category",
		columns: Columns{"class": "category", "image": "filename"},
		want:    "a.png x\nb.png x\nc.png y\nd.png y"},
	"identity.csv": {text: "image,person\na.png,anna\nb.png,anna\nc.png,bob\nd.png,bob\n",
		refused: "L:1: no column \"label_image\" in the header (\"image\", \"person\")\nthe columns seem to hold: \"image\" images, \"person\" something else (\"anna\"); if so, add --columns image=image,class=person",
		columns: Columns{"class": "person", "image": "image"},
		want:    "a.png anna\nb.png anna\nc.png bob\nd.png bob"},
	"hyperlink.csv": {text: "left,right,same\n\"=HYPERLINK(\"\"a.png\"\")\",b.png,1\nc.png,d.png,0\n",
		refused: "L:2: image \"=HYPERLINK(\\\"a.png\\\")\" is not in \".\"; --images names another folder or .zip",
		want:    "c.png d.png different", dropped: 1},
	"cp437.csv": {text: "left,right,same\ncaf\x82.png,b.png,1\nc.png,d.png,0\n",
		refused: "L:2: image \"caf‚.png\" is not in \".\"; --images names another folder or .zip",
		want:    "c.png d.png different", dropped: 1},
	"ctrl-z.csv": {text: "left,right,same\r\na.png,b.png,1\r\nc.png,d.png,0\r\n\x1a",
		refused: "L:4: not text: it holds a control character",
		want:    "a.png b.png same\nc.png d.png different", dropped: 1},
	"apn.csv": {text: "a,p,n\na.png,b.png,c.png\nb.png,a.png,d.png\n",
		refused: "L:1: no column \"left\" in the header (\"a\", \"p\", \"n\")\nthe columns seem to hold: \"a\" images, \"p\" images, \"n\" images; if so, add --columns anchor=a,positive=p,negative=n",
		columns: Columns{"anchor": "a", "negative": "n", "positive": "p"},
		want:    "a.png b.png c.png\nb.png a.png d.png"},
}

// TestNoLists: other files say what they are, and lists that lack what matters say what.
func TestNoLists(t *testing.T) {
	var book bytes.Buffer
	z := zip.NewWriter(&book)
	for _, name := range []string{"[Content_Types].xml", workbook} {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"lines of JSON": {`{"left":"a.png","right":"b.png","same":1}` + "\n", "this is JSON, not a list"},
		"JSON":          {"[\n  {\"left\": \"a.png\"}]\n", "this is JSON, not a list"},
		"HTML":          {"<table><tr><td>left</td></tr></table>\n", "this is HTML or XML, not a list: save the table as CSV"},
		"gzip":          {"\x1f\x8b\x08\x00\x00\x00\x00\x00", "this is a gzip file, not a list: unpack it first"},
		"XLS":           {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an Office document, not a list: save the sheet as CSV"},
		"XLSX":          {book.String(), "this is an Excel workbook, neither images nor a list: save the sheet as CSV"},
		"Parquet":       {"PAR1\x15\x04", "this is a Parquet file, not a list"},
		"SQLite":        {"SQLite format 3\x00", "this is a database, not a list"},
		"no label":      {"left,right\na.png,b.png\n", "none says which pairs are the same: add a column same, 1 or 0 in each row"},
		"scores": {"left,right,similarity\na.png,b.png,0.93\n", `"similarity" something else ("0.93"); none says which pairs are the same: ` +
			"add a column same, 1 or 0 in each row"},
		"unknown words":           {"left,right,same\na.png,b.png,maybe\nb.png,c.png,x\n", `same is "maybe" (2 rows like this); want 1, yes or same; or 0, no or different`},
		"a dash may be no answer": {"left,right,same\na.png,b.png,+\nb.png,c.png,-\n", `same is "+" (2 rows like this); want 1, yes or same; or 0, no or different`},
		// Where paths of another machine begin is what the first says; others are named.
		"two machines":  {"left,right,same\nC:/x/a.png,C:/x/b.png,1\nD:/y/c.png,C:/x/d.png,0\n", `path "D:/y/c.png" is absolute and does not lie in "."`},
		"two of a name": {"left,right,same\ntwo,a.png,1\n", `image "two" is not in "."`},
	} {
		t.Run(name, func(t *testing.T) {
			m := files("a.png", "b.png", "c.png", "d.png", "two.png", "two.jpg")
			m["list.csv"] = &fstest.MapFile{Data: []byte(c.text)}
			_, err := Open(Options{FS: m, Data: "list.csv"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v\nwant  %s", err, c.want)
			}
		})
	}
}

// TestFolderAbove: paths that begin with the name of the folder that they are read in are found; a file that
// is there as it is written stays.
func TestFolderAbove(t *testing.T) {
	m := files("photos/a.png", "photos/b.png", "photos/photos/c.png", "photos/c.png")
	m["list.csv"] = &fstest.MapFile{Data: []byte("left,right,same\nphotos/a.png,photos/b.png,1\nphotos/a.png,photos/c.png,0\n")}
	d, err := Open(Options{FS: m, Data: "list.csv", Images: "photos"})
	if err != nil {
		t.Fatal(err)
	}
	want := `paths are read without what they begin with, "photos/": those of 2 images`
	if got := rowsOf(d); got != "a.png b.png same\na.png photos/c.png different" || strings.Join(d.Notes, "\n") != want {
		t.Errorf("rows\n%s\nnotes %q, want %q", got, d.Notes, want)
	}
}
