package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// foldedSpec trains 3 folds of 12 pictures each.
func foldedSpec(t *testing.T, set ...string) Config {
	t.Helper()
	return config(t, pictures(t, 3, 12), filepath.Join(t.TempDir(), "run"), tiny(t, append([]string{"train.folds=3"}, set...)...))
}

// TestFolds: each image is measured once, by the network that has not seen it; the final
// network has seen all, and its threshold is that of the pooled distances, found again here
// from the networks of the folds.
func TestFolds(t *testing.T) {
	c := foldedSpec(t)
	var events []string
	c.Observe = func(e Event) {
		switch e := e.(type) {
		case Folded:
			events = append(events, fmt.Sprintf("fold %d of %d", e.Fold, e.Folds))
		case Pooled:
			events = append(events, fmt.Sprintf("pooled %d", e.Folds))
		case Started:
			events = append(events, fmt.Sprintf("%d train, %d val", e.TrainImages, e.ValImages))
		}
	}
	s, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"fold 1 of 3", "24 train, 12 val", "fold 2 of 3", "24 train, 12 val", "fold 3 of 3", "24 train, 12 val",
		"pooled 3", "36 train, 0 val"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s.Step != 12 || s.BestStep != 12 || s.Best == nil || s.BestValue != s.Best.Metrics["auc"] {
		t.Fatalf("summary %+v, want step 12 with pooled scores", s)
	}
	pairs := 0
	for k := 1; k <= 3; k++ { // 4 images of each class: 18 same pairs and as many different
		state, err := trained.ReadState(newest(t, filepath.Join(c.Folder, "folds", fmt.Sprint(k))))
		if err != nil || state.Validation.Step != 12 || state.Validation.Folds != 0 {
			t.Fatalf("fold %d: %+v, %v", k, state.Validation, err)
		}
		pairs += state.Validation.Scores.Pairs
	}
	if s.Best.Pairs != pairs || pairs != 3*36 {
		t.Errorf("%d pairs are pooled of %d, want 108", s.Best.Pairs, pairs)
	}
	m, err := trained.Open(c.Folder, "best", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	threshold, err := m.Threshold()
	if err != nil || threshold.Source != "validation, 3 folds, 108 pairs" {
		t.Errorf("threshold %+v, %v", threshold, err)
	}
	if got := pooledAnew(t, c); got.Threshold != threshold.Value || got.Metrics["auc"] != s.BestValue {
		t.Errorf("pooled anew: threshold %g, auc %g; the run has %g, %g", got.Threshold, got.Metrics["auc"], threshold.Value, s.BestValue)
	}
	if same, different := m.Curve().Pairs(); same != 3*18 || different != 3*48 {
		t.Errorf("curve of %d same and %d different pairs, want 54 and 144: all within folds", same, different)
	}
}

// pooledAnew measures each fold with its network.
func pooledAnew(t *testing.T, c Config) evaluate.Scores {
	t.Helper()
	var outcomes []evaluate.Outcome
	for k := 1; k <= 3; k++ {
		m, err := trained.Open(filepath.Join(c.Folder, "folds", fmt.Sprint(k)), "last", network.Own{}, session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l := foldLoop(t, m.Spec.Train.Fold)
		chosen, err := evaluate.ChoosePairs(l.Data, l.Data.In(dataset.Val), nil, l.Data.ClassesOf(dataset.Train), uint64(m.Spec.Train.Seed))
		if err != nil {
			t.Fatal(err)
		}
		embeddings, err := evaluate.Embed(context.Background(), m, l.store, chosen.Images, nil)
		if err != nil {
			t.Fatal(err)
		}
		o, err := evaluate.Measure(m, embeddings, chosen)
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
		if err := errors.Join(m.Close(), l.close()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := evaluate.Pool(outcomes).Scores(distance.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// foldLoop is a training that holds out fold k and has only opened its images.
func foldLoop(t *testing.T, k int) *loop {
	t.Helper()
	c := foldedSpec(t, fmt.Sprintf("train.fold=%d", k))
	l := &loop{Config: c}
	if err := l.Data.Assign(trained.Splits(c.Spec)); err != nil {
		t.Fatal(err)
	}
	l.Store.SpillDir = t.TempDir()
	var err error
	if l.folder, err = run.OpenOrCreate(filepath.Join(t.TempDir(), "run"), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.openStore(); err != nil {
		t.Fatal(err)
	}
	return l
}

// stopAndGoOn stops a training of several after some steps, and goes on with it: total steps are made, and what is left is
// want, a checkpoint.
func stopAndGoOn(t *testing.T, training func() Config, at, total int, want *checkpoint.Checkpoint) {
	t.Helper()
	c := training()
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	c.Observe = func(e Event) {
		if _, ok := e.(Stepped); ok {
			if steps++; steps == at {
				cancel()
			}
		}
	}
	var interrupted *InterruptedError
	if _, err := Run(ctx, c); !errors.As(err, &interrupted) {
		t.Fatalf("stopped after %d steps: %v", at, err)
	}
	c.Data = training().Data
	if s, err := Run(context.Background(), c); err != nil || s.Step != 12 {
		t.Fatalf("gone on with: %+v, %v", s, err)
	}
	if steps != total && steps != total+1 { // the step in hand is finished
		t.Errorf("stopped after %d steps, %d are made, want %d", at, steps, total)
	}
	if diff := cmp.Diff(want, newest(t, c.Folder)); diff != "" {
		t.Errorf("stopped after %d steps, the model differs:\n%.400s", at, diff)
	}
}

// TestFoldsResume: a training stopped in a fold, or after them, ends as one that was not, and
// what is done is not done again.
func TestFoldsResume(t *testing.T) {
	whole := foldedSpec(t)
	if _, err := Run(context.Background(), whole); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{5, 20, 40} { // steps of 12 each in folds 1, 2 and in the last training
		stopAndGoOn(t, func() Config { return foldedSpec(t) }, at, 48, newest(t, whole.Folder))
	}
	whole.Data = foldedSpec(t).Data
	whole.Observe = func(e Event) {
		switch e.(type) {
		case Folded, Stepped:
			t.Errorf("a finished training goes on: %+v", e)
		}
	}
	if s, err := Run(context.Background(), whole); err != nil || s.BestStep != 12 {
		t.Errorf("the same again: %+v, %v", s, err)
	}
}

// TestFoldsTime: time that is used up in a fold ends the training; the same again goes on.
func TestFoldsTime(t *testing.T) {
	c := foldedSpec(t)
	c.Now = ticking(time.Second)
	in := map[int]bool{}
	for range 40 {
		c.MaxTime = 30 * time.Second // of a clock that ticks whenever it is read
		c.Data = foldedSpec(t).Data
		s, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		in[s.Fold] = true
		if s.Reason == EndedBudget {
			if s.BestStep != 12 || !in[1] || !in[3] {
				t.Errorf("ended %+v, time was up in folds %v", s, in)
			}
			return
		}
	}
	t.Error("40 times as much time did not do")
}

// TestFoldsMore: with more steps the folds go on, too, and what they say is of as many.
func TestFoldsMore(t *testing.T) {
	c := foldedSpec(t)
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	more := foldedSpec(t, "train.steps=20")
	more.Folder = c.Folder
	if s, err := Run(context.Background(), more); err != nil || s.BestStep != 20 {
		t.Fatalf("%+v, %v; want the last of 20 steps", s, err)
	}
	state, err := trained.ReadState(newest(t, c.Folder))
	if err != nil || state.Validation.Step != 20 || state.Validation.Folds != 3 {
		t.Errorf("validation %+v, %v; want that of 3 folds after 20 steps", state.Validation, err)
	}
}

// TestFoldsRefused: what cannot be folded leaves no folder behind.
func TestFoldsRefused(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want string
	}{
		{[]string{"train.folds=9", "train.unseen_classes=true"}, "cannot be split by class"},
		{[]string{"train.folds=20"}, "the data is enough for"},
		{[]string{"train.threshold={false_accepts: 0.01}"}, "different pairs"}, // 144 in all, 300 are needed
	} {
		cfg := foldedSpec(t, c.set...)
		_, err := Run(context.Background(), cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want it to say %q", c.set, err, c.want)
		}
		if _, err := os.Stat(cfg.Folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v: the folder is there (%v)", c.set, err)
		}
	}
	s := tiny(t, "train.folds=3")
	if _, err := s.Set("train.patience=2"); err == nil || !strings.Contains(err.Error(), "train.patience must be 0") {
		t.Errorf("patience with folds: %v", err)
	}
}

// TestFoldsOfPhotos: photos among label images are pooled, too, and the model carries the label
// images as the last network embeds them.
func TestFoldsOfPhotos(t *testing.T) {
	for _, side := range []string{"frozen", "shared"} {
		folder := filepath.Join(t.TempDir(), "run")
		s, err := Run(context.Background(), featureConfig(t, nil, folder, tinyFeature(t, "target.side="+side, "train.folds=3")))
		if err != nil {
			t.Fatal(err)
		}
		if s.Best.Photos != 36 || s.BestValue != s.Best.Metrics["recall@1"] || s.Best.NoneAbove == nil { // 4 classes of 9 photos
			t.Errorf("%s: %d photos, best %g, %v; want all 36", side, s.Best.Photos, s.BestValue, s.Best.Metrics)
		}
		m, err := trained.Open(folder, "best", network.Own{}, session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if t2 := m.NoneAbove(); t2 == nil || t2.Source != "validation, 3 folds, 36 photos" || len(m.State.Gallery) != 4 {
			t.Errorf("%s: none above %+v, %d label images", side, t2, len(m.State.Gallery))
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFoldsShareFeatures: the frozen part sees each image once, in the first fold.
func TestFoldsShareFeatures(t *testing.T) {
	files := pictures(t, 3, 12)
	c := config(t, files, filepath.Join(t.TempDir(), "run"), frozenSpec(t, "train.folds=3", "train.test=0"))
	var made []int
	c.Observe = func(e Event) {
		if x, ok := e.(Extracted); ok && x.Done == x.Total {
			made = append(made, x.Made)
		}
	}
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{36, 0, 0, 0}, made); diff != "" {
		t.Errorf("features made in each fold and at last (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(c.Folder, "cache")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the features are kept (%v)", err)
	}
}
