package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/internal/named"
)

// formatCase is data of one format that the suite opens: tiny, and with something
// wrong in it.
type formatCase struct {
	data   fstest.MapFS
	path   string
	broken map[string]string // added or replaced file → what the error must say; nil: cannot be
	images string
	pairs  string
	only   bool // recognised where only images are wanted
}

var formatCases = map[string]formatCase{
	"folders": {
		data: files("train/b/2.png", "train/a/1.png", "test/a/3.png"), path: ".",
		images: "test/a/3.png a test\ntrain/a/1.png a train\ntrain/b/2.png b train",
	},
	"cars": {
		data: carsFS(), path: ".",
		images: carsImages(),
	},
	"cub": {
		data: cubFS(), path: ".",
		images: "images/001.Albatross/a.jpg 001.Albatross train\nimages/100.Gull/b.jpg 100.Gull train\n" +
			"images/101.Tern/c.jpg 101.Tern test\nimages/101.Tern/d.jpg 101.Tern test",
	},
	"inshop": {
		data: inshopFS(), path: ".",
		images: "img/a/1.jpg id_1 train\nimg/a/2.jpg id_1 train\nimg/b/1.jpg id_2 test\nimg/b/2.jpg id_2 test\nimg/c/1.jpg id_3 test",
	},
	"lfw": {
		data: lfwFS("1\t1\nAda_L\t1\t2\nAda_L\t2\tBo\t1\n"), path: ".",
		images: "lfw/Ada_L/Ada_L_0001.jpg - test\nlfw/Ada_L/Ada_L_0002.jpg - test\nlfw/Bo/Bo_0001.jpg - test",
		pairs: "lfw/Ada_L/Ada_L_0001.jpg lfw/Ada_L/Ada_L_0002.jpg same test\n" +
			"lfw/Ada_L/Ada_L_0002.jpg lfw/Bo/Bo_0001.jpg different test",
	},
	"sop": {
		data: sopFS(), path: ".",
		images: "bicycle_final/1_0.JPG 00001.bicycle_final train\nbicycle_final/1_1.JPG 00001.bicycle_final train\n" +
			"sofa_final/2_0.JPG 11319.sofa_final test\nsofa_final/3_0.JPG 11320.sofa_final test",
	},
	"images": {
		data: listFS("class,image\nx,c.png\nx,a.png\ny,c.png\n"), path: "l.csv", only: true,
		images: "c.png -\na.png -",
		broken: map[string]string{
			"image\na.png\ngone.png\n":    `l.csv:3: image "gone.png" is not in "."`,
			"image\na.png\nb.png,c.png\n": "l.csv:3: 2 fields, want 1",
		},
	},
	"image-label": {
		data:   listFS("image,label_image,class,split\nb.png,a.png,x,train\nd.png,c.png,y,test\n"),
		path:   "l.csv",
		images: "a.png x\nb.png x train\nc.png y\nd.png y test",
		broken: map[string]string{
			"image,label_image\na.png,b.png\nc.png,gone.png\n": "l.csv:3: " +
				`label_image: image "gone.png" is not in "."`,
			"image,label_image\na.png,b.png\n\na.png,c.png\n": "l.csv:4: " +
				`image "a.png" has the label image "c.png" here`,
		},
	},
	"labels": {
		data: listFS("image,class,split\nc.png,y,train\na.png,x,test\na.png,x,test\nb.png,x,train\n"), path: "l.csv",
		images: "a.png x test\nb.png x train\nc.png y train",
		broken: map[string]string{
			"image,class\na.png,x\ngone.png,y\n": `l.csv:3: image "gone.png" is not in "."`,
			"image,class\na.png,x\n\na.png,y\n":  `l.csv:4: image "a.png" is of class "y" here and of "x" in line 2`,
			"image,class\na.png,x\nb.png,\n":     `l.csv:3: class is empty`,
		},
	},
	"pairs": {
		data: listFS("left,right,same,split\nb.png,a.png,1,train\nc.png,a.png,0,test\n"), path: "l.csv",
		images: "a.png - test\nb.png - train\nc.png - test",
		pairs:  "b.png a.png same train\nc.png a.png different test",
		broken: map[string]string{
			"left,right,same\na.png,b.png,1\na.png,gone.png,0\n": "l.csv:3: " +
				`image "gone.png" is not in "."`,
			"left,right,same\na.png,b.png,1\n\na.png,c.png,x\n": `l.csv:4: same is "x"`,
		},
	},
	"triplets": {
		data: listFS("anchor,positive,negative,split\nb.png,a.png,c.png,train\n"), path: "l.csv",
		images: "a.png - train\nb.png - train\nc.png - train",
		pairs:  "b.png a.png same train\nb.png c.png different train",
		broken: map[string]string{
			"anchor,positive,negative\na.png,b.png,gone.png\n": "l.csv:2: " +
				`image "gone.png" is not in "."`,
			"anchor,positive,negative\na.png,b.png,c.png\n\na.png,a.png,c.png\n": "l.csv:4: " +
				`the positive is its anchor`,
		},
	},
	"webdataset": {
		data: samplesFS(), path: "shards",
		images: "train/0001.jpg 3 train\ntrain/0002.jpg 5 train\nval/0003.jpg 3 val",
	},
	"runs": {
		data: runFS("run1/test/a.png run1/training/y.png\n\nrun1/test/b.png run1/training/x.png\n"),
		path: ".",
		images: "run1/test/a.png - test\nrun1/training/y.png - test\n" +
			"run1/test/b.png - test\nrun1/training/x.png - test",
	},
}

