package inference_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/phash"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/inference"
)

// twice writes a picture of the folder under another name, too, and returns its content.
func twice(t *testing.T, folder, picture, again string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(picture)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(again)), file, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRepeats: of images that are searched among themselves a file is measured once, under
// whatever names, also by a model that remembers nothing.
func TestRepeats(t *testing.T) {
	folder := drawn(t)
	twice(t, folder, "test/arrow/000.png", "test/arrow/again.png")
	data := dataOf(t, folder)
	report, _, err := opened(t, runOf(t)).Evaluate(t.Context(), evaluate.Config{Data: data, Part: data.In(dataset.Test)},
		inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if e := report.Exposure; report.Images != 4 || e.Images != 4 || e.Repeats != 1 || e.GalleryShared != 0 || e.Known {
		t.Errorf("%d images measured, exposure %+v; want 4, and 1 repeat of 5", report.Images, e)
	}
}

// TestSharedGallery: a gallery is searched without the files that ask, and the caller's stays; where
// nothing else can be found, the error says why.
func TestSharedGallery(t *testing.T) {
	folder := drawn(t)
	twice(t, folder, "test/arrow/000.png", "train/arrow/again.png")
	data, m := dataOf(t, folder), opened(t, runOf(t))
	gallery := evaluate.Source{Data: data, Part: data.In(dataset.Train)}
	c := evaluate.Config{Data: data, Part: data.In(dataset.Test), Gallery: &gallery}
	report, _, err := m.Evaluate(t.Context(), c, inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if e := report.Exposure; e.GalleryShared != 1 || e.Gallery != 6 || report.Gallery.Images != 6 || e.Repeats != 0 {
		t.Errorf("searched in %d, exposure %+v; want 6, and 1 shared of 7", report.Gallery.Images, e)
	}
	if len(gallery.Part.Images) != 7 {
		t.Errorf("the caller's gallery has %d images now, want 7", len(gallery.Part.Images))
	}
	copied := dataOf(t, filepath.Join(folder, "test")) // all of what asks
	c.Gallery = &evaluate.Source{Data: copied, Part: copied.All()}
	var none *evaluate.NoQueriesError
	_, _, err = m.Evaluate(t.Context(), c, inference.Reading{})
	if !errors.As(err, &none) ||
		!strings.HasPrefix(err.Error(), "without 4 images to search in, each the same file as one that is measured: ") {
		t.Errorf("a gallery of the queries: %v, want *evaluate.NoQueriesError, and why", err)
	}
}

// TestSeenSupport: few-shot classification counts the shown images that were trained on.
func TestSeenSupport(t *testing.T) {
	folder := drawn(t)
	data, m := dataOf(t, folder), opened(t, runOf(t))
	file, err := os.ReadFile(filepath.Join(folder, "train", "arrow", "000.png"))
	if err != nil {
		t.Fatal(err)
	}
	m.Seen = seen.NewSet(seen.List{{Path: "x.png", Role: seen.Train, Identity: phash.Identity{SHA256: sha256.Sum256(file)}}})
	arrows, bars := pathed(data, "train/arrow/"), pathed(data, "train/bars/")
	episode := dataset.Episode{Support: []int32{arrows[0], bars[0]}, Class: []int32{0, 1},
		Query: []int32{arrows[1], bars[1]}, Answer: []int32{0, 1}}
	again := dataset.Episode{Support: []int32{arrows[0], bars[2]}, Class: []int32{0, 1}, Query: []int32{arrows[2]}, Answer: []int32{0}}
	report, err := m.EvaluateFewShot(t.Context(), evaluate.FewShotConfig{Data: data,
		Episodes: evaluate.Episodes{List: []dataset.Episode{episode, again}, Source: "listed"}}, inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if e := report.Exposure; e.Gallery != 3 || e.GallerySeen != 1 || e.Images != 3 || e.Seen != 0 {
		t.Errorf("exposure %+v; want 1 of 3 shown images seen, 0 of 3 queries", e)
	}
}

// pathed returns the images whose paths begin so.
func pathed(data *dataset.Dataset, prefix string) (images []int32) {
	for i := range data.Images {
		if strings.HasPrefix(data.Images[i].Path, prefix) {
			images = append(images, int32(i))
		}
	}
	return images
}

// TestRepeatedPairs: listed pairs are counted once a content, under whatever names, and so are photos.
func TestRepeatedPairs(t *testing.T) {
	folder := drawn(t)
	for picture, again := range map[string]string{"test/arrow/000.png": "test/arrow/again.png",
		"test/bars/000.png": "test/bars/again.png"} {
		twice(t, folder, picture, again)
	}
	list := func(name, rows string) *dataset.Dataset {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
			t.Fatal(err)
		}
		return dataOf(t, path)
	}
	pairs := list("pairs.csv", "left,right,same\n"+
		"test/arrow/000.png,test/arrow/001.png,1\n"+
		"test/arrow/001.png,test/arrow/again.png,1\n"+ // the first, swapped
		"test/arrow/000.png,test/bars/000.png,0\n"+
		"test/arrow/again.png,test/bars/again.png,0\n"+ // the one before
		"test/bars/000.png,test/bars/again.png,1\n"+ // one file
		"test/bars/000.png,test/bars/001.png,1\n")
	m := opened(t, runOf(t))
	report, _, err := m.Evaluate(t.Context(), evaluate.Config{Data: pairs, Part: pairs.All()}, inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if e := report.Exposure; report.Pairs != 3 || report.Images != 4 || e.RepeatedPairs != 3 || e.Repeats != 0 {
		t.Errorf("%d pairs of %d images measured, exposure %+v; want 3 of 4, and 3 pairs left out", report.Pairs, report.Images, e)
	}
	photos := list("photos.csv", "image,label_image\n"+
		"test/arrow/000.png,train/arrow/000.png\ntest/arrow/again.png,train/arrow/000.png\ntest/bars/000.png,train/bars/000.png\n")
	report, _, err = m.Evaluate(t.Context(), evaluate.Config{Data: photos, Part: photos.All()}, inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if e := report.Exposure; report.Images != 2 || e.Repeats != 1 || e.RepeatedPairs != 0 {
		t.Errorf("%d photos measured, exposure %+v; want 2, and 1 left out", report.Images, e)
	}
}

// TestAllSeen: where the training has seen every file, that is said before one is decoded; of one file that it has not
// seen, it is not.
func TestAllSeen(t *testing.T) {
	folder := drawn(t)
	data, m := dataOf(t, folder), opened(t, runOf(t))
	part := data.In(dataset.Test)
	var list seen.List
	for _, i := range part.Images {
		file, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(data.Images[i].Path)))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seen.Image{Path: data.Images[i].Path, Role: seen.Train, Identity: phash.Identity{SHA256: sha256.Sum256(file)}})
	}
	m.Seen = seen.NewSet(list)
	decoded := 0
	reading := inference.Reading{Progress: func(int, int) { decoded++ }}
	var all *inference.SeenError
	if _, _, err := m.Evaluate(t.Context(), evaluate.Config{Data: data, Part: part}, reading); !errors.As(err, &all) || all.Images != 4 || decoded > 0 {
		t.Errorf("%v, %d images decoded; want *inference.SeenError of 4, none decoded", err, decoded)
	}
	reading.MeasureSeen = true
	if r, _, err := m.Evaluate(t.Context(), evaluate.Config{Data: data, Part: part}, reading); err != nil || r.Exposure.Seen != 4 || decoded == 0 {
		t.Errorf("measured all the same: %v", err)
	}
	m.Seen, reading.MeasureSeen = seen.NewSet(list[1:]), false
	_, _, err := m.Evaluate(t.Context(), evaluate.Config{Data: data, Part: part}, reading)
	if err == nil || errors.As(err, &all) {
		t.Errorf("one of 4 is left: %v, want that it cannot be measured alone", err)
	}
}
