package inference_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// opened opens a run, or an exported model, and closes it with the test.
func opened(t *testing.T, folder string) *inference.Model {
	t.Helper()
	m, err := inference.Open(folder, inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// runOf returns a run whose only checkpoint, of random weights, is the best.
func runOf(t *testing.T, set ...string) string {
	t.Helper()
	return trainedtest.Run(t, nil, set...)
}

// drawn draws two figures, with splits: 3 pictures of each to train, 2 to test.
func drawn(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "pictures")
	if err := sample.Write(folder, sample.Options{Classes: 2, Train: 3, Test: 2, Size: 16}); err != nil {
		t.Fatal(err)
	}
	return folder
}

// dataOf opens data, and closes it with the test.
func dataOf(t *testing.T, path string) *dataset.Dataset {
	t.Helper()
	data, err := dataset.Open(dataset.Options{Data: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.Close() })
	return data
}

// TestOpen: a run and the model exported from it answer alike.
func TestOpen(t *testing.T) {
	folder, out := runOf(t), filepath.Join(t.TempDir(), "model")
	if _, err := export.Run(t.Context(), export.Config{Run: folder, Checkpoint: "best", Out: out}); err != nil {
		t.Fatal(err)
	}
	data := dataOf(t, drawn(t))
	var embeddings [][]float32
	for _, folder := range []string{folder, out} {
		m := opened(t, folder)
		if m.Name != folder || !strings.HasPrefix(m.Path, folder) {
			t.Errorf("model %q at %q, want those of %q", m.Name, m.Path, folder)
		}
		same, err := m.Threshold()
		if err != nil || same.Value != 0.25 { // of trainedtest
			t.Errorf("%s: threshold %v, %v; want 0.25", folder, same, err)
		}
		e, err := m.EmbedImages(t.Context(), data, data.All().Images, inference.Reading{})
		if err != nil {
			t.Fatal(err)
		}
		if e.Space != m.Manifest.Space || len(e.Images) != 10 || len(e.Data) != 80 || len(e.Bad) != 0 {
			t.Errorf("%s: %d embeddings of %d numbers in space %s, %d bad; want 10 of 80 in %s, 0", folder,
				len(e.Images), len(e.Data), e.Space, len(e.Bad), m.Manifest.Space)
		}
		embeddings = append(embeddings, e.Data)
	}
	for i, got := range embeddings[1] {
		if want := embeddings[0][i]; math.Abs(float64(got-want)) > 1e-5 { // what an export allows
			t.Fatalf("number %d is %g of the exported model, %g of the run", i, got, want)
		}
	}
}

// TestOpenRefuses: a folder that is neither, and a checkpoint of what has none.
func TestOpenRefuses(t *testing.T) {
	var neither *models.NotModelError
	if _, err := inference.Open(t.TempDir(), inference.Options{}); !errors.As(err, &neither) ||
		!strings.Contains(err.Error(), "as a run, ") || !strings.Contains(err.Error(), "as an exported model, ") {
		t.Errorf("an empty folder: %v, want *models.NotModelError with both reasons", err)
	}
	_, err := inference.Open("../../testdata/formats/f76e329/model", inference.Options{Checkpoint: "last"})
	if !errors.Is(err, inference.ErrNoCheckpoints) {
		t.Errorf("checkpoint of an exported model: %v, want ErrNoCheckpoints", err)
	}
}

// TestBadImages: bad images within the budget are left out and named; more are an error that
// names all of them.
func TestBadImages(t *testing.T) {
	folder := drawn(t)
	for _, name := range []string{"train/arrow/001.png", "test/bars/000.png"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("no picture"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, data := opened(t, runOf(t)), dataOf(t, folder)
	all := data.All().Images
	var done []int
	e, err := m.EmbedImages(t.Context(), data, all, inference.Reading{SkipBad: 0.2,
		Progress: func(n, total int) { done = append(done, n, total) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Images) != 8 || len(e.Paths) != 8 || len(e.Bad) != 2 || e.Bad[0].Path != "test/bars/000.png" ||
		slices.Contains(e.Paths, "train/arrow/001.png") || !slices.Equal(done, []int{10, 10}) {
		t.Errorf("embedded %v, bad %v, progress %v; want 8 images, 2 bad, 10 of 10", e.Paths, e.Bad, done)
	}
	var bad *pipeline.BadImagesError
	for _, share := range []float64{0, 0.1} {
		_, err := m.EmbedImages(t.Context(), data, all, inference.Reading{SkipBad: share})
		if !errors.As(err, &bad) || len(bad.Images) != 2 || bad.Total != 10 {
			t.Errorf("a share of %g: %v, want *pipeline.BadImagesError of 2 of 10", share, err)
		}
	}
	part := data.In(dataset.Test)
	report, skipped, err := m.Evaluate(t.Context(), evaluate.Config{Data: data, Part: part}, inference.Reading{SkipBad: 0.5})
	if err != nil || report.Images != 3 || !slices.Equal(skipped, []string{"test/bars/000.png"}) || len(part.Images) != 4 {
		t.Errorf("Evaluate: %+v, skipped %q, %v; want 3 images, one skipped, the part as it was", report, skipped, err)
	}
}

// TestIndex: each image finds itself, with what the data says of it.
func TestIndex(t *testing.T) {
	m := opened(t, runOf(t, "distance=sqeuclidean")) // of which an image is at 0 from itself
	folder := drawn(t)
	photos, err := inference.OpenCollection(dataset.Options{Data: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer photos.Close()
	x, e, err := m.Index(t.Context(), photos, "flat", inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if a := x.About(); a.Space != m.Manifest.Space || a.Model != m.Name || a.Root != folder || x.Classes() != 2 {
		t.Errorf("index of %+v in %d classes, want the model's space, its name, %q, 2", a, x.Classes(), folder)
	}
	if a := x.About(); a.Accept != nil || a.NoAccept == "" {
		t.Errorf("threshold %+v, %q; want none of few images, and why", a.Accept, a.NoAccept)
	}
	hits, err := m.Search(t.Context(), x, e.Data, 2)
	if err != nil {
		t.Fatal(err)
	}
	for row, list := range hits {
		item, first := x.Item(row), list[0]
		if first.Path != item.Path || first.Distance != 0 || first.Rank != 1 || first.Accepted != nil ||
			first.Class != filepath.Base(filepath.Dir(item.Path)) || first.SHA256 != item.SHA256 || len(list) != 2 {
			t.Errorf("%s finds %+v first of %d", item.Path, first, len(list))
		}
		if want, _ := models.Sum(filepath.Join(folder, item.Path)); item.SHA256 != want.SHA256 {
			t.Errorf("%s has SHA-256 %s, want %s", item.Path, item.SHA256, want.SHA256)
		}
	}
	if _, err := m.OpenIndex(""); !errors.Is(err, models.ErrNoGallery) {
		t.Errorf("gallery of a model without one: %v, want ErrNoGallery", err)
	}
}

// TestFrozen: label images that the model cannot embed are refused before any is read.
func TestFrozen(t *testing.T) {
	folder := trainedtest.Run(t, func(c *checkpoint.Checkpoint, s *trained.State) {
		s.Gallery = []evaluate.LabelImage{{Path: "a.png", SHA256: "aa", Class: "a"}}
		trained.SetGallery(c, make([]float32, 8), 8)
	}, "topology=feature", "loss=infonce", "sampler=labels", "target.side=frozen")
	m, err := inference.Open(folder, inference.Options{Checkpoint: "last"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	if !m.Labels.Constant || m.Gallery.Len() != 1 {
		t.Errorf("labels %+v, gallery of %d; want constant ones, 1", m.Labels, m.Gallery.Len())
	}
	pictures := filepath.Join(t.TempDir(), "pictures")
	if err := os.Mkdir(pictures, 0o777); err != nil {
		t.Fatal(err)
	}
	label := filepath.Join(pictures, "label.png")
	if err := os.WriteFile(label, []byte("what a label image holds"), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := models.Sum(label)
	if err != nil {
		t.Fatal(err)
	}
	stored := []float32{1, 2, 3, 4, 5, 6, 7, 8}
	m.Labels.Images[0].SHA256, m.Labels.Vectors = file.SHA256, stored
	build := func() (*index.Index, error) {
		photos, err := inference.OpenCollection(dataset.Options{Data: pictures})
		if err != nil {
			t.Fatal(err)
		}
		defer photos.Close()
		x, _, err := m.Index(context.Background(), photos, "flat", inference.Reading{})
		return x, err
	}
	x, err := build()
	if err != nil {
		t.Fatal(err)
	}
	if x.Len() != 1 || !slices.Equal(x.Vectors(), stored) {
		t.Errorf("index of %d, %v; want the stored embedding %v", x.Len(), x.Vectors(), stored)
	}
	if v := m.LabelImage(label); v == nil || !slices.Equal(v.Data, stored) {
		t.Errorf("label image: %+v, want the stored embedding", v)
	}
	other := filepath.Join(pictures, "other.png")
	if err := os.WriteFile(other, []byte("no label image"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = build()
	if !errors.Is(err, trained.ErrFrozen) || !strings.Contains(err.Error(), `1 of 2 images, the first "other.png"`) {
		t.Errorf("index of a label image and another: %v, want trained.ErrFrozen about other.png", err)
	}
	if v := m.LabelImage(other); v != nil {
		t.Errorf("other.png is label image %+v", v)
	}
}

// TestCompareVectors: distances are those of the rows, and the threshold decides.
func TestCompareVectors(t *testing.T) {
	m := opened(t, runOf(t, "loss=contrastive"))
	row := func(first float32) []float32 { return []float32{first, 0, 0, 0, 0, 0, 0, 0} }
	left := &vectors.Vectors{Paths: []string{"a", "b"}, Data: append(row(0), row(0)...)}
	right := &vectors.Vectors{Paths: []string{"c", "d"}, Data: append(row(0.125), row(3)...)}
	list, err := m.CompareVectors(left, right, distance.EvenPrevalence)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []models.Comparison{{Distance: 0.125, Same: true}, {Distance: 3}} { // same up to 0.25
		if got := list[i]; math.Abs(float64(got.Distance-want.Distance)) > 1e-5 || got.Same != want.Same || got.Probability != nil {
			t.Errorf("pair %d: %+v, want %+v", i, got, want)
		}
	}
	path := filepath.Join(t.TempDir(), "v.npy")
	file, err := vectors.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	left.Space, left.Dim = "another", 8
	if err := errors.Join(file.Write(left), file.Close()); err != nil {
		t.Fatal(err)
	}
	var space *models.SpaceError
	if _, err := m.ReadVectors(path); !errors.As(err, &space) || space.Want != m.Manifest.Space {
		t.Errorf("vectors of another space: %v, want *models.SpaceError", err)
	}
}

// TestPart: named splits are taken as they are, absent ones are named, and what training kept
// for test of its own data is found again.
func TestPart(t *testing.T) {
	m := opened(t, runOf(t, "train.test=0"))
	data := dataOf(t, drawn(t))
	if part, err := m.Part(data, dataset.Test); err != nil || len(part.Images) != 4 {
		t.Errorf("test: %d images, %v; want 4", len(part.Images), err)
	}
	var split *inference.SplitError
	untested := data.Without(data.In(dataset.Test).Images)
	if _, err := m.Part(untested, dataset.Test); !errors.As(err, &split) || !strings.HasSuffix(err.Error(), `has no split "test" (it has: train)`) {
		t.Errorf("split test of data without: %v", err)
	}
	flat := dataOf(t, filepath.Join(drawn(t), "train"))
	if part, err := m.Part(flat, dataset.Test); err != nil || len(part.Images) != 6 {
		t.Errorf("data without splits: %d images of test, %v; want all 6", len(part.Images), err)
	}
}

// TestPartOfPairs: classes kept for test say nothing of pairs, which name no classes; all of a list without splits is test.
func TestPartOfPairs(t *testing.T) {
	m := opened(t, runOf(t, "train.test=0"))
	m.Spec.Train.Unseen = true
	folder := drawn(t)
	list := filepath.Join(folder, "pairs.csv")
	if err := os.WriteFile(list, []byte("left,right,same\ntrain/arrow/000.png,train/arrow/001.png,1\ntrain/arrow/000.png,train/bars/001.png,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if part, err := m.Part(dataOf(t, list), dataset.Test); err != nil || part.Pairs.Len() != 2 {
		t.Errorf("%d pairs, %v; want 2", part.Pairs.Len(), err)
	}
}

// TestUnseen: a training that knew no names of classes, on a list of pairs, cannot tell which it
// has not seen.
func TestUnseen(t *testing.T) {
	data := dataOf(t, drawn(t))
	for _, c := range []struct {
		seen    []string
		aliased bool
		images  int // of a class: 3 to train, 2 to test
		want    error
	}{{nil, false, 0, inference.ErrNoClasses}, {nil, true, 0, inference.ErrAliased}, {data.Classes[:1], false, 5, nil}} {
		m := &inference.Model{}
		m.Manifest.Seen, m.Manifest.Aliased = c.seen, c.aliased
		if part, err := m.Unseen(data); !errors.Is(err, c.want) || len(part.Images) != c.images {
			t.Errorf("seen %q, aliased %v: %d images, %v; want %d, %v", c.seen, c.aliased, len(part.Images), err, c.images, c.want)
		}
	}
}
