package dataset

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// tarred returns a .tar of files that hold their names, with headers changed by change.
func tarred(t testing.TB, change func(*tar.Header), names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(name)), Mode: 0o644}
		if change != nil {
			change(h)
		}
		if h.Typeflag != tar.TypeReg {
			h.Size = 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pack returns a .tar of the given files, in pairs of name and content. A buffer takes all, so that it panics where a
// name cannot be written.
func pack(files ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		err := w.WriteHeader(&tar.Header{Name: files[i], Typeflag: tar.TypeReg, Size: int64(len(files[i+1])), Mode: 0o644})
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// samplesFS are shards with samples of classes 3 and 5.
func samplesFS() fstest.MapFS {
	return fstest.MapFS{
		"shards/train-000000.tar": {Data: pack("0001.jpg", "x", "0001.cls", "3", "0002.jpg", "x", "0002.cls", "5")},
		"shards/val-000000.tar":   {Data: pack("0003.jpg", "x", "0003.cls", "3")},
	}
}

// TestTar: a .tar of class folders reads as the folder, whatever its name and however its names are written.
func TestTar(t *testing.T) {
	long := "train/b/" + strings.Repeat("n", 150) + ".png" // needs a PAX record
	m := fstest.MapFS{"photos": {Data: tarred(t, nil, "./train/a/1.png", "./train/a/2.png", long, "./test/a/3.png")}}
	d := mustOpen(t, Options{FS: m, Data: "photos"})
	want := "test/a/3.png a test\ntrain/a/1.png a train\ntrain/a/2.png a train\n" + long + " b train"
	if got := describe(d); got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
	}
	for _, i := range d.Images {
		if got, err := fs.ReadFile(d.Root, i.Path); err != nil || strings.TrimPrefix(string(got), "./") != i.Path {
			t.Errorf("%s holds %q, error %v", i.Path, got, err)
		}
	}
	if err := fstest.TestFS(d.Root, "train/a/1.png", long); err != nil {
		t.Error(err)
	}
}

func TestTarErrors(t *testing.T) {
	of := func(kind byte) func(*tar.Header) {
		return func(h *tar.Header) { h.Typeflag, h.Linkname = kind, "/etc/passwd" }
	}
	whole := tarred(t, nil, "a/1.png", "b/1.png")
	huge := bytes.Clone(whole)
	copy(huge[124:], "77777777777\x00") // POSIX.1-1988: the size, in octal, and the checksum that leaves it out is made anew
	checksum(huge[:tarBlock])
	sparse := bytes.Clone(whole)
	sparse[156] = tar.TypeGNUSparse
	copy(sparse[tarMarkAt:], "ustar  \x00") // GNU's header
	checksum(sparse[:tarBlock])
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"..", tarred(t, nil, "a/1.png", "../evil.png"), `entry "../evil.png": name leads out of the archive ("..")`},
		{"absolute", tarred(t, nil, "/etc/x.png"), `entry "/etc/x.png": name is an absolute path`},
		{"backslash", tarred(t, nil, `a\1.png`), `name has a backslash`},
		{"long name", tarred(t, nil, strings.Repeat("a/", 3000)+"1.png"), `name has 6005 bytes, at most 4096 are read`},
		{"twice", tarred(t, nil, "a/1.png", "b/1.png", "./a/1.png"), `entry "a/1.png" is there twice`},
		{"file and folder", tarred(t, nil, "a", "a/1.png"), `entry "a" is a file and a folder`},
		{"link", tarred(t, of(tar.TypeSymlink), "a/1.png"), `entry "a/1.png": it is a link, to "/etc/passwd"`},
		{"hard link", tarred(t, of(tar.TypeLink), "a/1.png"), `it is a link, to "/etc/passwd"`},
		{"pipe", tarred(t, of(tar.TypeFifo), "a/1.png"), `neither a file nor a folder`},
		{"device", tarred(t, of(tar.TypeChar), "a/1.png"), `neither a file nor a folder`},
		{"sparse", sparse, `sparse`},
		{"larger than the .tar", huge, `the .tar is cut`},
		{"cut in a file", whole[:tarBlock+3], `the .tar is cut`},
		{"cut behind a file", whole[:2*tarBlock], `the .tar is cut: it has no end mark`},
		{"cut in a header", whole[:2*tarBlock+100], `the .tar cannot be read`},
		{"empty file", nil, `the .tar is cut: it has no end mark`},
		{"no .tar", []byte(strings.Repeat("x", 2000)), `the .tar cannot be read`},
		{"no images", tarred(t, nil, "readme.md"), `no images in class folders`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(Options{FS: fstest.MapFS{"x.tar": {Data: tt.data}}, Data: "x.tar"})
			if err == nil || !strings.HasPrefix(err.Error(), `data "x.tar": `) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// checksum writes the sum of a header into it: of all bytes, with spaces for the sum itself.
func checksum(header []byte) {
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// TestShards: a folder of archives is what is in all of them; the words of splits in their names count.
func TestShards(t *testing.T) {
	m := fstest.MapFS{
		"d/train-000000.tar": {Data: tarred(t, nil, "a/1.png", "b/1.png")},
		"d/train-000001.zip": {Data: zipped(t, "a/2.png")},
		"d/val-000000.tar":   {Data: tarred(t, nil, "a/1.png")},
		"d/README.md":        {Data: []byte("about")},
		"all/1.tar":          {Data: tarred(t, nil, "a/1.png", "b/1.png")},
		"all/2.tar":          {Data: tarred(t, nil, "a/2.png")},
		"again/1.tar":        {Data: tarred(t, nil, "a/1.png", "b/1.png")},
		"again/2.tar":        {Data: tarred(t, nil, "a/1.png")},
	}
	d := mustOpen(t, Options{FS: m, Data: "d"})
	want := "train/a/1.png a train\ntrain/a/2.png a train\ntrain/b/1.png b train\nval/a/1.png a val"
	if got := describe(d); got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
	}
	if err := fstest.TestFS(d.Root, "train/a/1.png", "val/a/1.png"); err != nil {
		t.Error(err)
	}
	if d = mustOpen(t, Options{FS: m, Data: "all"}); describe(d) != "a/1.png a\na/2.png a\nb/1.png b" {
		t.Errorf("images %q", describe(d))
	}
	want = `data "again": archive "2.tar": entry "a/1.png" is in "1.tar", too; give the files of all archives different names`
	if _, err := Open(Options{FS: m, Data: "again"}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	m["list/pairs.csv"] = &fstest.MapFile{Data: []byte("left,right,same\na/1.png,b/1.png,0\n")}
	m["list/x.tar"] = m["all/1.tar"]
	if _, err := Open(Options{FS: m, Data: "list/pairs.csv"}); err == nil || !strings.Contains(err.Error(), "with --images") {
		t.Errorf("archives beside a list: error %v, want one that names --images", err)
	}
	mustOpen(t, Options{FS: m, Data: "list/pairs.csv", Images: "all"})
}

// TestWebdataset reads samples with each kind of label.
func TestWebdataset(t *testing.T) {
	m := fstest.MapFS{
		"s/train-0.tar": {Data: pack("0001.jpg", "x", "0001.cls", "7\n", "0002.left.jpg", "x", "0002.right.jpg", "x", "0002.json", `{"label": 12, "url": "u"}`)},
		"s/train-1.tar": {Data: pack("0003.png", "x", "0003.txt", "7", "0004.jpg", "x")},
		"s/val-0.tar":   {Data: pack("0001.jpg", "x", "0001.json", `{"class": "7"}`)},
	}
	d := mustOpen(t, Options{FS: m, Data: "s"})
	want := "train/0001.jpg 7 train\ntrain/0002.left.jpg 12 train\ntrain/0002.right.jpg 12 train\ntrain/0003.png 7 train\nval/0001.jpg 7 val"
	if got := describe(d); got != want || d.Format != "webdataset" {
		t.Errorf("format %s, images\n%s\nwant\n%s", d.Format, got, want)
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "left out 1 image without a class") {
		t.Errorf("notes %q", notes)
	}
	for label, want := range map[string]string{
		`{"x": 1}`: `file "k.json": no field "class" or "label"`, `{`: `file "k.json": unexpected EOF`, `{"class": ["a"]}`: `no field "class"`,
	} {
		_, err := Open(Options{FS: fstest.MapFS{"x.tar": {Data: pack("k.jpg", "x", "k.json", label)}}, Data: "x.tar"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("label %s: error %v, want %s", label, err, want)
		}
	}
}

// FuzzTar: whatever a file holds, it is refused or read within its bytes.
func FuzzTar(f *testing.F) {
	f.Add(tarred(f, nil, "a/1.png", "b/1.png"))
	f.Add(tarred(f, func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeSymlink, "/" }, "a/1.png"))
	f.Add(pack("k.jpg", "x", "k.json", `{"class": 1}`, "l.jpg", "y", "l.cls", "2"))
	f.Add(tarred(f, nil, strings.Repeat("d/", 90)+"1.png"))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		for block := data; len(block) >= tarBlock; block = block[tarBlock:] { // else nearly all are refused for their checksums
			if block[0] != 0 {
				checksum(block[:tarBlock])
			}
		}
		d, err := Open(Options{FS: fstest.MapFS{"x.tar": {Data: data}}, Data: "x.tar"})
		if err != nil {
			return
		}
		for _, i := range d.Images {
			if !fs.ValidPath(i.Path) || i.Size > int64(len(data)) {
				t.Errorf("image %q of %d bytes in a .tar of %d", i.Path, i.Size, len(data))
			}
			if got, err := fs.ReadFile(d.Root, i.Path); err == nil && int64(len(got)) != i.Size {
				t.Errorf("image %q has %d bytes, want %d", i.Path, len(got), i.Size)
			}
		}
	})
}
