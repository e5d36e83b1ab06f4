package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/tfpair/tfpair/internal/sample"
)

// onnxModels are the networks whose exports are compared, by the settings that make them. None is trained: time
// does not depend on weights.
var onnxModels = []struct {
	name string
	set  []string
}{
	{"program 1", []string{"input.size=64"}},
	{"efficientnet-lite0", []string{"input.size=224", "backbone=efficientnet-lite0", "head=none", "loss=contrastive", "distance=cosine"}},
	{"resnet50", []string{"input.size=224", "backbone=resnet50", "head=none", "loss=contrastive", "distance=cosine"}},
}

// onnxBatches are the numbers of images in a run.
var onnxBatches = []int{1, 8, 32}

// onnx has an exported SavedModel in Go and its model.onnx in ONNX Runtime embed the same batches in turns.
func onnx(ctx context.Context, o options) error {
	kept, err := openResults(o, "onnx")
	if err != nil {
		return err
	}
	interpreter, err := environment(ctx, o, "onnx")
	if err != nil {
		return fmt.Errorf("install ONNX Runtime: %w", err)
	}
	for _, m := range onnxModels {
		for _, batch := range onnxBatches {
			id := fmt.Sprintf("%s, batch %d", m.name, batch)
			times, err := row(o, kept, id, func() (map[string]*stepTimes, error) {
				return withFolder(func(folder string) (map[string]*stepTimes, error) {
					return onnxTimes(ctx, o, interpreter, folder, m.set, batch)
				})
			})
			if err != nil {
				return err
			}
			fmt.Fprintln(o.out, id)
			for _, peer := range []string{"tfpair", "onnxruntime"} {
				times[peer].describe(o, peer)
			}
		}
	}
	return nil
}

// onnxTimes exports an untrained network into folder, and measures both of its forms.
func onnxTimes(ctx context.Context, o options, interpreter, folder string, set []string, batch int) (map[string]*stepTimes, error) {
	pictures, run, model := filepath.Join(folder, "pictures"), filepath.Join(folder, "run"), filepath.Join(folder, "model")
	if err := sample.Write(pictures, sample.Options{Classes: 4, Train: 6, Test: 2}); err != nil {
		return nil, err
	}
	train := []string{o.tfpair, "train", "--json", "--preset", "siamese", "--data", pictures, "--out", run, "--set", "train.steps=0"}
	for _, s := range set {
		train = append(train, "--set", s)
	}
	if _, err := complete(ctx, "tfpair train", train, &line{}); err != nil {
		return nil, err
	}
	export := []string{o.tfpair, "export", "--json", "--onnx", "--run", run, "--out", model}
	if _, err := complete(ctx, "tfpair export", export, &line{}); err != nil {
		return nil, err
	}
	version, n := filepath.Join(model, "1"), strconv.Itoa(batch)
	return turns{starts: 1, blocks: 7, steps: 5, warm: 2}.times(ctx, []peer{
		{"tfpair", []string{o.stepper, "model", version, n}},
		{"onnxruntime", []string{interpreter, filepath.Join("peers", "onnx_model.py"), filepath.Join(version, "model.onnx"), n}},
	})
}
