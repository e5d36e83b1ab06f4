package dataset

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
				"left out 3 names that programs made or a dot hides: \".DS_Store\" (1), \".git\" (1), \"__MACOSX\" (1)"},
		{"machine-made folders that hold images", files("a/1.png", "b/1.png", "a/@eaDir/1.png/SYNOPHOTO_THUMB_S.png",
			"#recycle/1.png", "a/._1.png", "$RECYCLE.BIN/x/1.png", "b/.ipynb_checkpoints/1-checkpoint.png",
			"lost+found/1.png", "b/.thumbnails/1.png", "a/Thumbs.db", "Desktop.ini", "b/SYNOPHOTO_THUMB_M.jpg"),
			"a/1.png a\nb/1.png b",
			"left out 10 names that programs made or a dot hides: \"#recycle\" (1), \"$RECYCLE.BIN\" (1), " +
				"\"._*\" (1), \".ipynb_checkpoints\" (1), \".thumbnails\" (1), \"@eaDir\" (1), " +
				"\"Desktop.ini\" (1), \"SYNO*_THUMB_*\" (1) and 2 more"},
		{"Training and Testing", files("Training/a/1.png", "Training/b/1.png", "Testing/a/2.png", "Valid/b/2.png"),
			"Testing/a/2.png a test\nTraining/a/1.png a train\nTraining/b/1.png b train\nValid/b/2.png b val", ""},
		{"dev", files("TRAIN/a/1.png", "TRAIN/b/1.png", "dev/a/2.png"),
			"TRAIN/a/1.png a train\nTRAIN/b/1.png b train\ndev/a/2.png a val", ""},
		{"guessed splits", files("seg_train/seg_train/a/1.png", "seg_train/seg_train/b/1.png",
			"seg_test/seg_test/a/1.png", "seg_pred/1.png"),
			"seg_test/seg_test/a/1.png a test\nseg_train/seg_train/a/1.png a train\n" +
				"seg_train/seg_train/b/1.png b train",
			"folder \"seg_test\" is taken for the split test by its name; --splits none makes it a class\n" +
				"folder \"seg_train\" is taken for the split train by its name; --splits none makes it a class\n" +
				"left out 1 folder beside the splits: \"seg_pred\""},
		{"guess beside a usual name", files("train/a/1.png", "train/b/1.png", "TestImages/a/1.png"),
			"TestImages/a/1.png a test\ntrain/a/1.png a train\ntrain/b/1.png b train",
			"folder \"TestImages\" is taken for the split test by its name; --splits none makes it a class"},
		{"trains are classes", files("steam_train/1.png", "crash_test/1.png"),
			"crash_test/1.png crash_test\nsteam_train/1.png steam_train", ""},
		{"train among vehicles", files("train/1.png", "bus/1.png", "car/1.png"),
			"bus/1.png bus\ncar/1.png car\ntrain/1.png train",
			`folder "train" is taken for a class: it holds images and no class folders`},
		{"splits below classes", files("cat/train/1.png", "cat/test/2.png", "dog/train/1.png", "dog/Val/3.png"),
			"cat/test/2.png cat test\ncat/train/1.png cat train\ndog/Val/3.png dog val\ndog/train/1.png dog train",
			"the folders train, val and test inside class folders are splits"},
		{"accents", files("train/caf\u00e9/1.png", "train/b/1.png", "test/cafe\u0301/2.png"),
			"test/cafe\u0301/2.png caf\u00e9 test\ntrain/b/1.png b train\ntrain/caf\u00e9/1.png caf\u00e9 train", ""},
		{"accents in one folder", files("caf\u00e9/1.png", "cafe\u0301/1.png", "b/1.png"),
			"b/1.png b\ncafe\u0301/1.png caf\u00e9\ncaf\u00e9/1.png caf\u00e9",
			`folders that differ only in how accents are written are one class: "cafe\u0301" and "caf\u00e9"`},
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

// TestOneClass: a folder of one class is data where that is asked for, and no data to train on.
func TestOneClass(t *testing.T) {
	d := mustOpen(t, Options{FS: files("june/kiwi/1.png", "june/kiwi/2.png"), Data: "june", OneClass: true})
	if got, want := describe(d), "kiwi/1.png kiwi\nkiwi/2.png kiwi"; got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
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
			`data ".": no images in class folders; left out 2 images outside class folders, first "1.png"; ` +
				"the folder of an image is its class: make a folder of the images of each class in the data, " +
				"or, if the data is one class, name the folder above it"},
		{"one class", files("a/1.png", "a/2.png"),
			`data ".": one class, "a", with 2 images; want at least 2 class folders`},
		{"a split twice", files("train/a/1.png", "val/a/1.png", "validation/a/1.png"),
			`data ".": folders "val" and "validation" are the same split, val; keep one, or name ` +
				`all splits with --splits train=FOLDER,val=FOLDER,test=FOLDER`},
		{"the same folders twice", files("first/a/1.png", "first/b/1.png", "second/a/1.png", "second/b/1.png"),
			`data ".": the folders "first", "second" hold folders of the same names ("a", "b"): are they splits, ` +
				`or classes? Say so with --splits train=first,test=second, or with --splits none`},
		{"too deep", deep{}, `data ".": folder "` + strings.Repeat("d/", 64) + `d": more than 64 folders inside each other`},
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

