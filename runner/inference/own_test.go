package inference_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/backbone"
	graph "github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/train"
)

// own has one part of each kind; drawn counts what its augmentation changes.
func own(drawn *atomic.Int64) network.Own {
	return network.Own{
		Augmentations: map[string]augment.Row{"invert": {New: func(raw augment.Options) (augment.Step, error) {
			return augment.Change(func(r *rand.Rand, pixels []uint8, size int) {
				drawn.Add(1)
				for i := range pixels {
					pixels[i] = 255 - pixels[i]
				}
			}), raw.Into(&struct{}{})
		}}},
		Backbones: map[string]backbone.Row{"thumbnail": {New: thumbnail}},
		Distances: map[string]network.Distance{"chebyshev": {
			Graph: graph.Row{New: func(raw graph.Options) (graph.Distance, error) { return chebyshev, raw.Into(&struct{}{}) }},
			Go:    distance.New(chebyshevInGo, nil)}},
		Losses: map[string]loss.Row{"pull": {New: pull}},
	}
}

// thumbnail is pixels of a grid of so many cells a side, each the mean of its place, scaled by
// one trained weight for each of them.
func thumbnail(raw backbone.Options) (backbone.Backbone, error) {
	o := struct {
		Cells int64 `yaml:"cells"`
	}{4}
	err := raw.Into(&o)
	return backbone.Backbone{MinSize: 8, Build: func(s *op.Scope, v *variable.Set, _ layer.Mode, x tf.Output) tf.Output {
		side := op.Const(s.SubScope("side"), []int32{int32(o.Cells), int32(o.Cells)})
		small := op.ResizeArea(s.SubScope("resize"), x, side)
		features := 3 * o.Cells * o.Cells
		flat := op.Reshape(s.SubScope("flat"), small, op.Const(s.SubScope("shape"), []int32{-1, int32(features)}))
		unit := op.Mul(s.SubScope("unit"), flat, op.Const(s.SubScope("range"), float32(1./255)))
		return op.Mul(s.SubScope("scale"), unit, v.Create("scale", []int64{features}, variable.Ones).Read)
	}}, err
}

func chebyshev(s *op.Scope, a, b tf.Output) tf.Output {
	gap := op.Abs(s.SubScope("abs"), op.Sub(s.SubScope("sub"), a, b))
	return op.Max(s.SubScope("max"), gap, op.Const(s.SubScope("axis"), int32(1)))
}

func chebyshevInGo(a, b []float32) float64 {
	var most float32
	for i := range a {
		most = max(most, a[i]-b[i], b[i]-a[i])
	}
	return float64(most)
}

// pull asks same pairs to be near, and others to be a margin away.
func pull(raw loss.Options) (loss.Loss, error) {
	o := struct {
		Margin float32 `yaml:"margin"`
	}{1}
	err := raw.Into(&o)
	if err == nil && o.Margin <= 0 {
		err = errors.New("margin must be positive")
	}
	return loss.Loss{Needs: loss.Pairs, Build: func(s *op.Scope, _ *variable.Set, in loss.In) (values, valid tf.Output) {
		short := op.Relu(s.SubScope("short"), op.Sub(s.SubScope("gap"), op.Const(s.SubScope("margin"), o.Margin), in.Distance))
		different := op.Sub(s.SubScope("different"), op.Const(s.SubScope("one"), float32(1)), in.Same)
		values = op.AddV2(s.SubScope("sum"), op.Mul(s.SubScope("pull"), in.Same, in.Distance),
			op.Mul(s.SubScope("push"), different, short))
		return values, op.IsFinite(s.SubScope("valid"), values)
	}}, err
}

