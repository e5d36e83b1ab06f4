package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// TestTrust: a model of ours into which somebody put an operation that lists files is refused,
// though its manifest is in order, and --trust any lifts that.
func TestTrust(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "1")
	if err := os.CopyFS(folder, os.DirFS("../testdata/formats/f76e329/model/1")); err != nil {
		t.Fatal(err)
	}
	poison(t, folder)
	args := []string{"tfpair", "embed", "--model", folder, "--data", "../testdata/formats/f76e329/data",
		"--out", filepath.Join(t.TempDir(), "v.csv")}
	var said strings.Builder
	if code := Run(t.Context(), args, IO{Out: io.Discard, Err: &said, Getenv: os.Getenv}); code != exitInput {
		t.Errorf("embed = %d, want %d", code, exitInput)
	}
	for _, want := range []string{`node "evil" (MatchingFiles): it lists files`, "--trust any"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("embed says %q, want %q in it", said.String(), want)
		}
	}
	said.Reset()
	code := Run(t.Context(), append(args, "--trust", "none"), IO{Out: io.Discard, Err: &said, Getenv: os.Getenv})
	if code != exitUsage || !strings.Contains(said.String(), "--trust must be checked or any") {
		t.Errorf("embed --trust none = %d: %s", code, said.String())
	}
	said.Reset()
	code = Run(t.Context(), append(args, "--trust", "any"), IO{Out: io.Discard, Err: &said, Getenv: os.Getenv})
	if strings.Contains(said.String(), "TensorFlow is not installed") {
		t.Skip("no TensorFlow runtime")
	}
	if code != exitDone {
		t.Errorf("embed --trust any = %d: %s", code, said.String())
	}
}

// poison lets the embedding of the model in folder wait for an operation that lists files.
func poison(t *testing.T, folder string) {
	t.Helper()
	at := filepath.Join(folder, savedmodel.FileName)
	data, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	saved := &proto.SavedModel{}
	if err := protobuf.Unmarshal(data, saved); err != nil {
		t.Fatal(err)
	}
	graph, pattern := saved.MetaGraphs[0].GraphDef, ""
	for _, n := range graph.Node {
		if n.Op == "Const" && n.Attr["value"].GetTensor().GetDtype().String() == "DT_STRING" {
			pattern = n.Name
		}
		if n.Name == names.ServingEmbedding {
			n.Input = append(n.Input, "^evil")
		}
	}
	graph.Node = append(graph.Node, &node_def_go_proto.NodeDef{Name: "evil", Op: "MatchingFiles", Input: []string{pattern}})
	if data, err = protobuf.Marshal(saved); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := models.ReadManifest(folder)
	if err != nil {
		t.Fatal(err)
	}
	if m.Files[savedmodel.FileName], err = models.Sum(at); err != nil {
		t.Fatal(err)
	}
	if data, err = m.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, models.ManifestName), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
