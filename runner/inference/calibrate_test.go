package inference_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// withCurve returns an exported model that keeps a curve: thresholds 0, 1 and 2 of 10 same and 600
// different pairs.
func withCurve(t *testing.T) *inference.Model {
	t.Helper()
	folder := trainedtest.Run(t, func(_ *checkpoint.Checkpoint, s *trained.State) {
		s.Validation.Curve = &distance.Curve{Prevalence: 0.5, Threshold: []float64{-1, 1, 2},
			Same: []int64{0, 9, 10}, Different: []int64{0, 5, 600}}
		s.Validation.Scores.Metrics = map[string]float64{"auc": 0.75, "accuracy": 0.7, "f1": 0.6}
	})
	out := filepath.Join(t.TempDir(), "model")
	if _, err := export.Run(t.Context(), export.Config{Run: folder, Checkpoint: "last", Out: out}); err != nil {
		t.Fatal(err)
	}
	return opened(t, out)
}

// TestChooseThreshold: an exported model chooses another threshold on what it keeps of validation.
func TestChooseThreshold(t *testing.T) {
	m := withCurve(t)
	if err := m.ChooseThreshold(distance.Rule{FalseAccepts: 0.01}); err != nil { // 5 of 600
		t.Fatal(err)
	}
	got, err := m.Threshold()
	want := distance.Threshold{Value: 1, Source: "validation, step 7, 10 same and 600 different pairs: false accepts at most 1 %", FalseAccepts: 0.01}
	if err != nil || got != want {
		t.Errorf("Threshold = %+v, %v; want %+v", got, err, want)
	}
	var few *distance.FewPairsError
	if err := m.ChooseThreshold(distance.Rule{FalseAccepts: 0.001}); !errors.As(err, &few) || m.Manifest.Threshold != want {
		t.Errorf("0.1 %% of 600 pairs: %v, threshold %+v; want *distance.FewPairsError, and that it stays", err, m.Manifest.Threshold)
	}
	k, err := m.Recalibrate(distance.Rule{FalseRejects: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if k.Manifest.Threshold.Value != 1 || len(k.Manifest.Metrics) != 1 || k.Manifest.Metrics[0].Name != "auc" || k.Scores != nil {
		t.Errorf("Recalibrate: threshold %+v, metrics %+v; want 1, and those that do not depend on it",
			k.Manifest.Threshold, k.Manifest.Metrics)
	}
	m.Manifest.Curve = nil
	if err := m.ChooseThreshold(distance.Rule{}); !errors.Is(err, distance.ErrNoCurve) {
		t.Errorf("ChooseThreshold without a curve: %v, want distance.ErrNoCurve", err)
	}
	if _, err := m.Recalibrate(distance.Rule{}); !errors.Is(err, distance.ErrNoCurve) {
		t.Errorf("Recalibrate without a curve: %v, want distance.ErrNoCurve", err)
	}
}

// TestCalibrate: a threshold is chosen on data, with all that follows from it, and the model says
// so when it is measured on the same data.
func TestCalibrate(t *testing.T) {
	m := withCurve(t)
	folder := filepath.Join(t.TempDir(), "pictures")
	if err := sample.Write(folder, sample.Options{Classes: 4, Train: 5, Test: 1, Size: 16}); err != nil {
		t.Fatal(err)
	}
	data := dataOf(t, filepath.Join(folder, "train")) // 20 images: 40 same pairs, 150 different ones
	before := m.Manifest
	k, err := m.Calibrate(t.Context(), evaluate.Config{Data: data, Part: data.All()}, distance.Rule{FalseAccepts: 0.1},
		inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(k.Manifest.Threshold.Source, "train, 40 same and 150 different pairs: false accepts at most 10 %") {
		t.Errorf("source %q, want that of 40 same and 150 different pairs", k.Manifest.Threshold.Source)
	}
	if m.Manifest.Threshold != before.Threshold || m.Manifest.CalibratedOn != nil {
		t.Error("Calibrate changed the model")
	}
	names := func(list []models.Metric) (names []string) {
		for _, m := range list {
			names = append(names, m.Name)
		}
		return names
	}
	if got := names(k.Manifest.Metrics); !slices.Equal(got, []string{"accuracy", "auc", "average_precision", "eer", "f1"}) ||
		k.Manifest.Pairs != k.Scores.Pairs || k.Manifest.CalibratedOn.Fingerprint != data.Fingerprint() ||
		k.Manifest.Probability == nil || k.Manifest.Space != before.Space || k.Exposure.Known {
		t.Errorf("manifest %+v, want all that follows from the pairs", k.Manifest)
	}
	m.Manifest = k.Manifest
	report, _, err := m.Evaluate(t.Context(), evaluate.Config{Data: data, Part: data.All()}, inference.Reading{})
	if err != nil || !slices.Contains(report.Doubts, "the threshold was chosen on these images") {
		t.Errorf("Evaluate on the same data: %v, doubts %q", err, report.Doubts)
	}
	if got := report.Wrong.FalseAccepts.Value; got > 0.1 || report.Wrong.Different != 150 {
		t.Errorf("wrong answers %+v, want at most 10 %% of 150", report.Wrong)
	}
	var few *distance.FewPairsError
	if _, err := m.Calibrate(t.Context(), evaluate.Config{Data: data, Part: data.All()},
		distance.Rule{FalseAccepts: 0.01}, inference.Reading{}); !errors.As(err, &few) || few.Pairs != 150 {
		t.Errorf("1 %% of 150 pairs: %v, want *distance.FewPairsError", err)
	}
}
