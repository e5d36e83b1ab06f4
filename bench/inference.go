package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/sample"
)

// inferenceModels are the networks whose exports are compared, by the settings that make them. Each is trained for
// a step: the runtime leaves out biases that are zero, and then fuses nothing.
var inferenceModels = []struct {
	name  string
	set   []string
	peers []string // that have the network themselves; the others read tfpair's model.onnx
}{
	{"program1", []string{"input.size=64"}, []string{"keras", "torch"}},
	{"efficientnet-lite0", append([]string{"backbone=efficientnet-lite0"}, large...), []string{"torch"}},
	{"resnet50", append([]string{"backbone=resnet50"}, large...), []string{"keras", "torch"}},
}

// large are settings of a network whose features are the embedding.
var large = []string{"input.size=224", "head=none", "loss=contrastive", "distance=cosine"}

func inferenceNames() []string {
	var list []string
	for _, m := range inferenceModels {
		list = append(list, m.name)
	}
	return list
}

// inferenceBatches are the numbers of images in a run.
var inferenceBatches = []int{1, 8, 32}

// withBytes ends the name of a side whose convolutions compute with 8-bit integers.
const withBytes = " int8"

// against says which sides tfpair's two are compared with, where they take part.
var against = map[string][]string{
	"tfpair":             {"openvino", "onnx", "keras", "torch"},
	"tfpair" + withBytes: {"openvino" + withBytes, "onnx" + withBytes, "keras", "torch", "tfpair"},
}

// inference has exported networks and peers embed the same images in turns.
func inference(ctx context.Context, o options) error {
	kept, err := openResults(o, "inference")
	if err != nil {
		return err
	}
	if o.cores > 0 {
		if err := onCores(o.cores); err != nil {
			return err
		}
	}
	for _, m := range inferenceModels {
		if !slices.Contains(o.rows, m.name) {
			continue
		}
		_, err := withFolder(func(folder string) (alternated, error) {
			sides := sync.OnceValues(func() ([]peer, error) {
				if err := exportForms(ctx, o, folder, m.set); err != nil {
					return nil, err
				}
				return inferenceSides(ctx, o, folder, m.name, m.peers)
			})
			return alternated{}, inferenceRows(ctx, o, kept, m.name, sides)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inferenceRows measures a network with batches of all sizes.
func inferenceRows(ctx context.Context, o options, kept *results, network string, sides func() ([]peer, error)) error {
	for _, batch := range inferenceBatches {
		id := fmt.Sprintf("%s, batch %d, %s", network, batch, plural.Count(cmp.Or(o.cores, runtime.NumCPU()), "core"))
		got, err := row(o, kept, id, func() (alternated, error) {
			list, err := sides()
			if err != nil {
				return alternated{}, err
			}
			list = slices.Clone(list)
			for i, p := range list {
				list[i].argv = append(slices.Clone(p.argv), strconv.Itoa(batch))
			}
			return alternate(ctx, list)
		})
		if err != nil {
			return err
		}
		sayInference(o, got, batch)
	}
	return nil
}

// exportForms exports a network into folder: as float32 and as int8, both with model.onnx.
func exportForms(ctx context.Context, o options, folder string, set []string) error {
	pictures, run := filepath.Join(folder, "pictures"), filepath.Join(folder, "run")
	if err := sample.Write(pictures, sample.Options{Classes: 4, Train: 10, Test: 1}); err != nil {
		return err
	}
	train := []string{o.tfpair, "train", "--json", "--preset", "siamese", "--data", pictures, "--out", run, "--set", "train.steps=1", "--set", "train.batch_size=4"}
	for _, s := range set {
		train = append(train, "--set", s)
	}
	if _, err := complete(ctx, "tfpair train", train, &line{}); err != nil {
		return err
	}
	export := []string{o.tfpair, "export", "--json", "--onnx", "--run", run, "--out"}
	if _, err := complete(ctx, "tfpair export", append(slices.Clone(export), filepath.Join(folder, "float32")), &line{}); err != nil {
		return err
	}
	_, err := complete(ctx, "tfpair export", append(export, filepath.Join(folder, "int8"),
		"--precision", "int8", "--data", pictures, "--max-drop", "100"), &line{})
	return err
}

// inferenceSides returns the programs that embed, installed; each takes the size of a batch as its last argument.
func inferenceSides(ctx context.Context, o options, folder, network string, own []string) ([]peer, error) {
	float, bytes := filepath.Join(folder, "float32", "1"), filepath.Join(folder, "int8", "1")
	sides := []peer{
		{"tfpair", []string{o.stepper, "model", float}},
		{"tfpair" + withBytes, []string{o.stepper, "model", bytes}},
	}
	for _, name := range o.peers {
		if name == "tfpair" || slices.Contains([]string{"keras", "torch"}, name) && !slices.Contains(own, name) {
			continue
		}
		p, err := python(ctx, o, name, "inference")
		if err != nil {
			return nil, err
		}
		with := func(arguments ...string) []string { return append(slices.Clone(p.argv), arguments...) }
		onnx := filepath.Join(float, "model.onnx")
		switch name {
		case "openvino":
			quantized := filepath.Join(folder, "nncf.xml")
			if _, err := complete(ctx, "NNCF", with("quantize", onnx, quantized), &line{}); err != nil {
				return nil, err
			}
			sides = append(sides, peer{name, with(onnx)}, peer{name + withBytes, with(quantized)})
		case "onnx":
			sides = append(sides, peer{name, with(onnx)}, peer{name + withBytes, with(filepath.Join(bytes, "model.onnx"))})
		default:
			sides = append(sides, peer{name, with(network)})
		}
	}
	return sides, nil
}

// sayInference says how tfpair's sides do beside the others.
func sayInference(o options, a alternated, batch int) {
	for _, ours := range []string{"tfpair", "tfpair" + withBytes} {
		fmt.Fprintf(o.out, "%-11s %7.1f images/s", ours, float64(batch)/spread(a.Seconds[ours]).Median)
		for _, other := range against[ours] {
			if a.Seconds[other] == nil {
				continue
			}
			r := over(a.Seconds, other, ours)
			fmt.Fprintf(o.out, "; %.2f × %s (%.2f to %.2f), by processor time %.2f", r.Median, other, r.Low, r.High, a.costs(other, ours))
		}
		fmt.Fprintln(o.out)
	}
	a.sayLoad(o)
}
