package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// formats is where files of released versions lie: a folder per version, named by its tag or
// commit. docs/compatibility.md promises that every later version reads them.
const formats = "../testdata/formats"

var (
	released = flag.String("released", "", "a released tfpair that TestWriteFormats has write its files")
	version  = flag.String("released-version", "", "the name of its folder in testdata/formats")
)

// training is the command that made a run; given again it goes on. Batch norm, a moving average
// of the weights and Adam's moments are all in its checkpoints.
var training = strings.Fields("train --quiet --threads 1 --data data --out run --set input.size=16" +
	" --set backbone.conv4.filters=4 --set head.linear.embedding_dim=4 --set train.ema=0.9" +
	" --set train.batch_size=8 --set train.steps=60 --set train.eval_every=5")

// TestWriteFormats writes a folder of testdata/formats with a released program:
//
//	go test ./cli -run TestWriteFormats -released BINARY -released-version v0.1.0
func TestWriteFormats(t *testing.T) {
	if *released == "" || *version == "" {
		t.Skip("-released and -released-version name no released program")
	}
	folder, err := filepath.Abs(filepath.Join(formats, *version))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	if err := sample.Write("data", sample.Options{Classes: 3, Train: 8, Test: 2, Size: 16}); err != nil {
		t.Fatal(err)
	}
	interrupt(t, exec.Command(*released, training...))
	if err := os.CopyFS("whole", os.DirFS("run")); err != nil {
		t.Fatal(err)
	}
	write := func(command string, args ...string) []byte {
		t.Helper()
		out, err := exec.Command(*released, append(strings.Fields(command), args...)...).Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		return out
	}
	write("", append(slices.Clone(training), "--out", "whole")...)
	write("embed --quiet --data data --model whole --checkpoint last --out whole.npy")
	write("export --quiet --run run --gallery data --out model")
	write("index build --quiet --data data --model model --out photos.index")
	for _, format := range vectors.Table.Names() {
		write("embed --quiet --data data --model model --out vectors." + format)
	}
	found := write("search --json -k 3 --model model --index photos.index --image data/test")
	if err := os.WriteFile("search.jsonl", found, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"whole", "run/tensorboard"} {
		if err := os.RemoveAll(made); err != nil {
			t.Fatal(err)
		}
	}
}

// interrupt starts a training and stops it behind its first checkpoint.
func interrupt(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if !await("run/events.jsonl", `"event":"checkpoint"`) {
		t.Error("no checkpoint was written")
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if status, ok := c.Wait().(*exec.ExitError); !ok || status.ExitCode() != exitInterrupted {
		t.Fatalf("the training ended with %v, want exit code %d: write the files again", status, exitInterrupted)
	}
}

// openFormats calls test in a copy of each folder of files that a released version wrote.
func openFormats(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.CPU); err != nil {
		t.Skip(err)
	}
	folders, err := os.ReadDir(formats)
	if err != nil || len(folders) < 2 {
		t.Fatalf("no files of released versions in %s: %v", formats, err)
	}
	for _, f := range folders {
		if !f.IsDir() {
			continue // its README
		}
		t.Run(f.Name(), func(t *testing.T) {
			folder := t.TempDir()
			if err := os.CopyFS(folder, os.DirFS(filepath.Join(formats, f.Name()))); err != nil {
				t.Fatal(err)
			}
			t.Chdir(folder)
			test(t)
		})
	}
}

// tfpair runs a command in this process, which must succeed, and returns what it prints.
func tfpair(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	streams := IO{Out: &stdout, Err: &stderr, Getenv: os.Getenv}
	if code := Run(t.Context(), append([]string{"tfpair"}, args...), streams); code != exitDone {
		t.Fatalf("tfpair %s: exit code %d\n%s%s", strings.Join(args, " "), code, &stdout, &stderr)
	}
	return stdout.Bytes()
}

