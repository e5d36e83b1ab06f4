//go:build interop

package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
)

// nearness is what testdata/proof/measure.py prints of one file of embeddings.
type nearness struct{ Recall, AUC float64 }

// TestProofFromKeras: the training of docs/from-keras.md, in Keras and here, with three seeds each. It prints
// the numbers that the page has, and fails where a mean of recall@1 or AUC lies more than 0.01 from
// Keras'.
func TestProofFromKeras(t *testing.T) {
	python, dir := interopPython(t, "keras"), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := sample.Write(at("pictures"), sample.Options{}); err != nil {
		t.Fatal(err)
	}
	var keras, ours []string
	for seed := range 3 {
		file := at(fmt.Sprintf("keras-%d.csv", seed))
		command(t, python, "../testdata/proof/from_keras.py", at("pictures"), fmt.Sprint(seed), file)
		keras = append(keras, file)
		run, file := at(fmt.Sprintf("run-%d", seed)), at(fmt.Sprintf("tfpair-%d.csv", seed))
		tfpair(t, "train", "--quiet", "--data", at("pictures"), "--out", run, "--preset", "siamese", "--set", "loss=contrastive",
			"--set", fmt.Sprintf("train.seed=%d", seed), "--set", "sampler.balanced.images_per_class=6",
			"--set", "train.batch_size=60", "--set", "train.steps=200")
		tfpair(t, "embed", "--quiet", "--model", run, "--checkpoint", "last", "--data", at("pictures/test"), "--out", file)
		ours = append(ours, file)
	}
	a, b := measure(t, python, "Keras", keras), measure(t, python, "tfpair", ours)
	if max(a.Recall-b.Recall, b.Recall-a.Recall) > 0.01 || max(a.AUC-b.AUC, b.AUC-a.AUC) > 0.01 {
		t.Errorf("means: Keras %+v, tfpair %+v, want at most 0.01 apart", a, b)
	}
}

// measure logs the numbers of files of embeddings, and returns their means.
func measure(t *testing.T, python, who string, files []string) (mean nearness) {
	t.Helper()
	out := command(t, python, append([]string{"../testdata/proof/measure.py", "euclidean"}, files...)...).String()
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if len(rows) != len(files) {
		t.Fatalf("%d numbers of %d files:\n%s", len(rows), len(files), out)
	}
	for _, row := range rows {
		var m nearness
		if err := json.Unmarshal([]byte(row), &m); err != nil {
			t.Fatalf("%v: %s", err, row)
		}
		t.Logf("%s: recall@1 %.3f, AUC %.4f", who, m.Recall, m.AUC)
		mean.Recall += m.Recall / float64(len(files))
		mean.AUC += m.AUC / float64(len(files))
	}
	return mean
}
