package copies

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// photo draws a picture of patches, another one for each seed.
func photo(seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 7))
	small := image.NewNRGBA(image.Rect(0, 0, 6, 6))
	for i := range 36 {
		v := r.IntN(256)
		small.SetNRGBA(i%6, i/6, color.NRGBA{uint8(v), uint8((v + r.IntN(60)) % 256), uint8(255 - v), 255})
	}
	return imaging.Resize(small, 120, 120, imaging.CatmullRom)
}

func jpegOf(t *testing.T, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder is pictures and what they are.
func folder(t *testing.T) (fstest.MapFS, *dataset.Dataset) {
	t.Helper()
	a, b := photo(1), photo(2)
	gray := image.NewGray(image.Rect(0, 0, 60, 60))
	files := fstest.MapFS{
		"a.png":      {Data: pngOf(t, a)},
		"a_again":    {Data: pngOf(t, a)},
		"a_pixels":   {Data: append(pngOf(t, a), "and more"...)},
		"a_jpeg.jpg": {Data: jpegOf(t, a, 70)},
		"a_half.jpg": {Data: jpegOf(t, imaging.Resize(a, 60, 60, imaging.Box), 90)},
		"a_crop.png": {Data: pngOf(t, imaging.Crop(a, image.Rect(12, 0, 120, 120)))},
		"b.png":      {Data: pngOf(t, b)},
		"plain.png":  {Data: pngOf(t, gray)},
		"text.png":   {Data: []byte("no picture")},
		"text2.png":  {Data: []byte("no picture")},
	}
	d := &dataset.Dataset{Name: "folder", Root: files}
	for name := range files {
		files[name].ModTime = time.Unix(1700000000, 0)
		d.Images = append(d.Images, dataset.Image{Path: name, Class: -1})
	}
	slices.SortFunc(d.Images, func(a, b dataset.Image) int { return strings.Compare(a.Path, b.Path) })
	return files, d
}

// TestFind: who is a copy of what, and how.
func TestFind(t *testing.T) {
	_, d := folder(t)
	prints, opened, err := Read(context.Background(), d, Options{})
	if err != nil || opened != len(d.Images) {
		t.Fatalf("opened %d of %d, %v", opened, len(d.Images), err)
	}
	for _, tt := range []struct {
		level Level
		want  map[string]Kind
	}{
		{Same, map[string]Kind{"a.png": "", "a_again": File, "a_pixels": Pixels, "a_jpeg.jpg": Reencoded, "a_half.jpg": Reencoded,
			"text.png": "", "text2.png": File}},
		{Alike, map[string]Kind{"a.png": "", "a_again": File, "a_pixels": Pixels, "a_jpeg.jpg": Reencoded, "a_half.jpg": Reencoded,
			"a_crop.png": Edited, "text.png": "", "text2.png": File}},
	} {
		got := map[string]Kind{}
		for _, g := range Find(prints, tt.level) {
			for _, m := range g {
				got[prints[m.Print].Path] = m.Kind
			}
		}
		for name, kind := range tt.want {
			// Which of the first four is the best, and so has no kind, is not what this is about.
			sure := name == "a_half.jpg" || name == "a_crop.png" || name == "text2.png"
			if k, ok := got[name]; !ok || sure && k != kind {
				t.Errorf("%s: %s is %q (%v), want %q", tt.level, name, k, ok, kind)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %d pictures in groups, want %d: %v", tt.level, len(got), len(tt.want), got)
		}
	}
	for i := range prints {
		if p := &prints[i]; p.Path == "a_jpeg.jpg" && (p.Facts.Format != "JPEG" || p.Facts.Mode != "colour" || p.Width != 120) {
			t.Errorf("facts of %s: %+v", p.Path, p.Facts)
		}
		if p := &prints[i]; (p.Fault != "") != strings.HasPrefix(p.Path, "text") {
			t.Errorf("fault of %s: %q", p.Path, p.Fault)
		}
	}
}

// TestCompareIsSymmetric over all pairs.
func TestCompareIsSymmetric(t *testing.T) {
	_, d := folder(t)
	prints, _, err := Read(context.Background(), d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range prints {
		for j := range prints {
			k1, d1, ok1 := Compare(&prints[i], &prints[j])
			k2, d2, ok2 := Compare(&prints[j], &prints[i])
			if k1 != k2 || d1 != d2 || ok1 != ok2 {
				t.Errorf("%s and %s: %s %d %v, and %s %d %v", prints[i].Path, prints[j].Path, k1, d1, ok1, k2, d2, ok2)
			}
		}
	}
}

// TestCache: what was read is not opened again, what changed is, and prints are the same.
func TestCache(t *testing.T) {
	files, d := folder(t)
	path := filepath.Join(t.TempDir(), "deep", "prints")
	read := func(want int) []Print {
		t.Helper()
		cache, note, err := OpenCache(path)
		if err != nil || note != "" {
			t.Fatalf("OpenCache: %q, %v", note, err)
		}
		prints, opened, err := Read(context.Background(), d, Options{Cache: cache})
		if err != nil || opened != want {
			t.Fatalf("opened %d, want %d; %v", opened, want, err)
		}
		return prints
	}
	first := read(len(d.Images))
	second := read(0)
	for i := range first {
		if first[i] != second[i] {
			t.Errorf("%s is remembered as\n%+v, was\n%+v", first[i].Path, second[i], first[i])
		}
	}
	files["b.png"].Data = files["a.png"].Data
	files["b.png"].ModTime = time.Unix(1700000001, 0)
	read(1)
}

// TestCacheDamaged: every byte and every end of the file counts; a file of somebody else is left alone.
func TestCacheDamaged(t *testing.T) {
	_, d := folder(t)
	d.Images = d.Images[:2]
	path := filepath.Join(t.TempDir(), "prints")
	cache, _, err := OpenCache(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(context.Background(), d, Options{Cache: cache}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, note, err := OpenCache(path)
		if at < len(magic) {
			if err == nil {
				t.Errorf("%s at %d: taken for a cache", what, at)
			}
			return
		}
		if err != nil || note == "" || len(c.prints) != 0 {
			t.Errorf("%s at %d: note %q, %v", what, at, note, err)
		}
	}
	for at := 0; at < len(whole); at += 13 {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		try("flip", at, flipped)
		try("cut", at, whole[:at])
	}
}

// full is a file system of a process that has as many files open as it may.
type full struct{ fstest.MapFS }

func (full) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
}

// TestExhausted: where no more files may be open no picture is one that cannot be read.
func TestExhausted(t *testing.T) {
	files, d := folder(t)
	d.Root = full{files}
	if prints, _, err := Read(t.Context(), d, Options{}); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Read = %v, %v, want EMFILE", prints, err)
	}
}
