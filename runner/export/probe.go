package export

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/trained"
)

// probeClasses is how many probe images there are, each of another figure.
const probeClasses = 4

// tolerances are how much an embedding e may change by leaving the training graph, as a
// share of max(1, ‖e‖), in each form: the order of operations inside fused kernels differs, and folded
// weights are rounded once more.
var tolerances = map[models.Form]float64{"": 1e-5, models.Trainable: 1e-5, models.Folded: 1e-4}

// writeProbes stores a few images, drawn at the model's size, and what the training
// graph makes of them, so that whoever has the model can check that it still does.
// An int8 model has those of its own graph.
func writeProbes(p *place, m *trained.Model, embed func(pixels []uint8) ([]float32, error)) ([]models.Probe, error) {
	files, err := sample.Files(sample.Options{Classes: probeClasses, Train: 1, Test: 1, Size: m.Spec.Input.Size})
	if err != nil {
		return nil, err
	}
	resizer, err := resize.New(m.Resize())
	if err != nil {
		return nil, err
	}
	var probes []models.Probe
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(path.Dir(name)) != "train" {
			continue
		}
		pixels, err := pixelsOf(files[name], resizer)
		if err != nil {
			return nil, err
		}
		embedding, err := embed(pixels)
		if err != nil {
			return nil, err
		}
		at := path.Join(savedmodel.ExtraFolder, "probes", path.Base(path.Dir(name))+".png")
		if err := p.write(at, files[name]); err != nil {
			return nil, err
		}
		probes = append(probes, models.Probe{File: at, Embedding: embedding})
	}
	return probes, nil
}

func pixelsOf(file []byte, r resize.Resizer) ([]uint8, error) {
	img, err := decode.Decode(file, decode.DefaultLimits)
	if err != nil {
		return nil, fmt.Errorf("probe image: %w", err)
	}
	pixels := make([]uint8, r.Bytes())
	r.Into(pixels, img)
	return pixels, nil
}

// verify compares the reloaded model's embeddings of the probes with the stored ones. The
// error is a *DifferenceError where they differ.
func verify(ctx context.Context, p *place, model *models.Model) (*Result, error) {
	r := &Result{Info: model.Info(), Tolerance: math.Inf(1)}
	resizer, err := resize.New(r.Manifest.Preprocessing.Options)
	if err != nil {
		return nil, err
	}
	for _, probe := range r.Manifest.Probes {
		file, err := r.Manifest.ReadFile(p.aside.Path(), probe.File)
		if err != nil {
			return nil, err
		}
		pixels, err := pixelsOf(file, resizer)
		if err != nil {
			return nil, err
		}
		got, err := model.EmbedPixels(ctx, pixels)
		if err != nil {
			return nil, fmt.Errorf("reload: %w", err)
		}
		difference, allowed := compare(got, probe.Embedding, tolerances[r.Manifest.Form])
		if !(difference <= allowed) {
			return nil, &DifferenceError{probe.File, difference, allowed}
		}
		r.Difference, r.Tolerance = max(r.Difference, difference), min(r.Tolerance, allowed)
	}
	return r, nil
}

// compare returns the largest difference of two embeddings and how large it may be.
func compare(got, want []float32, tolerance float64) (difference, allowed float64) {
	if len(got) != len(want) {
		return math.Inf(1), 0
	}
	var square float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if math.IsNaN(d) {
			return math.Inf(1), 0
		}
		difference = max(difference, d)
		square += float64(w) * float64(w)
	}
	return difference, tolerance * math.Max(1, math.Sqrt(square))
}
