//go:build kill

package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/export"
)

const (
	kills      = 50
	childEnv   = "TFPAIR_KILL_FOLDER" // the run folder of a child process
	longestRun = 3 * time.Second      // before a kill: about three checkpoints, start-up included
)

// TestKill kills a training of about a minute at 50 random moments, and compares
// the weights it ends with, the best of them, its evaluations and its export to those of an uninterrupted one.
func TestKill(t *testing.T) {
	files := pictures(t, 4, 60)
	if folder := os.Getenv(childEnv); folder != "" {
		if _, err := Run(context.Background(), config(t, files, folder, killSpec(t))); err != nil {
			t.Fatal(err)
		}
		return
	}
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	start := time.Now()
	if out, err := child(whole).CombinedOutput(); err != nil {
		t.Fatalf("uninterrupted run: %v\n%s", err, out)
	}
	t.Logf("uninterrupted: %v", time.Since(start))
	seed := uint64(start.UnixNano()) // moments differ from run to run on purpose
	t.Logf("seed of the moments: %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	ended := 0
	for range kills {
		c := child(killed)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.Int64N(int64(longestRun))))
		if err := c.Process.Kill(); err != nil {
			ended++
		}
		_ = c.Wait() // killed: its error says so
	}
	t.Logf("%d kills, %d of them after the end", kills, ended)
	if out, err := child(killed).CombinedOutput(); err != nil {
		t.Fatalf("after %d kills: %v\n%s", kills, err, out)
	}
	if diff := cmp.Diff(newest(t, whole), newest(t, killed)); diff != "" {
		t.Errorf("after %d kills the last checkpoint differs (-want +got):\n%.1000s", kills, diff)
	}
	if diff := cmp.Diff(chosen(t, whole), chosen(t, killed)); diff != "" {
		t.Errorf("after %d kills the best differs (-want +got):\n%.1000s", kills, diff)
	}
	if diff := cmp.Diff(measured(t, whole), measured(t, killed)); diff != "" {
		t.Errorf("after %d kills the evaluations differ (-want +got):\n%.1000s", kills, diff)
	}
	if diff := cmp.Diff(exported(t, whole), exported(t, killed)); diff != "" {
		t.Errorf("after %d kills the export differs (-want +got):\n%.1000s", kills, diff)
	}
}

// exported returns the SHA-256 of each file of the model that an export of the run makes.
func exported(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "model") // the card has its name
	if _, err := export.Run(t.Context(), export.Config{Run: folder, Checkpoint: "best", Out: out, Version: 1}); err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	err := fs.WalkDir(os.DirFS(out), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		file, err := os.ReadFile(filepath.Join(out, path))
		sums[path] = fmt.Sprintf("%x", sha256.Sum256(file))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// chosen returns the checkpoint that an export of the run takes, and what RUN/best says.
func chosen(t *testing.T, folder string) (best struct {
	Step       int
	Checkpoint *checkpoint.Checkpoint
	File       string
}) {
	t.Helper()
	f, err := run.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // read only
	if best.Step, err = f.Resolve("best"); err != nil {
		t.Fatal(err)
	}
	if best.Checkpoint, err = checkpoint.Load(checkpoint.Path(f.Checkpoints(), best.Step)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "best"))
	if err != nil {
		t.Fatal(err)
	}
	best.File = string(text)
	return best
}

// measured returns the evaluations of a run, each once: a run that goes on measures some again.
func measured(t *testing.T, folder string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var event map[string]any
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if event["event"] != "eval" {
			continue
		}
		delete(event, "time")
		plain, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(list, string(plain)) {
			list = append(list, string(plain))
		}
	}
	return list
}

func killSpec(t *testing.T) *spec.Spec {
	return tiny(t, "input.size=64", "backbone.smallconv={filters: [16, 32], dense: 64}",
		"train={batch_size: 32, steps: 2500, eval_every: 25, val: 0.1}")
}

func child(folder string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run", "^TestKill$", "-test.count", "1")
	c.Env = append(os.Environ(), childEnv+"="+folder)
	return c
}