// sameVectors compares files of vectors. The numbers may differ by tolerance: processors round
// differently.
func sameVectors(t *testing.T, got, want string, tolerance float64) {
	t.Helper()
	a, err := vectors.Read(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := vectors.Read(want)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Paths, b.Paths) || a.Dim != b.Dim {
		t.Fatalf("%s has %d vectors of length %d, %s %d of length %d, or their paths differ",
			got, len(a.Paths), a.Dim, want, len(b.Paths), b.Dim)
	}
	for i, x := range a.Data {
		if d := math.Abs(float64(x - b.Data[i])); d > tolerance {
			t.Fatalf("%s: number %d is %g, in %s %g", got, i, x, want, b.Data[i])
		}
	}
}

// A run that a released version began goes on, by the same command, to the same weights.
func TestFormatsRun(t *testing.T) {
	openFormats(t, func(t *testing.T) {
		tfpair(t, training...)
		events, err := os.ReadFile("run/events.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		if start := events[bytes.LastIndex(events, []byte(`{"event":"start"`)):]; bytes.Contains(start, []byte(`"step":0,`)) {
			t.Errorf("the run began anew: %.100s", start)
		}
		tfpair(t, strings.Fields("embed --quiet --data data --model run --checkpoint last --out now.npy")...)
		// Bit-equal on one machine: many steps amplify what another processor rounds.
		sameVectors(t, "now.npy", "whole.npy", 1e-2)
	})
}

// A model that a released version exported gives the same embeddings, in every format of vectors.
func TestFormatsModel(t *testing.T) {
	openFormats(t, func(t *testing.T) {
		for _, format := range vectors.Table.Names() {
			tfpair(t, strings.Fields("embed --quiet --data data --model model --out now."+format)...)
			sameVectors(t, "now."+format, "vectors."+format, 1e-4)
			sameVectors(t, "vectors."+format, "vectors.npy", 0)
		}
	})
}

// The index beside a model and the gallery inside it answer as they did.
func TestFormatsIndex(t *testing.T) {
	openFormats(t, func(t *testing.T) {
		model, err := models.Load("model")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := model.Close(); err != nil {
				t.Error(err)
			}
		})
		index, err := model.OpenIndex("photos.index")
		if err != nil {
			t.Fatal(err)
		}
		searches := found(t)
		if len(searches) != 6 {
			t.Fatalf("search.jsonl has %d searches, want those of the 6 test images", len(searches))
		}
		for _, s := range searches {
			picture := open(t, filepath.FromSlash(s.Query))
			beside, err := index.Search(t.Context(), picture, len(s.Hits))
			if err != nil {
				t.Fatal(err)
			}
			inside, err := model.Search(t.Context(), picture, len(s.Hits))
			if err != nil {
				t.Fatal(err)
			}
			sameHits(t, s, beside[0])
			sameHits(t, s, inside[0])
		}
	})
}

// found returns the searches in search.jsonl.
func found(t *testing.T) []searched {
	t.Helper()
	data, err := os.ReadFile("search.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var list []searched
	for line := range bytes.Lines(data) {
		var s struct {
			Event string `json:"event"`
			searched
		}
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Hits) > 0 {
			list = append(list, s.searched)
		}
	}
	return list
}

// open returns the picture in a file.
func open(t *testing.T, path string) []image.Image {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := decode.Read(file, decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return []image.Image{picture}
}

// sameHits compares an answer with the one of a released version.
func sameHits(t *testing.T, want searched, got []models.Hit) {
	t.Helper()
	for i, w := range want.Hits {
		g := got[i]
		// A distance of 0 was the square root of a guard of 1e-7, 3.2e-4.
		far := math.Abs(float64(g.Distance-w.Distance)) > 1e-3
		// The index is older than thresholds of indexes: nothing is accepted, nor is it refused in JSON.
		if g.ID != w.ID || g.Class != w.Class || g.Accepted || far {
			t.Errorf("%s: hit %d is %+v, want %+v", want.Query, i, g, w.Hit)
		}
	}
}
