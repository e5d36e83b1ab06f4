package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAugment: the run's spec says every option of the steps, turns make four times
// the classes and the steps of an epoch, and other steps are another training.
func TestAugment(t *testing.T) {
	files := pictures(t, 4, 10)
	folder := filepath.Join(t.TempDir(), "run")
	set := append(balancedBatches, "loss=proxyanchor", "train.steps=2", "augment=glyph")
	var started Started
	c := config(t, files, folder, tiny(t, append(set, "augment.turns={}")...))
	c.Observe = func(e Event) {
		if s, ok := e.(Started); ok {
			started = s
		}
	}
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "spec.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  turns: {}\n  affine:\n    degrees: 10\n", "classes: 16"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("spec.yaml lacks %q:\n%s", want, text)
		}
	}
	size := c.Spec.Train.BatchSize
	if want := (4*started.TrainImages + size - 1) / size; started.StepsPerEpoch != want {
		t.Errorf("%d steps per epoch, want %d", started.StepsPerEpoch, want)
	}
	if notes := strings.Join(started.Notes, "\n"); !strings.Contains(notes, "4 times the classes") {
		t.Errorf("notes %q do not speak of turns", notes)
	}
	_, err = Run(context.Background(), config(t, files, folder, tiny(t, set...)))
	if err == nil || !strings.Contains(err.Error(), "augment.turns is set in the run and not now") {
		t.Errorf("without turns: %v", err)
	}
}
