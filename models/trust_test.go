package models

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/models/gate/gatetest"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/models/signature"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// hostile is what a program declares of the models of gatetest.
var hostile = Declared(Declaration{Resize: resize.Options{Size: 2}})

// writeHostile writes the model of c.
func writeHostile(t *testing.T, c gatetest.Case) string {
	t.Helper()
	data, err := protobuf.Marshal(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	files := map[string][]byte{savedmodel.FileName: data}
	if c.Model.MetaGraphs[0].GetSaverDef().GetRestoreOpName() != "" {
		files[savedmodel.VariablesPrefix+".index"] = nil // else nothing is restored
	}
	for name, data := range files {
		at := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestRequireSignature: the signature is checked before anything else of a model is read, in the
// version that is loaded.
func TestRequireSignature(t *testing.T) {
	key, err := signature.ReadPublicKey("signature/testdata/p256/key.pub")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "1"), os.DirFS("signature/testdata/p256/model")); err != nil {
		t.Fatal(err)
	}
	var signed *SignatureError
	for name, how := range map[string]Option{"exported": Trust(Checked), "declared": hostile} {
		_, err := Load(folder, how, RequireSignature(key))
		if err == nil || errors.As(err, &signed) {
			t.Errorf("%s: Load = %v, want that the model is no graph", name, err)
		}
		at := filepath.Join(folder, "1", "more")
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(folder, how, RequireSignature(key)); !errors.As(err, &signed) || !strings.Contains(err.Error(), "more: it was not signed") {
			t.Errorf("%s: Load = %v, want that a file was not signed", name, err)
		}
		if err := os.Remove(at); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInspect: an inspection tells all that is wrong, in the order in which Load finds it.
func TestInspect(t *testing.T) {
	key, err := signature.ReadPublicKey("signature/testdata/p256/key.pub")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range gatetest.Hostile(t.TempDir()) {
		if c.Name != "WriteFile" {
			continue
		}
		found, err := Inspect(writeHostile(t, c), RequireSignature(key))
		if err != nil || len(found.Problems) != 2 || found.Manifest != nil {
			t.Fatalf("Inspect = %+v, %v; want two problems and no manifest", found, err)
		}
		var signed *SignatureError
		var refused *RefusedError
		if !errors.As(found.Problems[0], &signed) || !errors.As(found.Problems[1], &refused) {
			t.Errorf("problems %v, want the signature and then the operation", found.Problems)
		}
		if got := found.Can.Graphs[0].Ops["other"]["WriteFile"]; got != 1 {
			t.Errorf("%d operations WriteFile, want 1", got)
		}
		return
	}
	t.Fatal("the hostile model is gone")
}

// TestLoadHostile: Load refuses each hostile model by node and operation, or finds that its first
// graph is not the one that is served, and touches no file. What comes after the gate is the runtime.
func TestLoadHostile(t *testing.T) {
	touched := t.TempDir()
	for _, c := range gatetest.Hostile(touched) {
		t.Run(c.Name, func(t *testing.T) {
			m, err := Load(writeHostile(t, c), hostile)
			var refused *RefusedError
			if m != nil || !errors.As(err, &refused) {
				t.Fatalf("Load = %v, %v; want a *RefusedError", m, err)
			}
			found := false
			for _, r := range refused.Refusals {
				found = found || r.Op == c.Op && r.Node == c.Node && strings.Contains(r.Reason, c.Says)
			}
			if !found {
				t.Errorf("Load = %v, want (%s) at node %q with %q", err, c.Op, c.Node, c.Says)
			}
		})
	}
	if entries, err := os.ReadDir(touched); err != nil || len(entries) > 0 {
		t.Errorf("files were touched: %v, %v", entries, err)
	}
}
