//go:build interop

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tfpair/tfpair/internal/sample"
)

// mlflowServer starts MLflow's own server, and returns its address.
func mlflowServer(t *testing.T, python string) string {
	t.Helper()
	door, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := door.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is TCP's
	if err := door.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	c := exec.CommandContext(ctx, python, "-I", "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", fmt.Sprint(port), "--workers", "1",
		"--backend-store-uri", "sqlite:///"+filepath.Join(folder, "db.sqlite"), "--artifacts-destination", filepath.Join(folder, "files"))
	c.Dir = folder
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // its workers end with it
	c.WaitDelay = 20 * time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = c.Wait() })
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if answer, err := http.Get(address + "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default"); err == nil { // its first answer takes longest
			_ = answer.Body.Close() // read only
			if answer.StatusCode == http.StatusOK {
				return address
			}
		}
		if time.Now().After(until) {
			stop()
			_ = c.Wait()
			t.Fatalf("no server: %s", said.String())
		}
	}
}

// TestInteropMLflow: MLflow's own client finds a training on MLflow's own server: its settings, the numbers of events.jsonl, and its files. A
// training that goes on is the same run.
func TestInteropMLflow(t *testing.T) {
	python := interopPython(t, "mlflow")
	address, folder := mlflowServer(t, python), t.TempDir()
	pictures, run := filepath.Join(folder, "pictures"), filepath.Join(folder, "run")
	if err := sample.Write(pictures, sample.Options{Train: 12, Test: 4}); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		if v, ok := map[string]string{"MLFLOW_TRACKING_URI": address, "MLFLOW_EXPERIMENT_NAME": "interop"}[name]; ok {
			return v
		}
		return os.Getenv(name)
	}
	for _, steps := range []string{"20", "40"} {
		var said bytes.Buffer
		args := []string{"tfpair", "train", "--data", pictures, "--out", run, "--preset", "siamese", "--set", "input.size=24",
			"--set", "backbone={smallconv: {filters: [4], dense: 4}}", "--set", "train.batch_size=8", "--set", "train.steps=" + steps, "--set", "train.eval_every=20"}
		if code := Run(t.Context(), args, IO{Out: io.Discard, Err: &said, Getenv: getenv}); code != exitDone {
			t.Fatalf("train = %d:\n%s", code, said.String())
		}
		if !strings.Contains(said.String(), "logged to "+address+"/#/experiments/") {
			t.Errorf("train says\n%s", said.String())
		}
	}
	var runs []struct {
		Status, Name string
		Ended        bool
		Params       map[string]string
		Metrics      map[string][][2]float64
		Files        map[string]string
	}
	text := command(t, python, "../testdata/interop/read_mlflow.py", address, "interop", t.TempDir())
	if err := json.Unmarshal(text.Bytes(), &runs); err != nil || len(runs) != 1 {
		t.Fatalf("%v, %d runs: %s", err, len(runs), text)
	}
	r := runs[0]
	if r.Status != "FINISHED" || !r.Ended || r.Name != "run" || r.Params["train.batch_size"] != "8" || r.Params["data"] != pictures {
		t.Errorf("run %q is %s, with %q", r.Name, r.Status, r.Params)
	}
	events, err := os.ReadFile(filepath.Join(run, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Files["events.jsonl"] != string(events) || !strings.Contains(r.Files["spec.yaml"], "smallconv") {
		t.Errorf("files %v", r.Files)
	}
	at, steps := 0, r.Metrics["train/loss"]
	for line := range strings.Lines(string(events)) {
		var e struct {
			Event string
			Step  float64
			Loss  float64
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event != "step" {
			continue
		}
		if at >= len(steps) || steps[at][0] != e.Step || math.Abs(steps[at][1]-e.Loss) > 1e-12 {
			t.Fatalf("loss %d is not %v at step %v: %v", at, e.Loss, e.Step, steps)
		}
		at++
	}
	if at != len(steps) || at < 4 || len(r.Metrics["val/auc"]) < 2 {
		t.Errorf("%d of %d losses, %v", at, len(steps), r.Metrics["val/auc"])
	}
}
