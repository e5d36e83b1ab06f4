package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/internal/plural"
)

// layered is where int8 ResNet50 spends its time, by either side's own trace: seconds of a run, by part of the network.
type layered struct {
	Load     []float64  `json:"load"` // of the machine, before and after
	TFPair   layerTimes `json:"tfpair"`
	OpenVINO layerTimes `json:"openvino"`
}

// layerTimes are means of some runs.
type layerTimes struct {
	Seconds float64            `json:"seconds"` // of a run as a whole, traced
	Layers  map[string]float64 `json:"layers"`  // by part; of operations that run at the same time both count
}

// layers has int8 ResNet50 traced by the runtime and by OpenVINO.
func layers(ctx context.Context, o options) error {
	kept, err := openResults(o, "layers")
	if err != nil {
		return err
	}
	if o.cores > 0 {
		if err := onCores(o.cores); err != nil {
			return err
		}
	}
	_, err = withFolder(func(folder string) (layered, error) {
		exported := false
		for _, batch := range inferenceBatches {
			id := fmt.Sprintf("resnet50, batch %d, %s", batch, plural.Count(cmp.Or(o.cores, runtime.NumCPU()), "core"))
			x, err := row(o, kept, id, func() (layered, error) {
				if !exported {
					if err := exportForms(ctx, o, folder, append([]string{"backbone=resnet50"}, large...)); err != nil {
						return layered{}, err
					}
					exported = true
				}
				return traceBoth(ctx, o, folder, batch)
			})
			if err != nil {
				return layered{}, err
			}
			fmt.Fprintf(o.out, "%s: tfpair %s, OpenVINO %s; load %.0f\n", id, secondsText([]float64{x.TFPair.Seconds}),
				secondsText([]float64{x.OpenVINO.Seconds}), slices.Max(x.Load))
			for _, part := range x.parts() {
				fmt.Fprintf(o.out, "  %-24s %8.3f ms, OpenVINO %8.3f ms\n", part, 1000*x.TFPair.Layers[part], 1000*x.OpenVINO.Layers[part])
			}
		}
		return layered{}, nil
	})
	return err
}

// traceBoth traces the exports in folder, one side after the other.
func traceBoth(ctx context.Context, o options, folder string, batch int) (x layered, err error) {
	p, err := python(ctx, o, "openvino", "inference")
	if err != nil {
		return x, err
	}
	quantized, number := filepath.Join(folder, "nncf.xml"), strconv.Itoa(batch)
	onnx := filepath.Join(folder, "float32", "1", "model.onnx")
	if _, err := complete(ctx, "NNCF", append(slices.Clone(p.argv), "quantize", onnx, quantized), &line{}); err != nil {
		return x, err
	}
	x.Load = append(x.Load, load())
	for _, side := range []struct {
		to   *layerTimes
		argv []string
	}{{&x.TFPair, []string{o.stepper, "layers", filepath.Join(folder, "int8", "1"), number}},
		{&x.OpenVINO, append(slices.Clone(p.argv), "layers", quantized, number)}} {
		var t layerTimes
		if _, err := complete(ctx, "trace", side.argv, &t); err != nil {
			return x, err
		}
		side.to.Seconds, side.to.Layers = t.Seconds, map[string]float64{}
		for name, seconds := range t.Layers {
			side.to.Layers[partOf(name)] += seconds
		}
	}
	x.Load = append(x.Load, load())
	return x, nil
}

// blockConvolution is a convolution of a block: its stage, and which it is there.
var blockConvolution = regexp.MustCompile(`conv([2-5])_block\d+_([0-3])_conv`)

// convolutionNames say what the convolutions of a block are.
var convolutionNames = map[string]string{"0": "shortcut", "1": "first 1×1", "2": "3×3", "3": "second 1×1, sum"}

const (
	stemPart = "stem 7×7"
	restPart = "the rest"
)

// partOf returns the part of the network that an operation belongs to: of either side the operation is named after
// the layer.
func partOf(operation string) string {
	if m := blockConvolution.FindStringSubmatch(operation); m != nil {
		return fmt.Sprintf("stage %s, %s", m[1], convolutionNames[m[2]])
	}
	if stemConvolution.MatchString(operation) {
		return stemPart
	}
	return restPart
}

var stemConvolution = regexp.MustCompile(`conv1_conv`)

// layersTable compares int8 ResNet50 part by part, in milliseconds of a run. Without results it is empty.
func layersTable(o options, entries *[]entry) (string, error) {
	kept, err := openResults(o, "layers")
	if err != nil || len(kept.list) == 0 {
		return "", err
	}
	var list []layered
	head, rule := "| milliseconds in int8 |", "|---|"
	for _, e := range kept.list {
		var x layered
		if _, err := kept.get(e.ID, &x); err != nil {
			return "", err
		}
		list, *entries = append(list, x), append(*entries, e)
		head, rule = head+" "+e.ID+": tfpair | OpenVINO |", rule+"---|---|"
	}
	out := head + "\n" + rule + "\n"
	for _, part := range list[0].parts() {
		out += "| " + part + " |"
		for _, x := range list {
			out += fmt.Sprintf(" %.2f | %.2f |", 1000*x.TFPair.Layers[part], 1000*x.OpenVINO.Layers[part])
		}
		out += "\n"
	}
	out += "| a run, traced |"
	for _, x := range list {
		out += fmt.Sprintf(" %.2f | %.2f |", 1000*x.TFPair.Seconds, 1000*x.OpenVINO.Seconds)
	}
	return out + "\n", nil
}

// parts are those of either side, the stem first and the rest last.
func (x layered) parts() []string {
	list := []string{stemPart}
	for _, stage := range []string{"2", "3", "4", "5"} {
		for _, which := range []string{"0", "1", "2", "3"} {
			list = append(list, fmt.Sprintf("stage %s, %s", stage, convolutionNames[which]))
		}
	}
	return append(list, restPart)
}
