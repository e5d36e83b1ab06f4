package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// pictures returns class folders of noisy pictures, each class of one colour.
func pictures(t *testing.T, classes, each int) fstest.MapFS {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	files := fstest.MapFS{}
	for c := range classes {
		for i := range each {
			img := image.NewRGBA(image.Rect(0, 0, 16, 16))
			for p := range 256 {
				img.Set(p%16, p/16, color.RGBA{
					R: uint8(60 + 120*(c&1) + r.IntN(60)), G: uint8(60 + 60*(c&2) + r.IntN(60)),
					B: uint8(60 + 30*(c&4) + r.IntN(60)), A: 255})
			}
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			files[fmt.Sprintf("data/class%d/%02d.png", c, i)] = &fstest.MapFile{Data: b.Bytes()}
		}
	}
	return files
}

// tiny is a spec that trains in moments.
func tiny(t *testing.T, set ...string) *spec.Spec {
	t.Helper()
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set(append([]string{"input.size=16", "backbone.smallconv={filters: [4, 4], dense: 8}",
		"train={batch_size: 8, steps: 12, eval_every: 5, val: 0.3, test: 0}"}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// config returns a training of s on files into folder, with a clock that ticks a second.
func mustResolve(t *testing.T, s *spec.Spec) *Resolved {
	t.Helper()
	r, err := Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func config(t *testing.T, files fstest.MapFS, folder string, s *spec.Spec) Config {
	t.Helper()
	data, err := dataset.Open(dataset.Options{Data: "data", FS: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.Close() })
	return Config{Resolved: mustResolve(t, s), Data: data, Folder: folder, Now: ticking(time.Second)}
}

func ticking(tick time.Duration) func() time.Time {
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(tick); return now }
}

func newest(t *testing.T, folder string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Latest(filepath.Join(folder, "checkpoints"), func(path string, err error) {
		t.Errorf("checkpoint %s: %v", path, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRunLearns(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	s, err := Run(context.Background(), config(t, pictures(t, 4, 10), folder, tiny(t, "train.steps=60")))
	if err != nil {
		t.Fatal(err)
	}
	if s.Reason != EndedBudget || s.Step != 60 {
		t.Errorf("Run ended at step %d for %s, want 60, budget", s.Step, s.Reason)
	}
	if auc := s.Best.Metrics["auc"]; auc < 0.95 {
		t.Errorf("best val.auc = %.3f, want at least 0.95 on classes told apart by colour", auc)
	}
	m, err := trained.Open(folder, "best", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	threshold, err := m.Threshold()
	if err != nil || threshold.Value != s.Best.Threshold {
		t.Errorf("Threshold() = %+v, %v; want %v", threshold, err, s.Best.Threshold)
	}
}

// TestResume: a training interrupted at any step and continued ends with the
// weights, the slots, the best step and the threshold of an uninterrupted one.
func TestResume(t *testing.T) {
	files := pictures(t, 3, 8)
	whole := filepath.Join(t.TempDir(), "whole")
	augmented := func() *spec.Spec { return tiny(t, "augment=strong") }
	if _, err := Run(context.Background(), config(t, files, whole, augmented())); err != nil {
		t.Fatal(err)
	}
	want := newest(t, whole)
	for at := 1; at < 12; at++ {
		folder := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancelCause(context.Background())
		c := config(t, files, folder, augmented())
		stop := errors.New("stop")
		c.Observe = func(e Event) {
			if s, ok := e.(Stepped); ok && s.Step == at {
				cancel(stop)
			}
		}
		_, err := Run(ctx, c)
		var interrupted *InterruptedError
		if !errors.As(err, &interrupted) || interrupted.Step != at || !errors.Is(err, stop) {
			t.Fatalf("Run cancelled at step %d = %v", at, err)
		}
		if got := newest(t, folder); got.Step != at {
			t.Fatalf("after cancelling at step %d the newest checkpoint is of step %d", at, got.Step)
		}
		if _, err := Run(context.Background(), config(t, files, folder, augmented())); err != nil {
			t.Fatal(err)
		}
		got := newest(t, folder)
		if diff := cmp.Diff(want.Variables, got.Variables); diff != "" {
			t.Fatalf("interrupted at step %d, variables differ (-want +got):\n%.500s", at, diff)
		}
		if diff := cmp.Diff(want.Optimizer, got.Optimizer); diff != "" {
			t.Fatalf("interrupted at step %d, slots differ (-want +got):\n%.500s", at, diff)
		}
		if diff := cmp.Diff(string(want.Meta), string(got.Meta)); diff != "" {
			t.Errorf("interrupted at step %d, state differs (-want +got):\n%s", at, diff)
		}
	}
}

// TestCancelledWhileReading: before the first step nothing is written.
func TestCancelledWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	folder := filepath.Join(t.TempDir(), "run")
	c := config(t, pictures(t, 3, 8), folder, tiny(t))
	c.Observe = func(e Event) {
		if _, ok := e.(Prepared); ok {
			cancel()
		}
	}
	if _, err := Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want context.Canceled", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run folder is there (%v)", err)
	}
}

// TestMaxTime: a training whose time is used ends well, evaluated and saved; the same
// again goes on, and ends with the weights of one that had the time.
func TestMaxTime(t *testing.T) {
	files := pictures(t, 3, 8)
	whole, folder := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "run")
	if _, err := Run(context.Background(), config(t, files, whole, tiny(t))); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for {
		c := config(t, files, folder, tiny(t))
		c.MaxTime = 12 * time.Second // of a clock that ticks whenever it is read
		s, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		state, err := trained.ReadState(newest(t, folder))
		if err != nil || state.Validation == nil || state.Validation.Step != s.Step {
			t.Fatalf("ended at step %d, evaluated %+v, %v", s.Step, state.Validation, err)
		}
		if calls++; s.Reason != EndedTime {
			if s.Reason != EndedBudget || s.Step != 12 {
				t.Errorf("ended at step %d for %s, want 12, budget", s.Step, s.Reason)
			}
			break
		}
	}
	if calls < 3 {
		t.Errorf("%d calls made 12 steps, want the time to be used up twice", calls)
	}
	if diff := cmp.Diff(newest(t, whole).Variables, newest(t, folder).Variables); diff != "" {
		t.Errorf("variables differ (-whole +stopped):\n%.500s", diff)
	}
	if diff := cmp.Diff(newest(t, whole).Optimizer, newest(t, folder).Optimizer); diff != "" {
		t.Errorf("slots differ (-whole +stopped):\n%.500s", diff)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	files := pictures(t, 3, 8)
	var first *checkpoint.Checkpoint
	for _, workers := range []int{1, 8} {
		folder := filepath.Join(t.TempDir(), "run")
		c := config(t, files, folder, tiny(t, "augment={preset: strong, turns: {}}"))
		c.Store.Workers = workers
		if _, err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		got := newest(t, folder)
		if first == nil {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("1 and %d workers differ:\n%.500s", workers, diff)
		}
	}
}

func TestGoOn(t *testing.T) {
	files, folder := pictures(t, 3, 8), filepath.Join(t.TempDir(), "run")
	train := func(set ...string) (*Summary, error) {
		return Run(context.Background(), config(t, files, folder, tiny(t, set...)))
	}
	if _, err := train(); err != nil {
		t.Fatal(err)
	}
	before := newest(t, folder)
	if s, err := train(); err != nil || s.Step != 12 {
		t.Fatalf("the same again: %+v, %v; want nothing to do", s, err)
	}
	if diff := cmp.Diff(before, newest(t, folder)); diff != "" {
		t.Errorf("the same again changed the checkpoint:\n%.300s", diff)
	}
	if s, err := train("train.steps=20"); err != nil || s.Step != 20 {
		t.Fatalf("more steps: %+v, %v; want 20", s, err)
	}
	_, err := train("train.steps=20", "optimizer.adam.lr=0.5", "loss=contrastive")
	var other *SpecError
	if !errors.As(err, &other) {
		t.Fatalf("another spec: %v, want *SpecError", err)
	}
	for _, key := range []string{"optimizer.adam.lr", "loss.bce", "loss.contrastive.margin"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("another spec: %v, want it to name %s", err, key)
		}
	}
	if _, err := train("train.steps=12"); !errors.As(err, &other) {
		t.Errorf("fewer steps: %v, want *SpecError", err)
	}
	files["data/class0/99.png"] = files["data/class0/00.png"]
	var data *DataError
	if _, err := train("train.steps=20"); !errors.As(err, &data) {
		t.Errorf("one more image: %v, want *DataError", err)
	}
}

// TestGoOnCosine: the length of a cosine is part of it.
func TestGoOnCosine(t *testing.T) {
	files, folder := pictures(t, 3, 8), filepath.Join(t.TempDir(), "run")
	if _, err := Run(context.Background(), config(t, files, folder, tiny(t, "schedule=cosine"))); err != nil {
		t.Fatal(err)
	}
	_, err := Run(context.Background(),
		config(t, files, folder, tiny(t, "schedule=cosine", "train.steps=20")))
	var other *SpecError
	if !errors.As(err, &other) {
		t.Errorf("more steps of a cosine: %v, want *SpecError", err)
	}
}

func TestLocked(t *testing.T) {
	files, folder := pictures(t, 3, 8), filepath.Join(t.TempDir(), "run")
	c := config(t, files, folder, tiny(t))
	second := config(t, files, folder, tiny(t))
	tried := false
	c.Observe = func(e Event) {
		if _, ok := e.(Started); !ok {
			return
		}
		tried = true
		var locked *run.LockedError
		if _, err := Run(context.Background(), second); !errors.As(err, &locked) {
			t.Errorf("second trainer: %v, want *run.LockedError", err)
		}
	}
	if _, err := Run(context.Background(), c); err != nil || !tried {
		t.Fatal(err, tried)
	}
}

func TestBadImages(t *testing.T) {
	files := pictures(t, 3, 10)
	files["data/class0/00.png"] = &fstest.MapFile{Data: []byte("no picture")}
	files["data/class1/03.png"] = &fstest.MapFile{Data: nil}
	folder := filepath.Join(t.TempDir(), "run")
	_, err := Run(context.Background(), config(t, files, folder, tiny(t)))
	var bad *pipeline.BadImagesError
	if !errors.As(err, &bad) || len(bad.Images) != 2 {
		t.Fatalf("two bad images: %v, want both named", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a training that did not begin left a folder (%v)", err)
	}
	for _, name := range []string{"class0/00.png", "class1/03.png"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	c := config(t, files, folder, tiny(t))
	c.SkipBad = 0.01 // of 30 images none
	if _, err := Run(context.Background(), c); !errors.As(err, &bad) || bad.Budget != 0 || bad.Share != 0.01 {
		t.Errorf("a budget of none: %v, want it refused", err)
	}
	c = config(t, files, folder, tiny(t))
	c.SkipBad = 0.1
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	state, err := trained.ReadState(newest(t, folder))
	if err != nil || len(state.Skipped) != 2 {
		t.Errorf("state says %v were skipped, %v; want two", state.Skipped, err)
	}
}

func TestDiverged(t *testing.T) {
	files, folder := pictures(t, 3, 8), filepath.Join(t.TempDir(), "run")
	s := tiny(t, "optimizer={sgd: {lr: 1e30}}", "train.eval_every=1")
	_, err := Run(context.Background(), config(t, files, folder, s))
	var diverged *DivergedError
	if !errors.As(err, &diverged) {
		t.Fatalf("learning rate 1e30: %v, want *DivergedError", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	for _, step := range mustSteps(t, folder) {
		if _, err := checkpoint.Load(checkpoint.Path(filepath.Join(folder, "checkpoints"), step)); err != nil {
			t.Error(err)
		}
	}
}

func mustSteps(t *testing.T, folder string) []int {
	t.Helper()
	steps, err := checkpoint.Steps(filepath.Join(folder, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func TestPatience(t *testing.T) {
	files, folder := pictures(t, 3, 8), filepath.Join(t.TempDir(), "run")
	set := []string{"optimizer={sgd: {lr: 1e-30}}", "train.patience=2", "train.steps=100"}
	for range 2 { // once more changes nothing
		s, err := Run(context.Background(), config(t, files, folder, tiny(t, set...)))
		if err != nil {
			t.Fatal(err)
		}
		if s.Reason != EndedPatience || s.Step != 15 || s.BestStep != 5 {
			t.Errorf("Run = %+v; want it to stop at 15, ten steps after the best", s)
		}
	}
	// Three checkpoints and the best: 5, 10, 15.
	if diff := cmp.Diff([]int{5, 10, 15}, mustSteps(t, folder)); diff != "" {
		t.Errorf("checkpoints (-want +got):\n%s", diff)
	}
}

// TestCheckpoints: between evaluations, epochs that take half a minute end with a
// checkpoint, shorter ones do not, and five minutes are the longest without one. The start is
// evaluated.
func TestCheckpoints(t *testing.T) {
	for _, c := range []struct {
		tick time.Duration // between two looks at the clock, of which a step takes a few
		want []int         // an epoch is three steps
	}{
		{time.Microsecond, []int{0, 12}},
		{10 * time.Second, []int{0, 3, 6, 9, 12}},
		{5 * time.Minute, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
	} {
		cfg := config(t, pictures(t, 3, 8), filepath.Join(t.TempDir(), "run"),
			tiny(t, "train.eval_every=12"))
		cfg.Now = ticking(c.tick)
		var got []int
		cfg.Observe = func(e Event) {
			if s, ok := e.(Saved); ok {
				got = append(got, s.Step)
			}
		}
		if _, err := Run(context.Background(), cfg); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("with a clock of %v, checkpoints (-want +got):\n%s", c.tick, diff)
		}
	}
}

// TestCollapse: where all pictures are one picture, all embeddings are alike.
func TestCollapse(t *testing.T) {
	files := pictures(t, 3, 8)
	for name := range files {
		files[name] = files["data/class0/00.png"]
	}
	c := config(t, files, filepath.Join(t.TempDir(), "run"), tiny(t))
	var alarms []Alarmed
	c.Observe = func(e Event) {
		if a, ok := e.(Alarmed); ok {
			alarms = append(alarms, a)
		}
	}
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if len(alarms) == 0 || !strings.Contains(alarms[0].Advice, "optimizer.adam.lr (now 0.001)") {
		t.Errorf("alarms = %+v, want one that names the learning rate", alarms)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"loss=tripplet", `unknown loss "tripplet" (known: arcface, bce, circle,`},
		{"loss.contrastive.margn=1", `loss "contrastive": unknown field "margn" (known: margin, reduction)`},
		{"backbone.smallconv.filters=[4,4,4,4]", "input.size must be at least"},
		{"train.select=test.auc", "train.select must be val.METRIC"},
		{"train.select=val.auk", `unknown metric of validation "auk"`},
		{"sampler.balanced={}", "classes"},
		{"augment=glph", `unknown augmentation preset "glph"`},
		{"augment.rotate.degrees=-1", `augmentation "rotate": degrees must be within 0 and 180`},
	} {
		s := tiny(t, c.set, "train.batch_size=32")
		_, err := Resolve(s)
		if err == nil { // the data does not go with it
			_, err = Run(context.Background(), config(t, pictures(t, 3, 8), filepath.Join(t.TempDir(), "run"), s))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("--set %s: %v, want %q", c.set, err, c.want)
		}
	}
}

func TestEvents(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	if _, err := Run(context.Background(), config(t, pictures(t, 3, 8), folder, tiny(t))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		var e struct {
			Event string    `json:"event"`
			Time  time.Time `json:"time"`
			Step  int       `json:"step"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Time.IsZero() {
			t.Fatalf("line %q: %v", line, err)
		}
		got = append(got, fmt.Sprint(e.Event, " ", e.Step))
	}
	want := []string{"start 0", "eval 0", "checkpoint 0", "eval 5", "checkpoint 5", "step 10", "eval 10", "checkpoint 10",
		"step 12", "eval 12", "checkpoint 12", "alarm 12", "end 12"} // no better than its start
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
