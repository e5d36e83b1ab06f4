package inference_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/train"
)

// A whole training: train, evaluate, export.
func Example() {
	ctx, folder := context.Background(), pictures()
	defer os.RemoveAll(folder)
	run, out := filepath.Join(folder, "run"), filepath.Join(folder, "model")

	data, err := dataset.Open(dataset.Options{Data: filepath.Join(folder, "pictures")})
	check(err)
	defer data.Close()
	s, err := spec.Preset("siamese")
	check(err)
	s, err = s.Set("input.size=24", "backbone={smallconv: {filters: [4, 4], dense: 8}}", "train.steps=20")
	check(err)
	training, err := train.Resolve(s)
	check(err)
	_, err = train.Run(ctx, train.Config{Resolved: training, Data: data, Folder: run, Now: time.Now})
	check(err)

	model, err := inference.Open(run, inference.Options{})
	check(err)
	defer func() { check(model.Close()) }()
	part, err := model.Part(data, dataset.Test)
	check(err)
	report, _, err := model.Evaluate(ctx, evaluate.Config{Data: data, Part: part}, inference.Reading{})
	check(err)

	exported, err := export.Run(ctx, export.Config{Run: run, Checkpoint: "best", Out: out})
	check(err)
	fmt.Println("measured", report.Pairs, "pairs of", report.Images, "images")
	fmt.Println("exported version", exported.Version, "with embeddings of length", exported.Manifest.EmbeddingDim)
	// Output:
	// measured 36 pairs of 12 images
	// exported version 1 with embeddings of length 8
}

// Embeddings of many files, and an index of them, by a model that was exported.
func ExampleModel_EmbedImages() {
	ctx, model := context.Background(), open("../../testdata/formats/f76e329/model")
	defer func() { check(model.Close()) }()
	folder, err := os.MkdirTemp("", "tfpair-example-")
	check(err)
	defer os.RemoveAll(folder)

	photos, err := inference.OpenCollection(dataset.Options{Data: "../../testdata/formats/f76e329/data"})
	check(err)
	defer photos.Close()
	e, err := model.EmbedImages(ctx, photos.Data, photos.Images, inference.Reading{SkipBad: 0.01})
	check(err)
	file, err := vectors.Create(filepath.Join(folder, "photos.npy"), false)
	check(err)
	check(file.Write(e.Vectors))
	check(file.Close())
	fmt.Println(len(e.Paths), "embeddings of length", e.Dim, "of", e.Paths[0], "and others")
	// Output:
	// 30 embeddings of length 4 of test/arrow/000.png and others
}

// An index finds the image that is searched for, and others of its class.
func ExampleModel_Index() {
	ctx, model := context.Background(), open("../../testdata/formats/f76e329/model")
	defer func() { check(model.Close()) }()
	photos, err := inference.OpenCollection(dataset.Options{Data: "../../testdata/formats/f76e329/data"})
	check(err)
	defer photos.Close()
	x, e, err := model.Index(ctx, photos, "flat", inference.Reading{})
	check(err)
	hits, err := model.Search(ctx, x, e.Data[:e.Dim], 1)
	check(err)
	nearest := hits[0][0]
	fmt.Println(x.Len(), "images in", x.Classes(), "classes; nearest:", nearest.ID, nearest.Class)
	fmt.Println("threshold:", x.About().NoAccept)
	// Output:
	// 30 images in 3 classes; nearest: test/arrow/000.png arrow
	// threshold: 0 images of classes that training has not seen can ask as strangers, want 60 to promise 5 %
}

func open(folder string) *inference.Model {
	m, err := inference.Open(folder, inference.Options{})
	check(err)
	return m
}

// pictures draws labelled pictures into the folder pictures of a folder of its own.
func pictures() string {
	folder, err := os.MkdirTemp("", "tfpair-example-")
	check(err)
	check(sample.Write(filepath.Join(folder, "pictures"), sample.Options{Classes: 3, Train: 8, Test: 4, Size: 24}))
	return folder
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
