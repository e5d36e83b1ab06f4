package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFolders(t *testing.T) {
	tests := []struct {
		name  string
		files fstest.MapFS
		want  string // images: path, class, split
		notes string // one a line
	}{
		{"classes", files("cat/2.jpg", "cat/1.PNG", "ant/x.webp", "ant/y.bmp", "ant/z.gif", "ant/w.JPEG"),
			"ant/w.JPEG ant\nant/x.webp ant\nant/y.bmp ant\nant/z.gif ant\n" +
				"cat/1.PNG cat\ncat/2.jpg cat", ""},
		{"nested classes", files("Fruit/Apple/Pink-Lady/1.jpg", "Fruit/Apple/1.jpg", "Milk/1.jpg"),
			"Fruit/Apple/1.jpg Fruit/Apple\nFruit/Apple/Pink-Lady/1.jpg Fruit/Apple/Pink-Lady\n" +
				"Milk/1.jpg Milk", ""},
		{"splits", files("train/a/1.png", "train/b/1.png", "validation/a/2.png", "test/b/3.png"),
			"test/b/3.png b test\ntrain/a/1.png a train\ntrain/b/1.png b train\n" +
				"validation/a/2.png a val", ""},
		{"splits in capitals", files("Train/a/1.png", "Train/b/1.png", "TEST/a/2.png"),
			"TEST/a/2.png a test\nTrain/a/1.png a train\nTrain/b/1.png b train", ""},
		{"only test", files("test/a/1.png", "test/b/1.png"),
			"test/a/1.png a test\ntest/b/1.png b test", ""},
		{"others beside splits",
			files("train/a/1.png", "train/b/1.png", "iconic/a/1.png", "raw/x.png", "loose.png"),
			"train/a/1.png a train\ntrain/b/1.png b train",
			"left out 2 folders beside the splits: \"iconic\", \"raw\"\n" +
				"left out 1 image outside class folders, first \"loose.png\""},
		{"split name among classes", files("test/1.png", "b/1.png"), "b/1.png b\ntest/1.png test",
			`folder "test" is taken for a class: there is no "train" beside it`},
		{"image in a split without a class", files("train/x.png", "train/a/1.png", "train/b/1.png"),
			"train/a/1.png a train\ntrain/b/1.png b train",
			`left out 1 image outside class folders, first "train/x.png"`},
		{"unseen class", files("train/a/1.png", "train/b/1.png", "test/c/1.png", "test/a/2.png"),
			"test/a/2.png a test\ntest/c/1.png c test\ntrain/a/1.png a train\ntrain/b/1.png b train",
			`1 class of val or test not in train: "c"`},
		{"one folder around classes", files("photos/all/a/1.png", "photos/all/b/1.png"),
			"photos/all/a/1.png a\nphotos/all/b/1.png b", ""},
		{"one folder around splits", files("mnist/train/0/1.png", "mnist/train/1/1.png", "mnist/README"),
			"mnist/train/0/1.png 0 train\nmnist/train/1/1.png 1 train",
			"left out 1 file without an image's extension: none"},
		{"left out", files("a/1.png", "b/1.png", "a/.DS_Store", ".git/x/1.png", "__MACOSX/a/1.png",
			"a/1.txt", "labels.csv", "b/2.TXT"),
			"a/1.png a\nb/1.png b",
			"left out 3 files without an image's extension: .csv, .txt\n" +
				"left out 3 names that begin with a dot or hold archive data of macOS"},
		{"one image per class", files("a/1.png", "b/1.png"), "a/1.png a\nb/1.png b", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustOpen(t, Options{FS: tt.files, Data: "."})
			if got := describe(d); got != tt.want {
				t.Errorf("images\n%s\nwant\n%s", got, tt.want)
			}
			if got := strings.Join(d.Notes, "\n"); got != tt.notes {
				t.Errorf("notes\n%s\nwant\n%s", got, tt.notes)
			}
			for _, i := range d.Images {
				if i.Size != int64(len(i.Path)) { // files writes the path
					t.Errorf("size of %s = %d, want %d", i.Path, i.Size, len(i.Path))
				}
			}
		})
	}
}

func TestFoldersErrors(t *testing.T) {
	tests := []struct {
		name  string
		files fs.FS
		want  string
	}{
		{"empty", fstest.MapFS{}, `data ".": no images in class folders`},
		{"nothing but other files", files("a/1.txt", "readme.md"), `data ".": no images in class ` +
			`folders; left out 2 files without an image's extension: .md, .txt`},
		{"no class folders", files("1.png", "2.png"),
			`data ".": no images in class folders; left out 2 images outside class folders, first "1.png"`},
		{"one class", files("a/1.png", "a/2.png"),
			`data ".": one class, "a", with 2 images; want at least 2 class folders`},
		{"a split twice", files("train/a/1.png", "val/a/1.png", "validation/a/1.png"),
			`data ".": folders "val" and "validation" are the same split, val; keep one`},
		{"unreadable", sealed{files("a/1.png", "b/1.png")},
			`data ".": folder "b": permission denied`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(Options{FS: tt.files, Data: "."})
			if err == nil || err.Error() != tt.want {
				t.Fatalf("error %v\nwant  %v", err, tt.want)
			}
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Errorf("error is a %T, want an *Error", err)
			}
		})
	}
}

// sealed refuses to read folder b.
type sealed struct{ fstest.MapFS }

func (s sealed) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "b" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.ReadDir(name)
}

func (s sealed) Sub(string) (fs.FS, error) { return s, nil }

// TestFoldersLinks: links to files and folders are followed, a loop is refused.
func TestFoldersLinks(t *testing.T) {
	root := t.TempDir()
	write(t, root, "data/a/1.png", "1")
	write(t, root, "elsewhere/2.png", "22")
	link(t, "../../elsewhere/2.png", filepath.Join(root, "data/a/2.png"))
	link(t, "../elsewhere", filepath.Join(root, "data/b"))
	link(t, "nowhere", filepath.Join(root, "data/a/note.txt"))
	d := mustOpen(t, Options{Data: filepath.Join(root, "data")})
	if got, want := describe(d), "a/1.png a\na/2.png a\nb/2.png b"; got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
	}
	if d.Images[1].Size != 2 {
		t.Errorf("size behind a link = %d, want 2", d.Images[1].Size)
	}
	link(t, "..", filepath.Join(root, "data/a/loop"))
	if _, err := Open(Options{Data: filepath.Join(root, "data")}); err == nil ||
		!strings.Contains(err.Error(), `"a/loop": link to ".", a folder around it`) {
		t.Errorf("error %v, want one about a/loop", err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("symbolic links: %v", err)
	}
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
