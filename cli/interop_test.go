//go:build interop

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/internal/venv"
	"github.com/tfpair/tfpair/models"
)

// interopModels are the models that other programs are shown, by the settings of their
// training.
var interopModels = map[string][]string{
	"bce":         {"loss=bce"},
	"contrastive": {"loss=contrastive", "input.resize=crop", "input.filter=lanczos"},
	// Statistics that no optimizer changes, a loss with variables that stay behind.
	"batch norm": {"backbone={conv4: {filters: 8}}", "loss=proxyanchor", "distance=cosine",
		"sampler=balanced", "input.resize=pad"},
}

// interopPairs is how many pairs of pictures Go and the others compare.
const interopPairs = 60

// TestInterop: TensorFlow, Keras, saved_model_cli and a program with nothing but tfgo
// load what tfpair exports, and give the answers that Go gives; TensorBoard reads what
// it wrote of the training.
func TestInterop(t *testing.T) {
	python, tfgo := interopPython(t, "keras"), buildInterop(t, "tfgo")
	eachInteropModel(t, func(t *testing.T, folder string, want expected) {
		t.Log(command(t, python, "../testdata/interop/check.py", "../docs/export.md", folder))
		checkTFGo(t, tfgo, folder, want.Pairs)
		t.Log(command(t, python, "../testdata/interop/read_tensorboard.py", filepath.Join(folder, "run")))
	})
}

// TestInteropSummaries: TensorBoard reads the pictures of a report: the hardest pairs of each kind, and what pictures find.
func TestInteropSummaries(t *testing.T) {
	python, folder := interopPython(t, "keras"), t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := sample.Write(at("pictures"), sample.Options{Train: 12, Test: 8}); err != nil {
		t.Fatal(err)
	}
	tfpair(t, "train", "--data", at("pictures"), "--out", at("run"), "--quiet", "--preset", "siamese", "--set", "input.size=24",
		"--set", "backbone={smallconv: {filters: [4], dense: 4}}", "--set", "train.batch_size=8", "--set", "train.steps=3")
	tfpair(t, "report", "--run", at("run"), "--data", at("pictures"), "--out", at("page.html"), "--projector", at("board"), "--quiet")
	var got map[string][3]int
	text := command(t, python, "../testdata/interop/read_summaries.py", at("board"))
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, tag := range []string{"hardest/False accepts", "hardest/False rejects", "hardest/Searches", "neighbours/the nearest is wrong", "neighbours/of all"} {
		if size, ok := got[tag]; !ok || size[0] < 200 || size[1] < 100 || size[2] != 3 {
			t.Errorf("%q is %v, want a picture of step 3; there are %v", tag, size, got)
		}
	}
}

// TestInteropNothing: where all images are alike, no pair is called the same, and TensorFlow answers as
// Go does: no threshold is a neighbour of 0.
func TestInteropNothing(t *testing.T) {
	python, folder := interopPython(t, "keras"), t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	flat := image.NewNRGBA(image.Rect(0, 0, 12, 12))
	for i := range flat.Pix {
		flat.Pix[i] = 90
	}
	var file bytes.Buffer
	if err := png.Encode(&file, flat); err != nil {
		t.Fatal(err)
	}
	for _, class := range []string{"a", "b"} {
		if err := os.MkdirAll(at("data/"+class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			write(t, at(fmt.Sprintf("data/%s/%d.png", class, i)), file.Bytes())
		}
	}
	tfpair(t, "train", "--data", at("data"), "--out", at("run"), "--quiet", "--set", "distance=sqeuclidean",
		"--set", "input.size=12", "--set", "train.steps=0")
	tfpair(t, "export", "--run", at("run"), "--out", at("model"), "--quiet")
	model, err := models.Load(at("model"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	})
	pixels := bytes.Repeat([]byte{90}, 12*12*3)
	a := embedPixels(t, model, pixels)
	list, err := model.CompareEmbeddings(t.Context(), a, a)
	if err != nil || list[0].Distance != 0 || list[0].Same {
		t.Errorf("a picture and itself: %+v (%v), want distance 0, and not same", list, err)
	}
	t.Log(command(t, python, "../testdata/interop/nothing.py", at("model/1")))
}

// TestProof: ONNX Runtime and OpenVINO read what tfpair exports, and give the answers
// that Go gives. docs/proof.md records it.
func TestProof(t *testing.T) {
	python := interopPython(t, "proof")
	eachInteropModel(t, func(t *testing.T, folder string, _ expected) {
		t.Log(command(t, python, "../testdata/interop/prove.py", folder))
	})
}

// eachInteropModel calls check with a folder for each model, as case.py has it, and what
// is in its expected.json.
func eachInteropModel(t *testing.T, check func(t *testing.T, folder string, want expected)) {
	t.Helper()
	pictures := filepath.Join(t.TempDir(), "pictures")
	if err := sample.Write(pictures, sample.Options{Train: 30, Test: 12}); err != nil {
		t.Fatal(err)
	}
	for name, set := range interopModels {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			want := interopCase(t, folder, pictures, set)
			want.CLI = name == "bce" // it is slow, and knows nothing of losses
			text, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(folder, "expected.json"), text)
			check(t, folder, want)
		})
	}
}

