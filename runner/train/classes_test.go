package train

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/loss"
)

// balancedBatches are settings for batches of 4 classes with 3 images each.
var balancedBatches = []string{"sampler.balanced.images_per_class=3", "train.batch_size=12",
	"distance=cosine", "train.steps=80", "train.eval_every=20", "optimizer.adam.lr=0.003"}

// TestClassesLearn: each loss of classes tells classes apart that differ in colour.
func TestClassesLearn(t *testing.T) {
	files := pictures(t, 4, 10)
	for _, name := range loss.For(loss.Classes) {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "run")
			s, err := Run(context.Background(),
				config(t, files, folder, tiny(t, append(balancedBatches, "loss="+name)...)))
			if err != nil {
				t.Fatal(err)
			}
			if auc := s.Best.Metrics["auc"]; auc < 0.95 {
				t.Errorf("best val.auc = %.3f, want at least 0.95 on classes told apart by colour", auc)
			}
		})
	}
}

// TestObjectiveResume: what a loss learns or remembers for itself, and what batch
// norm averages, is part of a checkpoint: stopped and gone on with, a training ends
// with the same.
func TestObjectiveResume(t *testing.T) {
	for _, c := range []struct {
		set, key string
		rows     int64
	}{
		{"loss=proxyanchor", "objective/proxies", 4}, // of 4 classes
		{"loss.crossbatch.size=30", "objective/memory/embeddings", 30},
		{"loss.crossbatch={size: 30, loss: infonce}", "objective/memory/labels", 30},
		{"backbone.conv4.filters=8", "backbone/norm4/moving_variance", 8},
		{"backbone.smallresnet={depth: 8, width: 1, dropout: 0.3}", "backbone/stage3/block1/norm2/moving_mean", 64},
		{"train.ema=0.8", "backbone/conv1/kernel", 3},
	} {
		t.Run(c.set, func(t *testing.T) { testObjectiveResume(t, c.set, c.key, c.rows) })
	}
}

func testObjectiveResume(t *testing.T, set, key string, rows int64) {
	files := pictures(t, 4, 10)
	whole, halves := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "halves")
	for _, c := range []struct{ folder, steps string }{{whole, "8"}, {halves, "3"}, {halves, "8"}} {
		s := tiny(t, append(balancedBatches, set, "train.eval_every=100", "train.steps="+c.steps)...)
		if _, err := Run(context.Background(), config(t, files, c.folder, s)); err != nil {
			t.Fatal(err)
		}
	}
	want, got := newest(t, whole), newest(t, halves)
	if diff := cmp.Diff(want.Variables, got.Variables); diff != "" {
		t.Errorf("variables differ (-whole +halves):\n%.500s", diff)
	}
	if diff := cmp.Diff(want.Optimizer, got.Optimizer); diff != "" {
		t.Errorf("slots differ (-whole +halves):\n%.500s", diff)
	}
	found := false
	for _, v := range got.Variables {
		found = found || v.Name == key && v.Shape[0] == rows
	}
	if !found {
		t.Errorf("the checkpoint has no %s of %d rows", key, rows)
	}
}