// TestOwn: a program trains by names of its own parts, goes on with the run, exports, and
// evaluates and searches with both; without the parts, their names are unknown.
func TestOwn(t *testing.T) {
	if err := session.Ready(session.Options{}); err != nil {
		t.Skip(err)
	}
	folder := t.TempDir()
	if err := sample.Write(filepath.Join(folder, "pictures"), sample.Options{Classes: 3, Train: 8, Test: 4, Size: 24}); err != nil {
		t.Fatal(err)
	}
	open := func() *dataset.Dataset {
		data, err := dataset.Open(dataset.Options{Data: filepath.Join(folder, "pictures")})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	s, err := spec.Preset("siamese")
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set("input.size=24", "backbone.thumbnail.cells=2", "distance=chebyshev", "loss.pull.margin=0.5",
		"augment.invert={}", "train={steps: 6, eval_every: 3, batch_size: 8}")
	if err != nil {
		t.Fatal(err)
	}
	var unknown *named.UnknownError
	if _, err := train.Resolve(s); !errors.As(err, &unknown) {
		t.Errorf("without the parts: %v, want *named.UnknownError", err)
	}
	var drawn atomic.Int64
	parts, run, out := own(&drawn), filepath.Join(folder, "run"), filepath.Join(folder, "model")
	for _, steps := range []string{"train.steps=6", "train.steps=9"} { // the second goes on with the first
		if s, err = s.Set(steps); err != nil {
			t.Fatal(err)
		}
		r, err := train.ResolveWith(s, parts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Run(t.Context(), train.Config{Resolved: r, Data: open(), Folder: run, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
	}
	if drawn.Load() < 9*8 {
		t.Errorf("the augmentation changed %d images in 9 steps of 8 pairs", drawn.Load())
	}
	if _, err := export.Run(t.Context(), export.Config{Run: run, Checkpoint: "last", Out: out, Own: parts}); err != nil {
		t.Fatal(err)
	}
	var corrupt *models.CorruptError
	if _, err := models.Load(out); !errors.As(err, &corrupt) || !strings.Contains(err.Error(), `unknown distance "chebyshev"`) {
		t.Errorf("loaded without the distance: %v", err)
	}
	trained := gapOf(t, run, inference.Options{Checkpoint: "last", Own: parts}, open())
	exported := gapOf(t, out, inference.Options{Own: parts}, open())
	if math.Abs(trained-exported) > 1e-5 { // what export allows of an embedding
		t.Errorf("gap between distances %v by the run, %v by its export", trained, exported)
	}
}

// gapOf evaluates the model in folder on test, checks that distances are those of
// chebyshevInGo, and returns by how much those of different pairs are larger.
func gapOf(t *testing.T, folder string, o inference.Options, data *dataset.Dataset) float64 {
	t.Helper()
	m, err := inference.Open(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	part, err := m.Part(data, dataset.Test)
	if err != nil {
		t.Fatal(err)
	}
	report, _, err := m.Evaluate(t.Context(), evaluate.Config{Data: data, Part: part}, inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	answers := report.Answers
	for i := range 5 {
		pair := []int32{answers.Images[answers.Left[i]], answers.Images[answers.Right[i]]}
		e, err := m.EmbedImages(t.Context(), data, pair, inference.Reading{})
		if err != nil {
			t.Fatal(err)
		}
		if want := float32(chebyshevInGo(e.Data[:e.Dim], e.Data[e.Dim:])); answers.Distance[i] != want {
			t.Errorf("%s: distance of pair %d = %v, want %v", folder, i, answers.Distance[i], want)
		}
	}
	return report.Distances.Gap
}

// TestOwnNames: a name that a table has is refused.
func TestOwnNames(t *testing.T) {
	s, err := spec.Preset("siamese")
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.ResolveWith(s, network.Own{Losses: map[string]loss.Row{"triplet": {New: pull}}})
	if err == nil || err.Error() != `loss "triplet" is there already: give your own another name` {
		t.Errorf("a loss called triplet: %v", err)
	}
}

// TestOwnDistanceInGo: a distance that is there as a graph alone is refused before anything is trained.
func TestOwnDistanceInGo(t *testing.T) {
	s, err := spec.Preset("siamese")
	if err != nil {
		t.Fatal(err)
	}
	var drawn atomic.Int64
	half := network.Own{Distances: map[string]network.Distance{"chebyshev": {Graph: own(&drawn).Distances["chebyshev"].Graph}}}
	_, err = train.ResolveWith(s, half)
	if !errors.Is(err, distance.ErrNone) || err.Error() != `distance "chebyshev": Go: no distance is given: make one with distance.New` {
		t.Errorf("a distance without its side in Go: %v", err)
	}
	if _, err := half.DistancesInGo().ByName("chebyshev"); !errors.Is(err, distance.ErrNone) {
		t.Errorf("its side in Go, by name: %v, want distance.ErrNone", err)
	}
}