func listFS(text string) fstest.MapFS {
	m := files("a.png", "b.png", "c.png", "d.png")
	m["l.csv"] = &fstest.MapFile{Data: []byte(text)}
	return m
}

// TestFormats is the suite of Table: each format is recognised, gives images in
// order with their labels, and a list names missing files and bad rows by line.
func TestFormats(t *testing.T) {
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			c, ok := formatCases[name]
			if !ok {
				t.Fatalf("format %q has no case in the suite", name)
			}
			for _, format := range []string{"", name} {
				d := mustOpen(t, Options{FS: c.data, Data: c.path, Format: format, ImagesOnly: c.only})
				if d.Format != name {
					t.Errorf("format %q, want %q", d.Format, name)
				}
				if got := describe(d); got != c.images {
					t.Errorf("images\n%s\nwant\n%s", got, c.images)
				}
				if got := describePairs(d); got != c.pairs {
					t.Errorf("pairs\n%s\nwant\n%s", got, c.pairs)
				}
			}
			for text, want := range c.broken {
				_, err := Open(Options{FS: listFS(text), Data: c.path, Format: name})
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %s", err, want)
				}
			}
			format, err := Table.New(&named.Choice{Name: name})
			if err != nil || format.roles != nil && len(c.broken) < 2 {
				t.Errorf("a list format needs a missing file and a bad row (%v)", err)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	m := files("d/a/1.png", "d/b/1.png", "x.png")
	m["l.csv"] = &fstest.MapFile{Data: []byte("left,right,same\nd/a/1.png,x.png,1\n")}
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"nothing", Options{}, `no data is named: want a folder, a .zip, a .tar or a list`},
		{"not there", Options{Data: "gone"}, `data "gone": file does not exist`},
		{"unknown format", Options{Data: "d", Format: "foldrs"},
			`unknown format "foldrs" (known: cars, cub, folders, image-label, images, inshop, labels, lfw, pairs, runs, sop, triplets, webdataset); did you mean folders?`},
		{"unknown format of a list", Options{Data: "l.csv", Format: "pair"},
			`unknown format "pair" (known: cars, cub, folders, image-label, images, inshop, labels, lfw, pairs, runs, sop, triplets, webdataset); did you mean pairs?`},
		{"list as folders", Options{Data: "l.csv", Format: "folders"},
			`format "folders" is for folders and archives; data "l.csv" is a list`},
		{"folder as pairs", Options{Data: "d", Format: "pairs"},
			`format "pairs" is for lists; data "d" is a folder or an archive`},
		{"images of a folder", Options{Data: "d", Images: "d"},
			`images "d" are named beside data "d", which is no list but holds its own images`},
		{"columns of a folder", Options{Data: "d", Columns: Columns{"left": "a"}},
			`columns are named, but data "d" is no list`},
		{"images not there", Options{Data: "l.csv", Images: "gone"},
			`images "gone": file does not exist`},
		{"images is a file", Options{Data: "l.csv", Images: "x.png"},
			`images "x.png": neither a folder nor an archive (.zip, .tar)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.FS = m
			if _, err := Open(tt.o); err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
	_, err := Open(Options{Data: filepath.Join(t.TempDir(), "gone")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
}

// TestOpenPaths: a list's paths are relative to its folder, or to Images.
func TestOpenPaths(t *testing.T) {
	root := t.TempDir()
	write(t, root, "lists/l.csv", "left,right,same\na.png,b.png,1\n")
	write(t, root, "lists/a.png", "a")
	write(t, root, "lists/b.png", "b")
	write(t, root, "other/a.png", "other a")
	write(t, root, "other/b.png", "other b")
	for images, want := range map[string]string{"": "a", filepath.Join(root, "other"): "other a"} {
		d := mustOpen(t, Options{Data: filepath.Join(root, "lists", "l.csv"), Images: images})
		if d.Name != "l.csv" {
			t.Errorf("name %q, want l.csv", d.Name)
		}
		got, err := fs.ReadFile(d.Root, d.Images[0].Path)
		if err != nil || string(got) != want {
			t.Errorf("image of root %q is %q (%v), want %q", images, got, err, want)
		}
	}
}

func TestCheckPairs(t *testing.T) {
	tests := []struct {
		name string
		data fstest.MapFS
		path string
		want string
	}{
		{"folders", files("a/1.png", "a/2.png", "b/1.png"), ".", ""},
		{"one image each", files("a/1.png", "b/1.png", "c/1.png"), ".",
			`data ".": each of the 3 classes has one image; pairs need a class with at least 2`},
		{"one class in train", files("train/a/1.png", "train/a/2.png", "test/b/1.png"), ".",
			`data ".": split "train": 2 images, all of one class; pairs need at least 2 classes`},
		{"list", listFS("left,right,same\na.png,b.png,1\na.png,c.png,0\n"), "l.csv", ""},
		{"all same", listFS("left,right,same\na.png,b.png,1\nb.png,c.png,1\n"), "l.csv",
			`data "l.csv": 2 pairs, all same; training needs different ones, too`},
		{"all different in train",
			listFS("left,right,same,split\na.png,b.png,0,train\nb.png,c.png,1,test\n"), "l.csv",
			`data "l.csv": split "train": 1 pair, all different; training needs same ones, too`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustOpen(t, Options{FS: tt.data, Data: tt.path})
			got := ""
			if err := d.CheckPairs(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("CheckPairs: %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestIn: of a list, the pairs say which images are in a split.
func TestIn(t *testing.T) {
	d := mustOpen(t, Options{Data: "l.csv", FS: listFS("left,right,same,split\n" +
		"c.png,a.png,1,train\na.png,b.png,0,test\n")})
	for split, want := range map[Split]string{
		Train: "train [0 2] 1", Test: "test [0 1] 1", Val: "val [] 0", Unsplit: " [0 1 2] 2",
	} {
		p := d.In(split)
		if got := fmt.Sprint(p.Split, " ", p.Images, p.Pairs.Len()); got != want {
			t.Errorf("In(%q) = %s, want %s", split, got, want)
		}
	}
}

func TestWithout(t *testing.T) {
	d := mustOpen(t, Options{Data: "l.csv", FS: listFS("left,right,same\n" +
		"c.png,b.png,1\na.png,b.png,0\nc.png,a.png,0\n")})
	c := d.Without([]int32{1})
	want := "a.png -\nc.png -|c.png a.png different"
	if got := describe(c) + "|" + describePairs(c); got != want {
		t.Errorf("Without(b.png) = %s, want %s", got, want)
	}
	if len(d.Images) != 3 || len(d.Pairs) != 3 || d.Fingerprint() == c.Fingerprint() {
		t.Error("Without changed the data it copies, or not the copy")
	}
	p := d.All().Without(map[int32]bool{2: true})
	if got := fmt.Sprint(p.Images, p.Pairs.Len()); got != "[0 1] 1" {
		t.Errorf("part without c.png: %s, want [0 1] 1", got)
	}
	d = mustOpen(t, Options{Data: ".", FS: files("a/1.png", "b/1.png", "b/2.png")})
	if got, want := describe(d.Without([]int32{0})), "b/1.png b\nb/2.png b"; got != want {
		t.Errorf("Without(a/1.png) = %s, want %s", got, want)
	}
	if got := fmt.Sprint(d.All().Without(map[int32]bool{1: true}).Images); got != "[0 2]" {
		t.Errorf("part without b/1.png: %s, want [0 2]", got)
	}
}

// TestFingerprint: it depends on what was read and not on where from.
func TestFingerprint(t *testing.T) {
	base := files("a/1.png", "a/2.png", "b/1.png")
	root := t.TempDir()
	for name := range base {
		write(t, root, name, name)
	}
	of := func(o Options) string { return mustOpen(t, o).Fingerprint() }
	want := of(Options{FS: base, Data: "."})
	if !strings.HasPrefix(want, "sha256:") || len(want) != len("sha256:")+64 {
		t.Errorf("fingerprint %s", want)
	}
	if got := of(Options{Data: root}); got != want {
		t.Errorf("in a folder %s, in memory %s", got, want)
	}
	for name, change := range map[string]fstest.MapFS{
		"another image": files("a/1.png", "a/2.png", "b/1.png", "b/2.png"),
		"another name":  files("a/1.png", "a/3.png", "b/1.png"),
		"a split":       files("train/a/1.png", "train/a/2.png", "train/b/1.png"),
		"another size":  {"a/1.png": {}, "a/2.png": base["a/2.png"], "b/1.png": base["b/1.png"]},
	} {
		if of(Options{FS: change, Data: "."}) == want {
			t.Errorf("%s leaves the fingerprint", name)
		}
	}
}

// TestSharedData opens the real sets. The numbers are those of their README, or
// counted with find and unzip; class Brown-Cap-Mushroom lies at different depths in
// grocery's train and test, so its folders are two of 82 classes.
func TestSharedData(t *testing.T) {
	tests := []struct{ data, images, summary, note string }{
		{"grocery", "", "grocery: 5421 images in 82 classes; train 2640 images in 81 classes, " +
			"val 296 images in 60 classes, test 2485 images in 81 classes",
			`left out 1 folder beside the splits: "iconic-images-and-descriptions"`},
		{"mnist/mnist-small.zip", "", "mnist-small.zip: 7000 images in 10 classes; " +
			"train 6000 images in 10 classes, test 1000 images in 10 classes", ""},
		{"omniglot/images_background_small1.zip", "",
			"images_background_small1.zip: 2720 images in 136 classes", ""},
		// 5,000 rows, of which sort -u finds 69 to repeat a pair
		{"mnist/test_pairs.csv", "mnist/mnist-small.zip",
			"test_pairs.csv: 5000 pairs (2500 same) of 1000 images",
			"69 rows repeat a pair, first in line 210: training draws it again, measures count it once"},
	}
	for _, tt := range tests {
		t.Run(tt.data, func(t *testing.T) {
			o := Options{Data: dataDir(t, tt.data)}
			if tt.images != "" {
				o.Images = dataDir(t, tt.images)
			}
			d := mustOpen(t, o)
			if got := d.Summary(); got != tt.summary {
				t.Errorf("%s\nwant %s", got, tt.summary)
			}
			if tt.note != "" && (len(d.Notes) == 0 || d.Notes[0] != tt.note) {
				t.Errorf("notes %q, want first %q", d.Notes, tt.note)
			}
		})
	}
}

// BenchmarkOpenMNIST opens an archive of 7,000 images.
func BenchmarkOpenMNIST(b *testing.B) {
	path := dataDir(b, "mnist/mnist-small.zip")
	for b.Loop() {
		d, err := Open(Options{Data: path})
		if err != nil {
			b.Fatal(err)
		}
		_ = d.Close()
	}
}

// BenchmarkReadMNIST reads its images, all goroutines at once.
func BenchmarkReadMNIST(b *testing.B) {
	d := mustOpen(b, Options{Data: dataDir(b, "mnist/mnist-small.zip")})
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := fs.ReadFile(d.Root, d.Images[i%len(d.Images)].Path); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
