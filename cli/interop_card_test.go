//go:build interop

package cli

import (
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
)

// TestInteropCard: Hugging Face's library reads the card of an export, and the numbers in it are those of the
// manifest.
func TestInteropCard(t *testing.T) {
	python, folder := interopPython(t, "card"), t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := sample.Write(at("data"), sample.Options{Train: 30, Test: 12}); err != nil {
		t.Fatal(err)
	}
	write(t, at("card.yaml"), []byte("license: apache-2.0\ntags: [shapes]\n"))
	tfpair(t, "train", "--data", at("data"), "--out", at("run"), "--quiet", "--preset", "siamese",
		"--set", "input.size=16", "--set", "train.steps=4")
	tfpair(t, "export", "--run", at("run"), "--out", at("model"), "--card", at("card.yaml"), "--quiet")
	t.Log(command(t, python, "../testdata/interop/card.py", at("model/1")))
}
