// Package savedmodel reads and writes saved_model.pb, the description of a
// TensorFlow SavedModel:
//
//	GraphDef, variables, signatures, saver → saved_model.pb → signatures, by name
//
// It knows the file format and not what a signature means. The values of variables
// are written by the graph's own save operation, and files are put in place by
// whoever calls. It does not need the TensorFlow runtime.
package savedmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/regular"
)

// Names that TensorFlow fixes.
const (
	FileName        = "saved_model.pb"
	VariablesFolder = "variables"           // beside FileName
	VariablesPrefix = "variables/variables" // of the files in it
	ExtraFolder     = "assets.extra"        // files that TensorFlow carries along and does not read
	Tag             = "serve"               // of the graph that is served
)

// MaxFile is the largest saved_model.pb that is read, in bytes. It is read whole: memory of twice its
// size is needed where constants fill it, and of ten times where small nodes do. A protocol buffer can have
// twice as many at most.
const MaxFile = 1 << 30

// ErrNoSignature says that a model lacks a signature or one of its tensors.
var ErrNoSignature = errors.New("no such signature")

// FormatError says why a folder is no SavedModel that can be served.
type FormatError struct {
	Path   string
	Reason string
}

func (e *FormatError) Error() string { return fmt.Sprintf("model %q: %s", e.Path, e.Reason) }

// DType is the element type of a tensor of a signature, as TensorFlow spells it in
// Python: "uint8", "float32".
type DType string

// The types that tfpair's own signatures use.
const (
	Uint8   DType = "uint8"
	Float32 DType = "float32"
	Bool    DType = "bool"
)

// toProto maps the types that can be written; others can only be read.
var toProto = map[DType]types_go_proto.DataType{
	Uint8:   types_go_proto.DataType_DT_UINT8,
	Float32: types_go_proto.DataType_DT_FLOAT,
	Bool:    types_go_proto.DataType_DT_BOOL,
}

// Tensor is an input or output of a signature.
type Tensor struct {
	Name  string  // "serving_default_images:0"
	DType DType   // element type
	Shape []int64 // -1 where any size will do; nil where even the number of axes is open
}

// String returns t as "uint8 [?,64,64,3]".
func (t Tensor) String() string {
	if t.Shape == nil {
		return string(t.DType) + " of any shape"
	}
	sizes := make([]string, len(t.Shape))
	for i, n := range t.Shape {
		if sizes[i] = fmt.Sprint(n); n < 0 {
			sizes[i] = "?"
		}
	}
	return fmt.Sprintf("%s [%s]", t.DType, strings.Join(sizes, ","))
}

// Holds reports whether t can be of a shape, in which -1 stands for any size, that t has to
// leave open.
func (t Tensor) Holds(shape ...int64) bool {
	fits := func(have, want int64) bool { return have < 0 || have == want }
	return t.Shape == nil || slices.EqualFunc(t.Shape, shape, fits)
}

// Operation returns the name of the operation whose first output t is.
func (t Tensor) Operation() string { return strings.TrimSuffix(t.Name, ":0") }

// Signature is a function that a model offers, its tensors by key.
type Signature struct{ Inputs, Outputs map[string]Tensor }

// Input returns the input with the given key. The error wraps ErrNoSignature and
// lists the keys there are.
func (s Signature) Input(key string) (Tensor, error) { return Pick(s.Inputs, "input", key) }

// Output returns the output with the given key; likewise.
func (s Signature) Output(key string) (Tensor, error) { return Pick(s.Outputs, "output", key) }

// Pick returns the tensor with the given key of the inputs or outputs of a signature,
// as role says in the error, which wraps ErrNoSignature and lists the keys there are.
func Pick(tensors map[string]Tensor, role, key string) (Tensor, error) {
	t, ok := tensors[key]
	if !ok {
		return Tensor{}, fmt.Errorf("%w: no %s %q (known: %s)", ErrNoSignature, role, key,
			strings.Join(slices.Sorted(maps.Keys(tensors)), ", "))
	}
	return t, nil
}

// Model is what a saved_model.pb says.
type Model struct {
	Signatures map[string]Signature
	Version    string // of the TensorFlow that wrote it, "" where it does not say

	saved *proto.SavedModel
}

// Proto returns the whole file, as TensorFlow describes it.
func (m *Model) Proto() *proto.SavedModel { return m.saved }

// Served returns the graph that TensorFlow takes for Tag: the first whose tags are Tag and no other.
// It is nil where there is none.
func Served(saved *proto.SavedModel) *proto.MetaGraphDef {
	for _, graph := range saved.GetMetaGraphs() {
		tags := slices.Clone(graph.GetMetaInfoDef().GetTags())
		slices.Sort(tags)
		if tags = slices.Compact(tags); len(tags) == 1 && tags[0] == Tag {
			return graph
		}
	}
	return nil
}

// Signature returns the signature with the given name. The error wraps
// ErrNoSignature and lists the names there are.
func (m *Model) Signature(name string) (Signature, error) {
	s, ok := m.Signatures[name]
	if !ok {
		return Signature{}, fmt.Errorf("%w: %q (known: %s)", ErrNoSignature, name,
			strings.Join(slices.Sorted(maps.Keys(m.Signatures)), ", "))
	}
	return s, nil
}

// Read returns what the saved_model.pb in folder says of the graph with Tag. The
// error is a *FormatError.
func Read(folder string) (*Model, error) {
	refuse := func(format string, args ...any) (*Model, error) {
		return nil, &FormatError{folder, fmt.Sprintf(format, args...)}
	}
	data, err := regular.ReadFileIn(folder, FileName, MaxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("it has no %s", FileName)
	case err != nil:
		return refuse("read %s: %v", FileName, err)
	}
	saved := &proto.SavedModel{}
	if err := protobuf.Unmarshal(data, saved); err != nil {
		return refuse("%s is not whole: %v", FileName, err)
	}
	if len(saved.MetaGraphs) == 0 {
		return refuse("%s holds no graph", FileName)
	}
	graph := Served(saved)
	if graph == nil {
		var tags []string
		for _, graph := range saved.MetaGraphs {
			tags = append(tags, strings.Join(graph.GetMetaInfoDef().GetTags(), " and "))
		}
		return refuse("no graph has the tag %q alone (known: %s)", Tag, strings.Join(tags, ", "))
	}
	m := fromProto(graph)
	m.saved = saved
	return m, nil
}

func fromProto(graph *proto.MetaGraphDef) *Model {
	m := &Model{Signatures: map[string]Signature{},
		Version: graph.GetMetaInfoDef().GetTensorflowVersion()}
	for name, s := range graph.SignatureDef {
		m.Signatures[name] = Signature{Inputs: tensors(s.Inputs), Outputs: tensors(s.Outputs)}
	}
	return m
}

func tensors(infos map[string]*proto.TensorInfo) map[string]Tensor {
	list := map[string]Tensor{}
	for key, info := range infos {
		t := Tensor{Name: info.GetName(), DType: dtype(info.GetDtype())}
		if shape := info.GetTensorShape(); shape != nil && !shape.UnknownRank {
			t.Shape = make([]int64, len(shape.Dim))
			for i, d := range shape.Dim {
				t.Shape[i] = d.Size
			}
		}
		list[key] = t
	}
	return list
}

// dtype spells t as Python does: DT_FLOAT is float32, DT_INT64 int64.
func dtype(t types_go_proto.DataType) DType {
	for name, known := range toProto {
		if known == t {
			return name
		}
	}
	return DType(strings.ToLower(strings.TrimPrefix(t.String(), "DT_")))
}
