package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/trained"
)

// overshooting is a spec whose rate is far too high, so that a part of the way is better than all of it.
func overshooting(t *testing.T, set ...string) *spec.Spec {
	t.Helper()
	return tiny(t, append([]string{"loss=contrastive", "optimizer={adam: {lr: 0.3}}", "train.steps=6",
		"train.eval_every=6"}, set...)...)
}

// interpolation trains c and returns what it said of the line, its summary, and its last checkpoint.
func interpolation(t *testing.T, c Config) (*Interpolated, *Summary, *checkpoint.Checkpoint) {
	t.Helper()
	var said *Interpolated
	c.Observe = func(e Event) {
		if x, ok := e.(Interpolated); ok {
			said = &x
		}
	}
	s, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return said, s, newest(t, c.Folder)
}

// TestInterpolate: where a share is better, the model is that part of the way from its start to
// its end, number by number; what is said, stored and returned are one; and another call changes nothing.
func TestInterpolate(t *testing.T) {
	files := pictures(t, 4, 10)
	plain := config(t, files, filepath.Join(t.TempDir(), "plain"), overshooting(t))
	if _, err := Run(context.Background(), plain); err != nil {
		t.Fatal(err)
	}
	end := newest(t, plain.Folder)
	start, err := checkpoint.Load(checkpoint.Path(filepath.Join(plain.Folder, "checkpoints"), 0))
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, files, filepath.Join(t.TempDir(), "run"), overshooting(t, "train.interpolate=true"))
	said, summary, got := interpolation(t, c)
	if said == nil || len(said.Tried) != len(between) || said.Scores == nil {
		t.Fatalf("said %+v, want shares of which one is the best", said)
	}
	best, value := 0.0, math.Inf(-1)
	for _, tried := range said.Tried {
		if tried.Value > value {
			best, value = tried.Share, tried.Value
		}
	}
	if said.Chosen != best || summary.BestValue != value || summary.BestStep != 6 || said.Scores.Metrics["auc"] != value {
		t.Errorf("chosen %g of %+v, summary %+v", said.Chosen, said.Tried, summary)
	}
	for i, v := range got.Variables {
		for j, x := range v.Data {
			a, b := float64(start.Variables[i].Data[j]), float64(end.Variables[i].Data[j])
			if want := (1-best)*a + best*b; math.Abs(float64(x)-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("%s[%d] = %v, want %v", v.Name, j, x, want)
			}
		}
	}
	state, err := trained.ReadState(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&said.Interpolated, state.Interpolated); diff != "" {
		t.Errorf("stored (-said +stored):\n%s", diff)
	}
	again, _, same := interpolation(t, c)
	if diff := cmp.Diff(got, same); diff != "" || again != nil {
		t.Errorf("another call said %+v and changed the checkpoint (-before +after):\n%.300s", again, diff)
	}
}

// TestInterpolateKeeps: where no share is better the end stays as it is, slots and all.
func TestInterpolateKeeps(t *testing.T) {
	files := pictures(t, 4, 10)
	set := []string{"optimizer={sgd: {lr: 1e-6, momentum: 0.5}}"} // nothing is learnt: all are alike
	plain := config(t, files, filepath.Join(t.TempDir(), "plain"), overshooting(t, set...))
	c := config(t, files, filepath.Join(t.TempDir(), "run"), overshooting(t, append(set, "train.interpolate=true")...))
	if _, err := Run(context.Background(), plain); err != nil {
		t.Fatal(err)
	}
	said, _, got := interpolation(t, c)
	if said == nil || said.Scores != nil || said.Chosen != 0 && said.Chosen != 1 {
		t.Fatalf("said %+v", said)
	}
	want := newest(t, plain.Folder)
	if diff := cmp.Diff(want.Variables, got.Variables) + cmp.Diff(want.Optimizer, got.Optimizer); diff != "" {
		t.Errorf("the end has changed:\n%.300s", diff)
	}
}

// TestInterpolateInterrupted: cut off between two shares, the same call makes the choice.
func TestInterpolateInterrupted(t *testing.T) {
	files := pictures(t, 4, 10)
	whole := config(t, files, filepath.Join(t.TempDir(), "whole"), overshooting(t, "train.interpolate=true"))
	_, _, want := interpolation(t, whole)
	c := config(t, files, filepath.Join(t.TempDir(), "run"), overshooting(t, "train.interpolate=true"))
	ctx, cancel := context.WithCancel(context.Background())
	c.Observe = func(e Event) {
		if x, ok := e.(Saved); ok && x.Step == 6 {
			cancel()
		}
	}
	var interrupted *InterruptedError
	if _, err := Run(ctx, c); !errors.As(err, &interrupted) {
		t.Fatalf("Run = %v, want an *InterruptedError", err)
	}
	if _, _, got := interpolation(t, c); cmp.Diff(want.Variables, got.Variables) != "" {
		t.Error("the model is another one than without the interrupt")
	}
}

// TestInterpolateFolds: folds leave no validation to choose by.
func TestInterpolateFolds(t *testing.T) {
	_, err := tiny(t).Set("train.interpolate=true", "train.folds=2")
	if err == nil || !strings.Contains(err.Error(), "train.interpolate must be false with train.folds") {
		t.Errorf("err = %v", err)
	}
}
