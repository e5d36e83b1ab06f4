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
	if err := os.WriteFile(filepath.Join(folder, savedmodel.FileName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
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
