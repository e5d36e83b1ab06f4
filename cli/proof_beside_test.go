//go:build interop

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
)

// besideSeeds is how many seeds a training beside another has.
const besideSeeds = 5

// beside is one training in another library and here, on the pictures of tfpair demo.
type beside struct {
	who, python, script string   // script of testdata/proof takes pictures, a seed, and the file of embeddings
	distance            string   // that embeddings are compared by
	train               []string // arguments of tfpair train
}

// TestProofFromKeras: the training of docs/from-keras.md.
func TestProofFromKeras(t *testing.T) {
	beside{who: "Keras", python: interopPython(t, "keras"), script: "from_keras.py", distance: "euclidean",
		train: []string{"--preset", "siamese", "--set", "loss=contrastive", "--set", "sampler.balanced.images_per_class=6",
			"--set", "train.batch_size=60", "--set", "train.steps=200"}}.run(t)
}

// TestProofKerasSteps: from the same initial values, on the same batches, the losses of the first steps are Keras'. Every
// batch is the same ten classes of six pictures, whose order changes no loss.
func TestProofKerasSteps(t *testing.T) {
	python, dir := interopPython(t, "keras"), t.TempDir()
	pictures, start, run := filepath.Join(dir, "pictures"), filepath.Join(dir, "start"), filepath.Join(dir, "run")
	if err := sample.Write(pictures, sample.Options{Train: 6, Test: 10}); err != nil {
		t.Fatal(err)
	}
	// Checkpoints of a long run are removed as others come, so the initial values are those of a run of one step.
	for folder, steps := range map[string]string{start: "train.steps=1", run: "train.steps=20"} {
		tfpair(t, "train", "--quiet", "--data", pictures, "--splits", "train=train,val=test", "--out", folder, "--preset", "siamese",
			"--set", "loss=contrastive", "--set", "sampler.balanced.images_per_class=6", "--set", "train.batch_size=60",
			"--set", "train.test=0", "--set", steps)
	}
	var theirs []float64
	values := filepath.Join(start, "checkpoints", "step-00000000", "variables.safetensors")
	out := command(t, python, "../testdata/proof/keras_steps.py", values, pictures, "20").Bytes()
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	events := 0
	for line := range bytes.Lines(read(t, filepath.Join(run, "events.jsonl"))) {
		var e struct {
			Event string
			Step  int
			Loss  float64
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.Event != "step" {
			continue
		}
		want := 0.
		for _, loss := range theirs[e.Step-10 : e.Step] {
			want += loss / 10 // an event has the mean of ten steps
		}
		t.Logf("mean loss of steps %d to %d: Keras %.7f, tfpair %.7f", e.Step-9, e.Step, want, e.Loss)
		if math.Abs(e.Loss-want) > 1e-5 {
			t.Errorf("steps %d to %d: mean loss %g, Keras has %g", e.Step-9, e.Step, e.Loss, want)
		}
		events++
	}
	if events != 2 {
		t.Errorf("%d events of ten steps each, want 2", events)
	}
}

// TestProofFromPML: the training of docs/from-pytorch-metric-learning.md; evaluate says of our embeddings
// what its AccuracyCalculator says of them.
func TestProofFromPML(t *testing.T) {
	python := interopPython(t, "proof-torch")
	runs := beside{who: "pytorch-metric-learning", python: python, script: "from_pml.py", distance: "cosine",
		train: []string{"--preset", "triplet", "--set", "head.linear.embedding_dim=64", "--set", "distance=cosine",
			"--set", "miner=semihard", "--set", "loss.triplet.margin=0.2", "--set", "loss.triplet.reduction=nonzero",
			"--set", "sampler.balanced.images_per_class=6", "--set", "train.batch_size=60", "--set", "train.steps=200"}}.run(t)
	for _, r := range runs {
		var said struct {
			Precision float64 `json:"precision_at_1"`
			R         float64 `json:"r_precision"`
			Mean      float64 `json:"mean_average_precision_at_r"`
		}
		if err := json.Unmarshal(command(t, python, "../testdata/proof/accuracy.py", r.vectors).Bytes(), &said); err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{"recall@1": said.Precision, "r_precision": said.R, "map@r": said.Mean}
		compared := 0
		for _, m := range reportOf(t, r.folder, r.pictures, "--checkpoint", "last").Retrieval {
			theirs, ok := want[m.Name]
			if !ok {
				continue
			}
			if math.Abs(m.Value-theirs) > 1e-6 { // it adds in float32, and so prints 7 digits
				t.Errorf("%s: evaluate says %v, AccuracyCalculator %v", m.Name, m.Value, theirs)
			}
			compared++
		}
		if compared != len(want) {
			t.Errorf("evaluate says %d of %d numbers", compared, len(want))
		}
		t.Logf("AccuracyCalculator of tfpair's embeddings: precision_at_1 %.3f, r_precision %.4f, "+
			"mean_average_precision_at_r %.4f; evaluate says the same", said.Precision, said.R, said.Mean)
	}
}

// besideRun is one of our trainings.
type besideRun struct{ pictures, folder, vectors string }

// run trains in both with each seed, and measures the test pictures. It prints the numbers that the page has, and
// fails where the means of recall@1 or AUC lie further apart than three standard errors of
// their difference and 0.001 of rounding to whole pictures.
func (b beside) run(t *testing.T) []besideRun {
	t.Helper()
	dir := t.TempDir()
	at := func(format string, args ...any) string { return filepath.Join(dir, fmt.Sprintf(format, args...)) }
	if err := sample.Write(at("pictures"), sample.Options{}); err != nil {
		t.Fatal(err)
	}
	var theirs, ours []string
	var runs []besideRun
	for seed := range besideSeeds {
		file := at("theirs-%d.csv", seed)
		command(t, b.python, "../testdata/proof/"+b.script, at("pictures"), fmt.Sprint(seed), file)
		theirs = append(theirs, file)
		r := besideRun{pictures: at("pictures"), folder: at("run-%d", seed), vectors: at("ours-%d.csv", seed)}
		tfpair(t, append([]string{"train", "--quiet", "--data", r.pictures, "--out", r.folder,
			"--set", fmt.Sprintf("train.seed=%d", seed)}, b.train...)...)
		tfpair(t, "embed", "--quiet", "--model", r.folder, "--checkpoint", "last", "--data", at("pictures/test"), "--out", r.vectors)
		ours, runs = append(ours, r.vectors), append(runs, r)
	}
	x, y := b.measure(t, b.who, theirs), b.measure(t, "tfpair", ours)
	x.near(t, "recall@1", y, func(n nearness) float64 { return n.Recall })
	x.near(t, "AUC", y, func(n nearness) float64 { return n.AUC })
	return runs
}

// nearness is what testdata/proof/measure.py prints of one file of embeddings.
type nearness struct{ Recall, AUC float64 }

// nearnesses are those of several seeds.
type nearnesses []nearness

// measure logs the numbers of files of embeddings, and returns them.
func (b beside) measure(t *testing.T, who string, files []string) nearnesses {
	t.Helper()
	out := command(t, b.python, append([]string{"../testdata/proof/measure.py", b.distance}, files...)...).String()
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if len(rows) != len(files) {
		t.Fatalf("%d numbers of %d files:\n%s", len(rows), len(files), out)
	}
	list := make(nearnesses, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row), &list[i]); err != nil {
			t.Fatalf("%v: %s", err, row)
		}
		t.Logf("%s, seed %d: recall@1 %.3f, AUC %.4f", who, i, list[i].Recall, list[i].AUC)
	}
	return list
}

// near compares the means of a number.
func (l nearnesses) near(t *testing.T, name string, other nearnesses, of func(nearness) float64) {
	t.Helper()
	mean, variance := l.spread(of)
	theirs, others := other.spread(of)
	allowed := 3*math.Sqrt((variance+others)/float64(len(l))) + 0.001
	t.Logf("%s: means %.4f and %.4f, %.4f apart; %.4f is allowed", name, mean, theirs, math.Abs(mean-theirs), allowed)
	if math.Abs(mean-theirs) > allowed {
		t.Errorf("%s: means %.4f and %.4f, want at most %.4f apart", name, mean, theirs, allowed)
	}
}

// spread returns mean and variance.
func (l nearnesses) spread(of func(nearness) float64) (mean, variance float64) {
	for _, n := range l {
		mean += of(n) / float64(len(l))
	}
	for _, n := range l {
		variance += (of(n) - mean) * (of(n) - mean) / float64(len(l)-1)
	}
	return mean, variance
}
