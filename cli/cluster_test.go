package cli

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	var env []string
	if c != nil {
		text, err := c.Config(rank)
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, cluster.Variable+"="+text)
	}
	return trainIn(t, dir, env, append([]string{"train", "--data", "data", "--out", out}, more...)...)
}

// smallTraining returns settings of a training of some seconds.
func smallTraining() []string {
	return []string{"--threads", "1", "--set", "input.size=24",
		"--set", "backbone={smallconv: {filters: [4, 4], dense: 8}}", "--set", "train.batch_size=8", "--set", fmt.Sprintf("train.steps=%d", clusterSteps),
		"--set", "train.eval_every=20", "--set", "augment=light"}
}

// trainIn starts tfpair in dir with some variables more, and settings of a training of some seconds.
func trainIn(t *testing.T, dir string, env []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	p, said := exec.Command("tfpair", slices.Concat(args[:1], smallTraining(), args[1:])...), &bytes.Buffer{}
	p.Dir, p.Stderr, p.Env = dir, said, append(os.Environ(), "TFPAIR_PIXEL_CACHE=0")
	p.Env = append(p.Env, env...)
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
	dir := clusterPictures(t)
	whole, said := trainTogether(t, dir, "whole", nil, 0, "--local-workers", "3")
	if got := exitCode(t, whole); got != exitDone || !strings.Contains(said.String(), "3 processes make each step") ||
		runtime.GOOS == "linux" && !strings.Contains(said.String(), "added up in memory") {
		t.Fatalf("exit code %d:\n%s", got, said)
	}
	three := func() (list []*exec.Cmd, said []*bytes.Buffer) {
		c, err := cluster.Local(3)
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
	awaitCheckpoint(t, dir, "parts", texts[0])
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
	a, b := lastCheckpoint(t, dir, "whole"), lastCheckpoint(t, dir, "parts")
	if diff := cmp.Diff(a.Variables, b.Variables); diff != "" {
		t.Errorf("weights differ (-whole +parts):\n%.500s", diff)
	}
	if diff := cmp.Diff(a.Optimizer, b.Optimizer); diff != "" {
		t.Errorf("what the optimizer remembers differs (-whole +parts):\n%.500s", diff)
	}
}

// awaitCheckpoint waits until a run has one of a step of its own.
func awaitCheckpoint(t *testing.T, dir, run string, said *bytes.Buffer) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		steps, _ := checkpoint.Steps(filepath.Join(dir, run, "checkpoints")) // not there at first
		if slices.ContainsFunc(steps, func(s int) bool { return s > 0 }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no checkpoint:\n%s", said)
		}
	}
}

