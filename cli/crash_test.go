package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	saved "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestCrash: a model that ends the process, in peace or not, ends no command with a code that
// means something else, such as 0, "same".
func TestCrash(t *testing.T) {
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	if _, err := export.Run(context.Background(), export.Config{Run: trainedtest.Run(t, nil),
		Checkpoint: "last", Out: model, Tool: "tfpair test", Runtime: "TensorFlow 2"}); err != nil {
		t.Fatal(err)
	}
	if err := sample.Write(filepath.Join(dir, "pictures"), sample.Options{Size: 16}); err != nil {
		t.Fatal(err)
	}
	for _, quietly := range []bool{true, false} {
		aborting(t, filepath.Join(model, "1"), quietly)
		for _, line := range []string{
			"compare --exit-code --trust any --model model --left pictures/test/house/000.png --right pictures/test/house/001.png",
			"embed --trust any --model model --data pictures --out vectors.csv",
		} {
			cmd := exec.Command(os.Args[0])
			cmd.Args = append([]string{"tfpair"}, strings.Fields(line)...) // see TestMain
			cmd.Dir = dir
			var stderr strings.Builder
			cmd.Stderr = &stderr
			err := cmd.Run()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != exitCrashed || !strings.HasSuffix(stderr.String(), crashed) {
				t.Errorf("%s with a model that aborts (quietly: %t): exit code %d, want %d\n%s", line, quietly, got, exitCrashed, &stderr)
			}
		}
		if found, err := filepath.Glob(filepath.Join(dir, "vectors*")); err != nil || len(found) > 0 {
			t.Errorf("embed left %v, %v", found, err)
		}
	}
}

// aborting makes the model in folder end the process when it is run: with C's exit(0) if quietly,
// else by a failed check.
func aborting(t *testing.T, folder string, quietly bool) {
	t.Helper()
	path := filepath.Join(folder, savedmodel.FileName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m saved.SavedModel
	if err := proto.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	graph := m.MetaGraphs[0].GraphDef
	at := func(name string) *node_def_go_proto.NodeDef {
		for _, n := range graph.Node {
			if n.Name == name {
				return n
			}
		}
		return nil
	}
	if at("abort") == nil {
		graph.Node = append(graph.Node, &node_def_go_proto.NodeDef{Name: "abort", Op: "Abort",
			Attr: map[string]*attr_value_go_proto.AttrValue{}})
		last := at(names.ServingEmbedding)
		last.Input = append(last.Input, "^abort")
	}
	at("abort").Attr["exit_without_error"] = truth(quietly)
	if data, err = proto.Marshal(&m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	manifest, err := models.ReadManifest(folder)
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Files[savedmodel.FileName], err = models.Sum(path); err != nil {
		t.Fatal(err)
	}
	text, err := manifest.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, models.ManifestName), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func truth(b bool) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_B{B: b}}
}
