package savedmodel

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_shape_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/names"
)

// packed returns strings as the binding packs them into a constant.
func packed(list ...string) *tensor_go_proto.TensorProto {
	t := &tensor_go_proto.TensorProto{Dtype: types_go_proto.DataType_DT_STRING,
		TensorShape: &tensor_shape_go_proto.TensorShapeProto{Dim: []*tensor_shape_go_proto.TensorShapeProto_Dim{{Size: int64(len(list))}}}}
	for _, s := range list {
		t.TensorContent = binary.AppendUvarint(t.TensorContent, uint64(len(s)))
	}
	for _, s := range list {
		t.TensorContent = append(t.TensorContent, s...)
	}
	return t
}

func contents(t *testing.T, constant *tensor_go_proto.TensorProto) Contents {
	t.Helper()
	graph, err := protobuf.Marshal(&graph_go_proto.GraphDef{Node: []*node_def_go_proto.NodeDef{
		{Name: "keys", Op: "Const", Attr: map[string]*attr_value_go_proto.AttrValue{
			"value": {Value: &attr_value_go_proto.AttrValue_Tensor{Tensor: constant}}}},
		{Name: "images", Op: "Placeholder"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	images := map[string]Tensor{"images": {Name: "images:0", DType: Uint8, Shape: []int64{-1, 4, 4, 3}}}
	return Contents{Graph: graph, Version: "2.21.0",
		Variables: []Variable{{"kernel", true}, {"moving_mean", false}},
		Signatures: map[string]Signature{"serving_default": {Inputs: images,
			Outputs: map[string]Tensor{"same": {Name: "same:0", DType: Bool, Shape: []int64{-1}}}}}}
}

func TestRoundTrip(t *testing.T) {
	long := strings.Repeat("x", 300) // its length takes two bytes
	c := contents(t, packed("kernel", "", long))
	text, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, FileName), text, 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Model{Signatures: c.Signatures, Version: "2.21.0"}, m, cmpopts.IgnoreUnexported(Model{})); diff != "" {
		t.Errorf("Read(Encode(x)) differs from x:\n%s", diff)
	}
	again, err := Encode(c)
	if err != nil || !slices.Equal(text, again) {
		t.Errorf("Encode gives other bytes the second time (%v)", err)
	}
	checkProto(t, text, "kernel", "", long)
}

// checkProto looks at what Read does not: strings, saver, collections.
func checkProto(t *testing.T, text []byte, keys ...string) {
	t.Helper()
	var saved proto.SavedModel
	if err := protobuf.Unmarshal(text, &saved); err != nil {
		t.Fatal(err)
	}
	graph := saved.MetaGraphs[0]
	constant := graph.GraphDef.Node[0].Attr["value"].GetTensor()
	var got []string
	for _, s := range constant.StringVal {
		got = append(got, string(s))
	}
	if !slices.Equal(got, keys) || len(constant.TensorContent) > 0 {
		t.Errorf("constant holds %q and %d packed bytes, want %q and none", got, len(constant.TensorContent), keys)
	}
	if s := graph.SaverDef; s.FilenameTensorName != "save/prefix:0" || s.SaveTensorName != "save/save:0" ||
		s.RestoreOpName != "save/restore" || s.Version != proto.SaverDef_V2 {
		t.Errorf("saver is %v, want tensors to save and an operation to restore, version 2", s)
	}
	all := graph.CollectionDef["variables"].GetBytesList().Value
	trainable := graph.CollectionDef["trainable_variables"].GetBytesList().Value
	if len(all) != 2 || len(trainable) != 1 || !slices.Equal(all[0], trainable[0]) {
		t.Errorf("collections hold %d and %d variables, want 2 and the first of them", len(all), len(trainable))
	}
	if graph.ObjectGraphDef != nil {
		t.Error("there is an object graph, want none: Python would look for a checkpoint of objects")
	}
}

// TestTooLarge: a file beyond the limit is refused by its size, before it is read. The limit is the one
// that docs/models.md tells.
func TestTooLarge(t *testing.T) {
	folder := t.TempDir()
	f, err := os.Create(filepath.Join(folder, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1<<30 + 1); err != nil { // holes, which take no place
		t.Fatal(err)
	}
	_, err = Read(folder)
	var format *FormatError
	if !errors.As(err, &format) || !strings.Contains(err.Error(), "larger than 1073741824 bytes") {
		t.Errorf("Read = %v, want that it is too large", err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	short := packed("kernel", "bias")
	short.TensorContent = short.TensorContent[:5]
	lengths := packed("kernel", "bias")
	lengths.TensorContent = lengths.TensorContent[:1]
	unknown := contents(t, packed("kernel"))
	unknown.Signatures["serving_default"].Inputs["images"] = Tensor{Name: "images:0", DType: "half"}
	notGraph := contents(t, packed("kernel"))
	notGraph.Graph = []byte("no graph")
	for _, c := range []struct {
		name     string
		contents Contents
		want     string
	}{
		{"strings cut short", contents(t, short), `constant "keys": packed strings end early`},
		{"lengths cut short", contents(t, lengths), `constant "keys": packed strings end early`},
		{"unknown type", unknown, `tensor "images" has type "half"`},
		{"no graph", notGraph, "decode graph"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Encode(c.contents); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Encode = %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	encode := func(m *proto.SavedModel) string {
		text, err := protobuf.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	training := &proto.MetaGraphDef{MetaInfoDef: &proto.MetaGraphDef_MetaInfoDef{Tags: []string{"train"}}}
	for _, c := range []struct{ name, text, want string }{
		{"no protocol buffer", "\xff\xff", "is not whole"},
		{"empty", "", "holds no graph"},
		{"another tag", encode(&proto.SavedModel{MetaGraphs: []*proto.MetaGraphDef{training}}), `no graph has the tag "serve" alone (known: train)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, FileName), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			var format *FormatError
			if _, err := Read(folder); !errors.As(err, &format) || !strings.Contains(format.Reason, c.want) {
				t.Errorf("Read = %v, want a *FormatError with %q", err, c.want)
			}
		})
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "has no saved_model.pb") {
		t.Errorf("Read of an empty folder = %v, want one that names the missing file", err)
	}
}

func TestSignature(t *testing.T) {
	m := &Model{Signatures: map[string]Signature{"serving_default": {Inputs: map[string]Tensor{"images": {}}}}}
	if _, err := m.Signature("compare"); !errors.Is(err, ErrNoSignature) || !strings.Contains(err.Error(), "known: serving_default") {
		t.Errorf("Signature = %v, want one that lists the signatures", err)
	}
	s, err := m.Signature("serving_default")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Input("pictures"); !errors.Is(err, ErrNoSignature) || !strings.Contains(err.Error(), `no input "pictures" (known: images)`) {
		t.Errorf("Input = %v, want one that lists the inputs", err)
	}
}

// limited is a graph that compares a distance with a limit; edit, which may be nil, changes it.
func limited(t testing.TB, edit func(nodes []*node_def_go_proto.NodeDef)) []byte {
	t.Helper()
	limit := &tensor_go_proto.TensorProto{Dtype: types_go_proto.DataType_DT_FLOAT,
		TensorShape: &tensor_shape_go_proto.TensorShapeProto{}, TensorContent: []byte{0, 0, 128, 62}} // 0.25
	nodes := []*node_def_go_proto.NodeDef{
		{Name: "limit", Op: "Const", Attr: map[string]*attr_value_go_proto.AttrValue{
			"value": {Value: &attr_value_go_proto.AttrValue_Tensor{Tensor: limit}}}},
		{Name: "distance", Op: "Placeholder"},
		{Name: "less", Op: "LessEqual", Input: []string{"distance", "limit"}},
		{Name: names.CompareSame, Op: "Identity", Input: []string{"less"}},
	}
	if edit != nil {
		edit(nodes)
	}
	graph, err := protobuf.Marshal(&graph_go_proto.GraphDef{Node: nodes})
	if err != nil {
		t.Fatal(err)
	}
	file, err := Encode(Contents{Graph: graph})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSetLimit(t *testing.T) {
	file, err := SetLimit(limited(t, nil), 0.5)
	if err != nil {
		t.Fatal(err)
	}
	_, limit, err := limitOf(file)
	if err != nil || len(limit.FloatVal) != 1 || limit.FloatVal[0] != 0.5 || limit.TensorContent != nil {
		t.Errorf("limit %v, %v; want 0.5 alone", limit, err)
	}
	again, err := SetLimit(file, 0.5)
	if err != nil || string(again) != string(file) {
		t.Errorf("the same limit again gives other bytes: %v", err)
	}
	for name, file := range map[string][]byte{
		"no protocol buffer": []byte("no model"),
		"empty":              nil,
		"another comparison": limited(t, func(n []*node_def_go_proto.NodeDef) { n[2].Op = "Less" }),
		"no answer":          limited(t, func(n []*node_def_go_proto.NodeDef) { n[3].Name = "other" }),
		"a circle":           limited(t, func(n []*node_def_go_proto.NodeDef) { n[3].Input[0] = names.CompareSame }),
		"a circle of two": limited(t, func(n []*node_def_go_proto.NodeDef) {
			n[2].Op, n[2].Input[0] = "Identity", names.CompareSame
		}),
		"a limit that is fed": limited(t, func(n []*node_def_go_proto.NodeDef) { n[0].Op = "Placeholder" }),
		"no limit":            limited(t, func(n []*node_def_go_proto.NodeDef) { n[2].Input = n[2].Input[:1] }),
	} {
		if _, err := SetLimit(file, 0.5); err == nil {
			t.Errorf("%s: SetLimit = nil error", name)
		}
	}
}

// FuzzSetLimit: no file panics or has no end, and a limit that is set is the one that is read.
func FuzzSetLimit(f *testing.F) {
	f.Add(limited(f, nil))
	f.Add(limited(f, func(n []*node_def_go_proto.NodeDef) { n[3].Input[0] = "limit" }))
	f.Fuzz(func(t *testing.T, file []byte) {
		file, err := SetLimit(file, 0.5)
		if err != nil {
			return
		}
		if _, limit, err := limitOf(file); err != nil || len(limit.FloatVal) != 1 || limit.FloatVal[0] != 0.5 {
			t.Fatalf("limit %v, %v; want 0.5 alone", limit, err)
		}
	})
}
