package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestLabel answers through the address that the command prints, ends it, and trains on the list.
func TestLabel(t *testing.T) {
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	run := trainedtest.Run(t, nil)
	t.Chdir(t.TempDir())
	if err := sample.Write("pictures", sample.Options{Train: 6, Test: 2}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	var said bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- Run(ctx, []string{"tfpair", "label", "--model", run, "--data", "pictures", "--out", "pairs.csv", "--json"}, IO{Out: write, Err: &said, Getenv: os.Getenv})
		_ = write.Close() // a pipe in memory
	}()
	lines := json.NewDecoder(read)
	var ready struct {
		Address  string
		Pictures int
	}
	if err := lines.Decode(&ready); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	ask := func(method, path, body string, to any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, ready.Address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if err := json.NewDecoder(answer.Body).Decode(to); err != nil {
			t.Fatal(err)
		}
	}
	for range 40 {
		var q struct {
			Left, Right int
			Paths       []string
		}
		ask("GET", "next?name=Ada", "", &q)
		var told struct{ Progress struct{ Answers int } }
		ask("POST", "answer", fmt.Sprintf(`{"left":%d,"right":%d,"same":%v,"name":"Ada"}`, q.Left, q.Right, path.Dir(q.Paths[0]) == path.Dir(q.Paths[1])), &told)
	}
	stop()
	var summary struct{ Answers int }
	if err := lines.Decode(&summary); err != nil || summary.Answers != 40 {
		t.Fatalf("%v, %d answers", err, summary.Answers)
	}
	if got := <-code; got != exitDone {
		t.Fatalf("label = %d:\n%s", got, said.String())
	}
	if !strings.Contains(said.String(), "next: tfpair train --data pairs.csv --images pictures --out run") {
		t.Errorf("what is next:\n%s", said.String())
	}
	said.Reset()
	args := []string{"tfpair", "train", "--data", "pairs.csv", "--images", "pictures", "--out", "run", "--preset", "siamese", "--set", "input.size=24",
		"--set", "backbone={smallconv: {filters: [4], dense: 4}}", "--set", "train.batch_size=8", "--set", "train.steps=1"}
	if got := Run(t.Context(), args, IO{Out: io.Discard, Err: &said, Getenv: os.Getenv}); got != exitDone {
		t.Errorf("train = %d:\n%s", got, said.String())
	}
	if _, err := os.Stat("pairs.second.csv"); err == nil {
		t.Error("a list of second answers is there, and nobody gave one")
	}
}
