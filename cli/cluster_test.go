package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/checkpoint"
)

// clusterSteps is enough steps for a kill in between, and an evaluation every tenth.
const clusterSteps = 200

// trainTogether starts a process of a cluster in dir, whose pictures are in the folder data there.
func trainTogether(t *testing.T, dir, out string, c *cluster.Cluster, rank int, more ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	args := append([]string{"train", "--data", "data", "--out", out, "--threads", "1", "--set", "input.size=24",
		"--set", "backbone={smallconv: {filters: [4, 4], dense: 8}}", "--set", "train.batch_size=8", "--set", fmt.Sprintf("train.steps=%d", clusterSteps),
		"--set", "train.eval_every=20", "--set", "augment=light"}, more...)
	p, said := exec.Command("tfpair", args...), &bytes.Buffer{}
	p.Dir, p.Stderr, p.Env = dir, said, append(os.Environ(), "TFPAIR_PIXEL_CACHE=0")
	if c != nil {
		text, err := configOf(c, rank)
		if err != nil {
			t.Fatal(err)
		}
		p.Env = append(p.Env, cluster.Variable+"="+text)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, or it must
	return p, said
}

// exitCode waits for a process and returns its exit code.
func exitCode(t *testing.T, p *exec.Cmd) int {
	t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// TestCluster: processes train together; one that is killed ends the others with its name and code 75, nothing half is
// there, and the same commands go on to the weights of a training that was never cut off, bit for bit.
func TestCluster(t *testing.T) {
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	dir := t.TempDir()
	if err := sample.Write(filepath.Join(dir, "data"), sample.Options{Classes: 4, Train: 12, Test: 1, Size: 24}); err != nil {
		t.Fatal(err)
	}
	whole, said := trainTogether(t, dir, "whole", nil, 0, "--local-workers", "3")
	if got := exitCode(t, whole); got != exitDone || !strings.Contains(said.String(), "3 processes make each step") {
		t.Fatalf("exit code %d:\n%s", got, said)
	}
	three := func() (list []*exec.Cmd, said []*bytes.Buffer) {
		c, err := localCluster(3)
		if err != nil {
			t.Fatal(err)
		}
		for rank := range 3 {
			p, text := trainTogether(t, dir, "parts", c, rank)
			list, said = append(list, p), append(said, text)
		}
		return list, said
	}
	list, texts := three()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		steps, _ := checkpoint.Steps(filepath.Join(dir, "parts", "checkpoints")) // not there at first
		if slices.ContainsFunc(steps, func(s int) bool { return s > 0 }) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no checkpoint:\n%s", texts[0])
		}
	}
	if err := list[2].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for rank, p := range list[:2] {
		if got := exitCode(t, p); got != exitLost || !strings.Contains(texts[rank].String(), "tfpair: lost worker 1 at 127.0.0.1:") {
			t.Errorf("rank %d: exit code %d:\n%s", rank, got, texts[rank])
		}
	}
	list, texts = three()
	for rank, p := range list {
		if got := exitCode(t, p); got != exitDone {
			t.Errorf("rank %d: exit code %d:\n%s", rank, got, texts[rank])
		}
	}
	if !strings.Contains(texts[0].String(), "going on from step ") {
		t.Errorf("the chief does not go on:\n%s", texts[0])
	}
	load := func(run string) *checkpoint.Checkpoint {
		c, err := checkpoint.Load(checkpoint.Path(filepath.Join(dir, run, "checkpoints"), clusterSteps))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b := load("whole"), load("parts")
	if diff := cmp.Diff(a.Variables, b.Variables); diff != "" {
		t.Errorf("weights differ (-whole +parts):\n%.500s", diff)
	}
	if diff := cmp.Diff(a.Optimizer, b.Optimizer); diff != "" {
		t.Errorf("what the optimizer remembers differs (-whole +parts):\n%.500s", diff)
	}
}

// TestClusterRefused: what is wrong with a cluster is said before anything is read.
func TestClusterRefused(t *testing.T) {
	two := `{"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 0}}`
	for _, tt := range []struct {
		config, args, want string
		code               int
	}{
		{"{", "--preset siamese", "TF_CONFIG: unexpected end", exitUsage},
		{`{"cluster": {"ps": ["a:1"]}}`, "--preset siamese", `cluster has job "ps"`, exitUsage},
		{two, "--preset siamese --local-workers 2", "TF_CONFIG is set: give one of them", exitUsage},
		{two, "", "need a spec that each of them reads", exitUsage},
		{"", "--preset siamese --local-workers 99", "--local-workers must be 1 to 64, got 99", exitUsage},
		{"", "--preset siamese --join-timeout 0s", "--join-timeout must be more than 0", exitUsage},
		{`{"cluster": {"chief": ["a:1"]}, "task": {"type": "evaluator", "index": 0}}`, "--preset siamese", "the chief evaluates", exitDone},
	} {
		var said bytes.Buffer
		args := append([]string{"tfpair", "train", "--data", "none", "--out", filepath.Join(t.TempDir(), "run")}, strings.Fields(tt.args)...)
		got := Run(t.Context(), args, IO{Out: &said, Err: &said, Getenv: func(name string) string {
			return map[string]string{cluster.Variable: tt.config}[name]
		}})
		if got != tt.code || !strings.Contains(said.String(), tt.want) {
			t.Errorf("%s %s: exit code %d, want %d and %q:\n%s", tt.config, tt.args, got, tt.code, tt.want, &said)
		}
	}
}

func TestWithoutLocal(t *testing.T) {
	args := strings.Fields("train --local-workers 2 --out run --threads=3 --set a=b -local-workers=4 --json")
	if got, want := strings.Join(withoutLocal(args), " "), "train --out run --set a=b --json"; got != want {
		t.Errorf("withoutLocal = %q, want %q", got, want)
	}
}
