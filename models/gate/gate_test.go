package gate

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/models/gate/gatetest"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// TestHostile: each hostile model is refused, by the operation and the node that make it so.
func TestHostile(t *testing.T) {
	folder := t.TempDir()
	list := gatetest.Hostile(folder)
	if len(list) < 80 {
		t.Errorf("%d hostile models, want at least 80", len(list))
	}
	for _, c := range list {
		t.Run(c.Name, func(t *testing.T) {
			r := Inspect(t.TempDir(), throughFile(t, c.Model), nil)
			if !slices.ContainsFunc(r.Refusals, func(got Refusal) bool {
				return got.Op == c.Op && got.Node == c.Node && strings.Contains(got.Reason, c.Says)
			}) {
				t.Errorf("refusals %v, want one of (%s) at node %q with %q", r.Refusals, c.Op, c.Node, c.Says)
			}
		})
	}
}

// throughFile returns m as it is read from a file.
func throughFile(t *testing.T, m *proto.SavedModel) *proto.SavedModel {
	t.Helper()
	data, err := protobuf.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again := &proto.SavedModel{}
	if err := protobuf.Unmarshal(data, again); err != nil {
		t.Fatal(err)
	}
	return again
}

// TestHonest: models of other tools pass. They are saved_model.pb of testdata/models/honest.py.
func TestHonest(t *testing.T) {
	files, err := filepath.Glob("testdata/honest/*.pb.gz")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d honest models, want at least 20 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".pb.gz"), func(t *testing.T) {
			r := Inspect(t.TempDir(), unpack(t, file), nil)
			if err := r.Err("it"); err != nil {
				t.Error(err)
			}
			if len(r.Graphs) != 1 || !r.Graphs[0].Served || len(r.Graphs[0].Ops) < 2 {
				t.Errorf("graphs %+v, want one that is served", r.Graphs)
			}
			for _, g := range r.Graphs {
				if other := g.Ops[unknownKind]; other != nil {
					t.Errorf("unknown operations: %v", other)
				}
			}
		})
	}
}

func unpack(t *testing.T, file string) *proto.SavedModel {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	m := &proto.SavedModel{}
	if err := protobuf.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRuns: what the caller runs is looked at as what signatures name.
func TestRuns(t *testing.T) {
	for _, c := range gatetest.Hostile(t.TempDir()) {
		if c.Name != "a signature saves" {
			continue
		}
		delete(c.Model.MetaGraphs[0].SignatureDef, "more")
		if err := Inspect(t.TempDir(), c.Model, nil).Err("it"); err != nil {
			t.Errorf("a saver of its own is refused: %v", err)
		}
		if err := Inspect(t.TempDir(), c.Model, []string{"evil"}).Err("it"); err == nil {
			t.Error("what the caller runs may save")
		}
		return
	}
	t.Fatal("the hostile model is gone")
}

// TestFolder: what the runtime would open is a file, and the file that was checked.
func TestFolder(t *testing.T) {
	for name, make := range map[string]func(folder string) error{
		"fingerprint.pb is no file": func(f string) error { return syscall.Mkfifo(filepath.Join(f, "fingerprint.pb"), 0o600) },
		"variables.index is no file": func(f string) error {
			if err := os.Mkdir(filepath.Join(f, "variables"), 0o755); err != nil {
				return err
			}
			return os.Symlink(os.DevNull, filepath.Join(f, "variables", "variables.index"))
		},
		"saved_model.cpb": func(f string) error { return os.WriteFile(filepath.Join(f, "saved_model.cpb"), nil, 0o600) },
	} {
		folder := t.TempDir()
		if err := make(folder); err != nil {
			t.Fatal(err)
		}
		if err := Inspect(folder, gatetest.Model(nil), nil).Err("it"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	root, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, assetsFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(root, assetsFolder, "words")); err != nil {
		t.Fatal(err)
	}
	if got := assetRefusal(root, "words"); !strings.Contains(got, "link that leads out of the model") {
		t.Errorf("a link to a file elsewhere: %q", got)
	}
	if got := assetRefusal(root, "none"); got != "" {
		t.Errorf("an asset that is missing: %q, want that the runtime says so", got)
	}
}

// TestUnknownField: a part that this program cannot read is refused; names of source files are not.
func TestUnknownField(t *testing.T) {
	for number, want := range map[protowire.Number]bool{debugInfo: false, 99: true} {
		m := gatetest.Model(nil)
		raw := protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), []byte("x"))
		m.MetaGraphs[0].GraphDef.ProtoReflect().SetUnknown(raw)
		if got := Inspect(t.TempDir(), m, nil).Err("it"); (got != nil) != want {
			t.Errorf("field %d: %v, want refused %t", number, got, want)
		}
	}
}

// TestError: the message tells the first reasons and counts the rest.
func TestError(t *testing.T) {
	r := Refusal{Graph: "serve", Function: "f", Node: "n", Op: "WriteFile", Reason: "it writes files"}
	e := &Error{"m", []Refusal{r, r, r, r}}
	want := `node "n" (WriteFile) of function "f": it writes files`
	if got := e.Error(); strings.Count(got, want) != told || !strings.HasSuffix(got, "; and 1 more reason") {
		t.Errorf("Error() = %q, want %d times %q and 1 more reason", got, told, want)
	}
}

// TestKinds: no operation is in two kinds, or allowed and told as a danger.
func TestKinds(t *testing.T) {
	seen := map[string]string{}
	for _, k := range kinds {
		for op := range strings.FieldsSeq(k.ops) {
			if seen[op] != "" {
				t.Errorf("%s is of kinds %s and %s", op, seen[op], k.name)
			}
			seen[op] = k.name
			if saverOps[op] || assetOps[op] || reasonOf(op) != "it is not known to only compute" {
				t.Errorf("%s is allowed, and %s", op, reasonOf(op))
			}
		}
	}
}

// FuzzInspect: no model panics or has no end, and what is refused has a reason.
func FuzzInspect(f *testing.F) {
	folder := f.TempDir()
	models := []*proto.SavedModel{gatetest.Model(nil)}
	for _, c := range gatetest.Hostile(folder) {
		models = append(models, c.Model)
	}
	for _, m := range models {
		data, err := protobuf.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(folder, savedmodel.FileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		saved, err := savedmodel.Read(folder)
		if err != nil {
			return
		}
		r := Inspect(folder, saved.Proto(), nil)
		for _, refusal := range r.Refusals {
			if refusal.Reason == "" {
				t.Fatalf("refusal %+v has no reason", refusal)
			}
		}
		for _, g := range r.Graphs {
			if len(r.Refusals) == 0 && g.Ops[unknownKind] != nil {
				t.Fatalf("operations %v pass", g.Ops[unknownKind])
			}
		}
	})
}
