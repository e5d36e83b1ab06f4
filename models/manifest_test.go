package models

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tfpair/tfpair/models/savedmodel"
)

// FuzzManifest: no manifest panics, however it is sealed; one that is read can be sealed and is read again, and files
// outside of the model never fit it.
func FuzzManifest(f *testing.F) {
	folder := f.TempDir()
	if err := os.Mkdir(filepath.Join(folder, savedmodel.ExtraFolder), 0o700); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(folder, filepath.FromSlash(ManifestName))
	m := Manifest{Format: ManifestFormat, EmbeddingDim: 3, Spec: []byte("{}"), Curve: &Curve{}, Gallery: &Gallery{File: "a"},
		Probes: []Probe{{File: "b", Embedding: []float32{0.5}}}, Files: map[string]File{"a": {Size: 1, SHA256: "00"}, "../b": {}}}
	for _, dim := range []int{3, 0} {
		m.EmbeddingDim = dim
		m.SHA256 = ""
		text, err := m.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.Replace(text, sealOf(""), sealOf(sumOf(text)), 1)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := ReadManifest(folder)
		if err != nil {
			var corrupt *CorruptError
			var newer *NewerError
			if !errors.As(err, &corrupt) && !errors.As(err, &newer) {
				t.Fatalf("ReadManifest = %v, want a *CorruptError or a *NewerError", err)
			}
			return
		}
		_, _ = m.Accept(), m.Uncalibrated()
		for name := range m.Files {
			if err := m.verify(folder); err == nil && !filepath.IsLocal(filepath.FromSlash(name)) {
				t.Fatalf("%q is a file of the model", name)
			}
		}
		sealed, err := m.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, sealed, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := ReadManifest(folder)
		if diff := cmp.Diff(m, again, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Manifest{}, "SHA256", "Spec")); err != nil || diff != "" {
			t.Fatalf("read again: %v (-first +again):\n%s", err, diff)
		}
	})
}
