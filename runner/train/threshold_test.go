package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// TestThresholdRule: a training chooses its threshold by train.threshold, and the run keeps the
// curve that it was chosen on.
func TestThresholdRule(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	c := config(t, pictures(t, 4, 20), folder, tiny(t, "train.test=0", "train.threshold={false_accepts: 0.02}"))
	s, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := trained.Open(folder, "best", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	curve := m.Curve()
	if curve == nil || curve.Check() != nil {
		t.Fatalf("the run keeps the curve %+v", curve)
	}
	want, err := curve.Choose(distance.Rule{FalseAccepts: 0.02})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Threshold()
	if diff := cmp.Diff(want, got); err != nil || diff != "" || got.Value != s.Best.Threshold {
		t.Errorf("Threshold: %v, of the summary %g (-want +got):\n%s", err, s.Best.Threshold, diff)
	}
	// 6 images of each class are for validation: 4·15 same pairs, 6·36 different ones.
	if !strings.HasSuffix(got.Source, ", 60 same and 216 different pairs: false accepts at most 2 %") {
		t.Errorf("source %q, want that of 60 same and 216 different pairs", got.Source)
	}
	manifest, err := m.Manifest(nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(curve, manifest.Curve); diff != "" {
		t.Errorf("curve of the manifest (-run +manifest):\n%s", diff)
	}
	events, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil || !strings.Contains(string(events), `"threshold_rule":"false accepts at most 2 %"`) ||
		strings.Contains(string(events), `"curve"`) {
		t.Errorf("events name the rule and leave out the curve: %v", err)
	}
}

// TestThresholdRuleRefused: a rate that validation cannot show is refused before the first step, and
// leaves no folder.
func TestThresholdRuleRefused(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	_, err := Run(context.Background(), config(t, pictures(t, 4, 10), folder, tiny(t, "train.threshold={false_accepts: 0.001}")))
	var few *distance.FewPairsError
	if !errors.As(err, &few) || few.Needed != 3000 || few.Kind != "different" {
		t.Errorf("Run = %v, want *distance.FewPairsError of 3000 different pairs", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there: %v", folder, err)
	}
	if _, err := Resolve(tiny(t, "train.threshold={max: auc}")); err == nil ||
		!strings.Contains(err.Error(), `train.threshold: max must be accuracy or f1, got "auc"`) {
		t.Errorf("Resolve = %v", err)
	}
}