// lastCheckpoint returns that of the last step.
func lastCheckpoint(t *testing.T, dir, run string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Load(checkpoint.Path(filepath.Join(dir, run, "checkpoints"), clusterSteps))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clusterPictures draws the pictures of a test into a folder of its own.
func clusterPictures(t *testing.T) (dir string) {
	t.Helper()
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	dir = t.TempDir()
	if err := sample.Write(filepath.Join(dir, "data"), sample.Options{Classes: 4, Train: 12, Test: 1, Size: 24}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestClusterOfAnother: a training that has lost a process goes on with more of them, says so, and comes to the weights of
// a training that was never cut off, to rounding. --exact refuses that.
func TestClusterOfAnother(t *testing.T) {
	// A root of nearly equal embeddings has any direction, which makes whole steps of rounding: squares have none.
	dir, sgd := clusterPictures(t), []string{"--set", "optimizer={sgd: {lr: 0.01}}", "--set", "distance=sqeuclidean"}
	alone, said := trainTogether(t, dir, "alone", nil, 0, sgd...)
	if got := exitCode(t, alone); got != exitDone {
		t.Fatalf("exit code %d:\n%s", got, said)
	}
	start := func(of int, more ...string) (list []*exec.Cmd, said []*bytes.Buffer) {
		c, err := cluster.Local(of)
		if err != nil {
			t.Fatal(err)
		}
		for rank := range of {
			p, text := trainTogether(t, dir, "others", c, rank, slices.Concat(sgd, more)...)
			list, said = append(list, p), append(said, text)
		}
		return list, said
	}
	list, texts := start(2)
	awaitCheckpoint(t, dir, "others", texts[0])
	if err := list[1].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := exitCode(t, list[0]); got != exitLost {
		t.Fatalf("exit code %d:\n%s", got, texts[0])
	}
	for _, exact := range []bool{true, false} {
		want, more := exitDone, []string{}
		if exact {
			want, more = exitRefused, []string{"--exact"}
		}
		list, texts := start(3, more...)
		if got := exitCode(t, list[0]); got != want || !strings.Contains(texts[0].String(), "processes 2, now 3") {
			t.Errorf("exact %v: exit code %d, want %d:\n%s", exact, got, want, texts[0])
		}
		for rank, p := range list[1:] {
			if got := exitCode(t, p); !exact && got != exitDone || exact && got == exitDone {
				t.Errorf("exact %v: rank %d: exit code %d:\n%s", exact, 1+rank, got, texts[1+rank])
			}
		}
	}
	got := lastCheckpoint(t, dir, "others")
	for i, want := range lastCheckpoint(t, dir, "alone").Variables {
		gap, norm := 0.0, 0.0
		for k, x := range want.Data {
			gap, norm = math.Hypot(gap, float64(x-got.Variables[i].Data[k])), math.Hypot(norm, float64(x))
		}
		if want.Name != got.Variables[i].Name || gap > 1e-5*norm+1e-6 { // as TestGroup has it
			t.Errorf("%s is %g off, its norm is %g", want.Name, gap, norm)
		}
	}
}

// TestClusterLate: who waits in vain ends with the name of who did not come.
func TestClusterLate(t *testing.T) {
	c, err := cluster.Local(2)
	if err != nil {
		t.Fatal(err)
	}
	p, said := trainTogether(t, clusterPictures(t), "run", c, 0, "--join-timeout", "1s")
	got := exitCode(t, p)
	for _, want := range []string{"chief waits for worker 0", "tfpair: after 1s not all processes of the cluster are there: no answer from worker 0 at 127.0.0.1:", "--join-timeout 1h"} {
		if got != exitLost || !strings.Contains(said.String(), want) {
			t.Errorf("exit code %d, want %d and %q:\n%s", got, exitLost, want, said)
		}
	}
}

// TestClusterTwice: a process that is there twice, or whose port another program has, says which port that is.
func TestClusterTwice(t *testing.T) {
	c, err := cluster.Local(2)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(c.Tasks[1].Address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it only takes the port
	p, said := trainTogether(t, clusterPictures(t), "run", c, 1)
	got := exitCode(t, p)
	for _, want := range []string{"tfpair: worker 0 at " + c.Tasks[1].Address + ": listen tcp :" + port + ": bind: address already in use", "give another port in TF_CONFIG"} {
		if got != exitFailed || !strings.Contains(said.String(), want) {
			t.Errorf("exit code %d, want %d and %q:\n%s", got, exitFailed, want, said)
		}
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

func TestWithout(t *testing.T) {
	args := strings.Fields("train --local-workers 2 --out run --threads=3 --set a=b -local-workers=4 --json")
	if got, want := strings.Join(without(args, localFlag, "threads"), " "), "train --out run --set a=b --json"; got != want {
		t.Errorf("without = %q, want %q", got, want)
	}
}

// TestClusterChosen: processes of this machine train what the data ask for, and go on with it; what they cannot train together
// is refused with the command that trains it in one process.
func TestClusterChosen(t *testing.T) {
	dir := clusterPictures(t)
	line := func(args ...string) (int, string) {
		p, said := exec.Command("tfpair", args...), &bytes.Buffer{}
		p.Dir, p.Stderr = dir, said
		p.Env = append(os.Environ(), "TFPAIR_PIXEL_CACHE=0", "TMPDIR="+dir)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, or it must
		return exitCode(t, p), said.String()
	}
	train := []string{"train", "--data", "data/train", "--out", "run", "--weights", "none", "--local-workers", "2"}
	got, said := line(train...)
	want := "hint: tfpair train --data data/train --out run --weights none\n"
	if got != exitUsage || !strings.Contains(said, "train.folds, and that is what the data ask for") || !strings.HasSuffix(said, want) {
		t.Fatalf("exit code %d, want %d and %q:\n%s", got, exitUsage, want, said)
	}
	chosen := append(train, "--preset", "auto", "--set", "train.folds=0", "--set", "train.steps=20", "--set", "backbone={smallconv: {filters: [4, 4], dense: 8}}")
	if got, said := line(chosen...); got != exitDone || !strings.Contains(said, "2 processes make each step") || !strings.Contains(said, "recipe ") {
		t.Fatalf("exit code %d:\n%s", got, said)
	}
	if got, said := line(train...); got != exitDone || !strings.Contains(said, "going on from step 20") {
		t.Errorf("exit code %d:\n%s", got, said)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "tfpair-spec-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
