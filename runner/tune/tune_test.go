package tune

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/train"
)

// watched is a folder that counts how often each file is opened.
type watched struct {
	folder string
	mu     sync.Mutex // protects opened
	opened map[string]int
}

func (w *watched) Open(name string) (fs.File, error) {
	file, err := os.DirFS(w.folder).Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && !info.IsDir() {
		w.mu.Lock()
		w.opened[name]++
		w.mu.Unlock()
	}
	return file, nil
}

func (w *watched) Stat(name string) (fs.FileInfo, error) {
	return os.Stat(filepath.Join(w.folder, name))
}

func (w *watched) ReadDir(name string) ([]fs.DirEntry, error) {
	return os.ReadDir(filepath.Join(w.folder, name))
}

// config is a search on drawn pictures that takes a moment.
func config(t *testing.T, space string, set ...string) (Config, *watched) {
	t.Helper()
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	w := &watched{folder: t.TempDir(), opened: map[string]int{}}
	if err := sample.Write(filepath.Join(w.folder, "data"), sample.Options{Classes: 3, Train: 8, Test: 4, Size: 16}); err != nil {
		t.Fatal(err)
	}
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set(append([]string{"input.size=16", "backbone.smallconv={filters: [4, 4], dense: 8}",
		"train={batch_size: 8, steps: 9, eval_every: 3, val: 0.3}"}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := train.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Resolved: r, Space: mustParse(t, space), Search: named.Choice{Name: "random"}, Trials: 3,
		Folder: filepath.Join(t.TempDir(), "tune"), Now: time.Now,
		Open: func() (*dataset.Dataset, error) {
			return dataset.Open(dataset.Options{Data: "data", FS: w})
		}}, w
}

const rates = "optimizer.adam.lr: {min: 0.0001, max: 0.01, log: true}"

func outcome(t Trial) string {
	return fmt.Sprintf("%d %d %d %s %.12f %s", t.Number, t.Steps, t.Seed, t.Status, t.Value, t.Set)
}

func outcomes(r *Result) []string {
	var list []string
	for _, t := range append(r.Trials, r.Seeds...) {
		list = append(list, outcome(t))
	}
	return append(list, fmt.Sprintf("%.12f ± %.12f", r.Mean, r.Std))
}

// TestRanked: of trials that are no better than their start, the one that made it less worse.
func TestRanked(t *testing.T) {
	u := &tuner{}
	u.Resolved = &train.Resolved{Select: train.Selection{Better: metric.Higher}}
	var got []int
	for _, trial := range u.ranked([]Trial{
		{Number: 0, Status: Diverged}, {Number: 1, Status: Done, Value: 0.7, Later: 0.5},
		{Number: 2, Status: Done, Value: 0.7, Later: 0.6}, {Number: 3, Status: Done, Value: 0.8, Later: 0.8},
	}) {
		got = append(got, trial.Number)
	}
	if diff := cmp.Diff([]int{3, 2, 1, 0}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// TestRun: test images are never opened, others once for all trials; the best spec can be
// read back, and its seeds give mean and spread.
func TestRun(t *testing.T) {
	c, w := config(t, rates)
	c.Seeds = 2
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	learned := 0
	for name, times := range w.opened {
		switch {
		case strings.Contains(name, "/test/"):
			t.Errorf("%s of test was opened", name)
		case times != 1:
			t.Errorf("%s was opened %d times, want once for five trainings", name, times)
		}
		learned++
	}
	if learned != 24 {
		t.Errorf("%d images were opened, want the 24 of train", learned)
	}
	if len(r.Trials) != 3 || len(r.Seeds) != 2 || r.Best.Value != r.Trials[0].Value || r.Trials[0].Value < r.Trials[2].Value {
		t.Errorf("result %+v", r)
	}
	a, b := r.Seeds[0].Value, r.Seeds[1].Value
	if math.Abs(r.Mean-(a+b)/2) > 1e-12 || math.Abs(r.Std-math.Abs(a-b)/math.Sqrt2) > 1e-12 {
		t.Errorf("mean %g, std %g of %g and %g", r.Mean, r.Std, a, b)
	}
	text, err := os.ReadFile(r.Spec)
	if err != nil {
		t.Fatal(err)
	}
	best, err := spec.Parse(text, r.Spec, &spec.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Resolve(best); err != nil {
		t.Errorf("best spec: %v", err)
	}
	if want := strings.TrimPrefix(r.Best.Set[0], "optimizer.adam.lr="); !strings.Contains(string(text), "lr: "+want) {
		t.Errorf("best spec lacks lr: %s\n%s", want, text)
	}
	table, err := os.ReadFile(filepath.Join(c.Folder, "trials.csv"))
	if err != nil || strings.Count(string(table), "\n") != 6 ||
		!strings.HasPrefix(string(table), "trial,steps,seed,status,value,best_step,seconds,run,optimizer.adam.lr\n") {
		t.Errorf("table %v\n%s", err, table)
	}
}

// TestSharedFeatures: what a frozen backbone makes of the images is made once for all trials,
// and gone afterwards.
func TestSharedFeatures(t *testing.T) {
	c, _ := config(t, "optimizer.adam.lr: [0.01, 0.001]", "input.size=32", "train.steps=2",
		"backbone.efficientnet-lite0.freeze=all", "head.linear.embedding_dim=4", "loss=contrastive")
	c.Trials = 2
	var made []int
	c.Training = func(e train.Event) {
		if x, ok := e.(train.Extracted); ok && x.Done == x.Total {
			made = append(made, x.Made)
		}
	}
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{24, 0}, made); diff != "" {
		t.Errorf("images seen by the frozen part (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(c.Folder, "cache")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("features are left: %v", err)
	}
}

// TestResume: a search that is cut off in any trial and run again ends as one that was not,
// and trains nothing twice.
func TestResume(t *testing.T) {
	c, w := config(t, rates)
	c.Search, c.Trials, c.Seeds = named.Choice{Name: "halving"}, 4, 1
	whole, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.Folder = filepath.Join(t.TempDir(), "cut")
	stop := errors.New("stop")
	cuts := 0
	for {
		ctx, cancel := context.WithCancelCause(context.Background())
		steps := 0
		c.Training = func(e train.Event) {
			if _, ok := e.(train.Stepped); ok {
				if steps++; steps == 4 { // in another training each time, at another step
					cancel(stop)
				}
			}
		}
		again, err := Run(ctx, c)
		cancel(nil)
		if err == nil {
			if diff := cmp.Diff(outcomes(whole), outcomes(again)); diff != "" {
				t.Errorf("a search cut off %d times (-whole +cut):\n%s", cuts, diff)
			}
			break
		}
		var interrupted *train.InterruptedError
		if !errors.As(err, &interrupted) || !errors.Is(err, stop) {
			t.Fatalf("Run that was cut off = %v", err)
		}
		if cuts++; cuts > 20 {
			t.Fatal("the search does not end")
		}
	}
	if cuts < 2 {
		t.Errorf("cut off %d times, want more", cuts)
	}
	c.Training = func(e train.Event) { t.Errorf("a finished search trains: %T", e) }
	kept := 0
	c.Observe = func(e Event) {
		if e.Kept {
			kept++
		}
	}
	clear(w.opened)
	if _, err := Run(context.Background(), c); err != nil || kept != len(whole.Trials)+1 || len(w.opened) > 0 {
		t.Errorf("a finished search: %v, %d kept, %d images opened; want %d, 0", err, kept, len(w.opened), len(whole.Trials)+1)
	}
}

// TestTrialsThatFail: settings that do not go together are refused, and a divergence is
// told; the search goes on.
func TestTrialsThatFail(t *testing.T) {
	c, _ := config(t, "topology: [siamese, triplet]\noptimizer: [adam, {sgd: {lr: 1e30}}]\nsampler: [pairs, {balanced: {images_per_class: 5}}]")
	c.Search, c.Trials = named.Choice{Name: "grid"}, 0
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, trial := range r.Trials {
		count[trial.Status]++
		if (trial.Reason == "") != (trial.Status == Done) {
			t.Errorf("trial %+v", trial)
		}
	}
	// Four with topology triplet and two whose batch of 8 is no multiple of 5 are refused.
	if want := map[string]int{Done: 1, Diverged: 1, Refused: 6}; !cmp.Equal(count, want) {
		t.Errorf("trials %v, want %v", count, want)
	}
	if r.Best.Status != Done || r.Trials[0].Status != Done {
		t.Errorf("best %+v", r.Best)
	}
	c.Space, c.Folder = mustParse(t, "optimizer: [{sgd: {lr: 1e30}}]"), filepath.Join(t.TempDir(), "none")
	if _, err := Run(context.Background(), c); !errors.Is(err, ErrNoneDone) {
		t.Errorf("all diverge: %v, want ErrNoneDone", err)
	}
}

// TestCheck: what no trial could mend is found before anything is made.
func TestCheck(t *testing.T) {
	for space, want := range map[string]string{
		"los: [bce]":                                  `unknown key "los"`,
		"train.stpes: [1, 2]":                         `unknown key "stpes"`,
		"loss: [bce, tripplet]":                       `unknown loss "tripplet"`,
		"optimizer.adm.lr: [0.1]":                     `unknown optimizer "adm"`,
		"loss: [bce]\nloss.contrastive.margn: [1, 2]": `unknown field "margn"`,
		"optimizer.adam.lr: {min: -1, max: 1}":        "lr must be",
		"input.size: {min: 0, max: 64}":               "input.size must be 1 to 4096",
		"topology: [triplet]":                         "none of 1 trial can be trained",
	} {
		c, _ := config(t, space)
		_, err := Run(context.Background(), c)
		var e *SpaceError
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "space.yaml: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("space %q: %v, want a *SpaceError that names the file, %q", space, err, want)
		}
		if _, err := os.Stat(c.Folder); err == nil {
			t.Errorf("space %q: a folder was made", space)
		}
	}
}

func TestAnotherSearch(t *testing.T) {
	c, _ := config(t, rates)
	c.Trials = 1
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *Config){
		"another space":  func(c *Config) { c.Space = mustParse(t, "optimizer.adam.lr: [0.1]") },
		"another search": func(c *Config) { c.Search = named.Choice{Name: "halving"} },
		"another seed":   func(c *Config) { c.Seed = 5 },
		"another spec": func(c *Config) {
			s, err := c.Spec.Set("train.batch_size=4") // of their own: the other searches share the spec
			if err == nil {
				c.Resolved, err = train.Resolve(s)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		other := c
		change(&other)
		var e *FolderError
		if _, err := Run(context.Background(), other); !errors.As(err, &e) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want *FolderError", name, err)
		}
	}
	c.Folder = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Folder, "thing"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var e *FolderError
	if _, err := Run(context.Background(), c); !errors.As(err, &e) {
		t.Errorf("a folder with something else: %v, want *FolderError", err)
	}
}

// TestTime: no trial begins that would end too late; the first one always does.
func TestTime(t *testing.T) {
	c, _ := config(t, rates)
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	c.Now = func() time.Time { now = now.Add(time.Second); return now }
	c.Trials, c.Time = 0, 1
	r, err := Run(context.Background(), c)
	if err != nil || len(r.Trials) != 1 {
		t.Fatalf("no time: %+v, %v, want one trial", r, err)
	}
	c.Time = time.Duration(2.5 * r.Trials[0].Seconds * float64(time.Second))
	if r, err = Run(context.Background(), c); err != nil || len(r.Trials) != 2 {
		t.Errorf("time for two and a half: %d trials, %v", len(r.Trials), err)
	}
}
