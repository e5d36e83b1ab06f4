package train

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// TestRefusedResume: what is refused, whatever for, changes no file of the run, so that the first
// command still goes on with it; what is accepted stores its number of steps.
func TestRefusedResume(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	pictures := func(t *testing.T, classes, each int) fstest.MapFS { // files of one size
		files := fstest.MapFS{}
		for i := range classes * each {
			files[fmt.Sprintf("data/class%d/%d.bmp", i/each, i)] = bitmap(t, color.RGBA{R: uint8(9 * i), A: 255})
		}
		return files
	}
	first := func(steps string) Config {
		return config(t, pictures(t, 3, 8), folder, tiny(t, "train.steps="+steps))
	}
	if _, err := Run(context.Background(), first("4")); err != nil {
		t.Fatal(err)
	}
	before := filesOf(t, folder)

	var data *DataError
	other := config(t, pictures(t, 4, 8), folder, tiny(t, "train.steps=9"))
	if _, err := Run(context.Background(), other); !errors.As(err, &data) {
		t.Errorf("other data and more steps: %v, want *DataError", err)
	}
	var images *ImagesError
	files := pictures(t, 3, 8)
	for name := range files {
		files[name] = bitmap(t, color.RGBA{G: 7, A: 255})
	}
	if _, err := Run(context.Background(), config(t, files, folder, tiny(t, "train.steps=9"))); !errors.As(err, &images) {
		t.Errorf("other pixels and more steps: %v, want *ImagesError", err)
	}
	var settings *SpecError
	seed := config(t, pictures(t, 3, 8), folder, tiny(t, "train.steps=9", "train.seed=7"))
	if _, err := Run(context.Background(), seed); !errors.As(err, &settings) {
		t.Errorf("another seed and more steps: %v, want *SpecError", err)
	}
	if diff := cmp.Diff(before, filesOf(t, folder)); diff != "" {
		t.Fatalf("refused commands changed the run (-before +after):\n%s", diff)
	}

	if s, err := Run(context.Background(), first("4")); err != nil || s.Step != 4 {
		t.Errorf("the first command again: %+v, %v", s, err)
	}
	if s, err := Run(context.Background(), first("6")); err != nil || s.Step != 6 {
		t.Errorf("with more steps: %+v, %v", s, err)
	}
	if _, err := Run(context.Background(), first("4")); !errors.As(err, &settings) {
		t.Errorf("with fewer steps than are done: %v, want *SpecError", err)
	}
}

// filesOf returns the files below a folder.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNothingToTrainOn: where every image is for test, no setting of the sampler would help.
func TestNothingToTrainOn(t *testing.T) {
	files := fstest.MapFS{}
	for name, file := range pictures(t, 3, 4) {
		files[strings.Replace(name, "data/", "data/test/", 1)] = file
	}
	folder := filepath.Join(t.TempDir(), "run")
	_, err := Run(context.Background(), config(t, files, folder, tiny(t)))
	var data *dataset.Error
	want := "no image is for training, 12 images for test; add images for training"
	if !errors.As(err, &data) || !strings.Contains(err.Error(), want) {
		t.Errorf("data of test alone: %v, want *dataset.Error, %q", err, want)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("a run was made")
	}
}