// expected is what Go makes of a model: the file expected.json of case.py.
type expected struct {
	Size      int                `json:"size"`
	Dim       int                `json:"dim"`
	Probable  bool               `json:"probable"`
	Variables map[string][]int64 `json:"variables"` // of the trainable form, shapes by key
	Trainable []string           `json:"trainable"` // keys, sorted
	Pairs     []comparedPair     `json:"pairs"`
	Photos    []preparedPhoto    `json:"photos"`
	CLI       bool               `json:"cli"`
}

// comparedPair is a row of left.rgb and right.rgb.
type comparedPair struct {
	Left        []float32 `json:"left"` // embedding [D]
	Right       []float32 `json:"right"`
	Distance    float32   `json:"distance"`
	Same        bool      `json:"same"`
	Probability *float32  `json:"probability,omitempty"`
}

// preparedPhoto is the embedding of a photo, prepared in one way.
type preparedPhoto struct {
	File      string    `json:"file"`
	Mode      string    `json:"mode"`
	Filter    string    `json:"filter"`
	Embedding []float32 `json:"embedding"`
}

// interopCase trains and exports a model into folder, as a person would, and lets Go
// answer with it.
func interopCase(t *testing.T, folder, pictures string, set []string) expected {
	t.Helper()
	run, out := filepath.Join(folder, "run"), filepath.Join(folder, "model")
	args := []string{"train", "--data", pictures, "--out", run, "--quiet"}
	for _, s := range append([]string{"input.size=32", "train.steps=80", "train.eval_every=80",
		"backbone={smallconv: {filters: [8, 16], dense: 32}}"}, set...) {
		args = append(args, "--set", s)
	}
	tfpair(t, args...)
	tfpair(t, "export", "--run", run, "--out", out, "--onnx", "--quiet")
	tfpair(t, "export", "--run", run, "--out", filepath.Join(folder, "trainable"), "--form", "trainable", "--quiet")
	model, err := models.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	}()
	want := expected{Size: model.Info().Manifest.Preprocessing.Size, Dim: model.Dim()}
	want.Variables, want.Trainable = exportedVariables(t, run)
	want.Pairs = comparePairs(t, model, folder, pictures)
	want.Probable = want.Pairs[0].Probability != nil
	want.Photos = preparePhotos(t, model, folder, pictures)
	return want
}

// buildInterop returns the program of a folder of testdata/interop, a module of its own.
func buildInterop(t *testing.T, folder string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), folder)
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("../testdata/interop", folder)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", folder, err, out)
	}
	return program
}

func checkTFGo(t *testing.T, program, folder string, want []comparedPair) {
	t.Helper()
	out := command(t, program, filepath.Join(folder, "model", "1"),
		filepath.Join(folder, "left.rgb"), filepath.Join(folder, "right.rgb"))
	d := json.NewDecoder(out)
	var difference float64
	for i, w := range want {
		var got comparedPair
		if err := d.Decode(&got); err != nil {
			t.Fatalf("tfgo: pair %d: %v", i, err)
		}
		if got.Same != w.Same {
			t.Errorf("tfgo: pair %d: same is %t, want %t", i, got.Same, w.Same)
		}
		difference = max(difference, farthest(t, got.Left, w.Left), farthest(t, got.Right, w.Right),
			farthest(t, []float32{got.Distance}, []float32{w.Distance}))
	}
	t.Logf("tfgo: %d pairs, largest difference %.2g", len(want), difference)
}

// farthest returns the largest difference of two embeddings, which may be 1e-5 of
// max(1, ‖e‖): kernels sum in other orders.
func farthest(t *testing.T, got, want []float32) (difference float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d numbers, want %d", len(got), len(want))
	}
	var square float64
	for i, w := range want {
		difference = max(difference, math.Abs(float64(got[i])-float64(w)))
		square += float64(w) * float64(w)
	}
	if allowed := 1e-5 * max(1, math.Sqrt(square)); !(difference <= allowed) {
		t.Errorf("numbers differ by %g, %g is allowed", difference, allowed)
	}
	return difference
}

// interopPython returns an interpreter that has bench/requirements-NAME.txt.
func interopPython(t *testing.T, name string) string {
	t.Helper()
	python, err := venv.Make(t.Context(), venv.Options{Name: name,
		Requirements: filepath.Join("..", "bench", "requirements-"+name+".txt"),
		Say:          func(text string) { t.Log(text) }})
	if err != nil {
		t.Fatal(err)
	}
	return python
}

// command runs a program, which must succeed, and returns what it printed.
func command(t *testing.T, name string, args ...string) *bytes.Buffer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	var out, conversation bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &conversation
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(name), err, &out, venv.Tail(conversation.String()))
	}
	return &out
}