// TestSplitFolders: a user's word goes before names.
func TestSplitFolders(t *testing.T) {
	data := files("first/a/1.png", "first/b/1.png", "second/a/1.png", "second/b/1.png", "test/a/1.png")
	for text, want := range map[string]string{
		"train=first,test=second": "first/a/1.png a train\nfirst/b/1.png b train\n" +
			"second/a/1.png a test\nsecond/b/1.png b test",
		"none": "first/a/1.png first/a\nfirst/b/1.png first/b\nsecond/a/1.png second/a\n" +
			"second/b/1.png second/b\ntest/a/1.png test/a",
	} {
		splits, err := ParseSplitFolders(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(mustOpen(t, Options{FS: data, Data: ".", Splits: splits})); got != want {
			t.Errorf("%s: images\n%s\nwant\n%s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"train=third": `splits name the folder "third", which is not at the top of the data ` +
			`(it has: "first", "second", "test")`,
		"train=first,val=first": `splits name the folder "first" as train and as val`,
		"train":                 `splits "train": "train" is not SPLIT=FOLDER with the split train, val or test; none stands for no splits`,
		"trn=first":             `splits "trn=first": "trn=first" is not SPLIT=FOLDER with the split train, val or test; none stands for no splits`,
		"val=first,dev=second":  `splits "val=first,dev=second": val is given twice`,
	} {
		splits, err := ParseSplitFolders(text)
		if err == nil {
			_, err = Open(Options{FS: data, Data: ".", Splits: splits})
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: error %v\nwant %s", text, err, want)
		}
	}
}

// deep is a folder that holds itself, as through a mount.
type deep struct{}

func (deep) Open(name string) (fs.File, error) {
	return fstest.MapFS{name: {Mode: fs.ModeDir}}.Open(name)
}

func (deep) ReadDir(string) ([]fs.DirEntry, error) {
	return fstest.MapFS{"d/1.txt": {}}.ReadDir(".")
}

func (d deep) Sub(string) (fs.FS, error) { return d, nil }

// TestFolderCount: links that lead to the same folders again and again end.
func TestFolderCount(t *testing.T) {
	w := newWalker(files("a/1.png", "b/1.png"))
	w.left = 2
	if err := w.everywhere("."); err == nil || err.Error() !=
		`folder "b": more than 1000000 folders; is a folder linked to again and again?` {
		t.Errorf("error %v, want one about the count", err)
	}
}

// TestNoFiles: pipes, sockets and devices are never opened: that could wait for ever.
func TestNoFiles(t *testing.T) {
	root := t.TempDir()
	write(t, root, "data/a/1.png", "1")
	write(t, root, "data/b/1.png", "1")
	write(t, root, "l.csv", "left,right,same\na/1.png,p.png,1\n")
	write(t, root, "photos.csv", "image,label_image\na/1.png,b/1.png\n")
	pipe := filepath.Join(root, "data/p.png")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("named pipes: %v", err)
	}
	listener, err := net.Listen("unix", filepath.Join(root, "data/a/s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	link(t, "../p.png", filepath.Join(root, "data/b/2.png"))
	link(t, "self", filepath.Join(root, "data/b/self"))
	data := filepath.Join(root, "data")
	d := mustOpen(t, Options{Data: data})
	if got, want := describe(d), "a/1.png a\nb/1.png b"; got != want {
		t.Errorf("images\n%s\nwant\n%s", got, want)
	}
	if got, want := strings.Join(d.Notes, "\n"), `left out 4 names that cannot be read as a picture or folder: "p.png" (a named pipe), `+
		`"a/s" (a socket), "b/2.png" (a named pipe), "b/self" (a link that leads nowhere)`; got != want {
		t.Errorf("notes\n%s\nwant\n%s", got, want)
	}
	list := filepath.Join(root, "l.csv")
	for _, o := range []Options{{Data: pipe}, {Data: os.DevNull}, {Data: list, Images: pipe}, {Data: list, Images: data},
		{Data: filepath.Join(data, "b/2.png"), ImagesOnly: true},
		{Data: filepath.Join(root, "photos.csv"), Val: pipe, Images: data}} {
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "a named pipe") &&
			!strings.Contains(err.Error(), "a device") {
			t.Errorf("%+v: error %v, want one that names what it is", o, err)
		}
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

// TestFoldersLinks: links to files and folders are followed, one that leads back is left out, and so
// is a name that no list could hold.
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
	write(t, root, "data/b/caf\xe9.png", "333")
	again := mustOpen(t, Options{Data: filepath.Join(root, "data")})
	if got, want := describe(again), describe(d); got != want {
		t.Errorf("images with a loop\n%s\nwant\n%s", got, want)
	}
	if got, want := strings.Join(again.Notes, "\n"), `left out 3 names that cannot be read as a picture or folder: `+
		`"a/loop" (a link to ".", which it is in), "a/note.txt" (a link that leads nowhere), "b/caf\xe9.png" (a name that is not UTF-8)`; !strings.Contains(got, want) {
		t.Errorf("notes\n%s\nwant\n%s", got, want)
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
