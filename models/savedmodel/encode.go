package savedmodel

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_shape_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/variable_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/names"
)

// Variable is a variable of the graph to write, its operations named as package
// names says.
type Variable struct {
	Key       string // name of its handle
	Trainable bool   // listed as such: Python's optimizers will change it
}

// Contents is what goes into a saved_model.pb. A graph that has variables saves and restores them
// by the operations names.SavePrefix, names.Save and names.Restore.
type Contents struct {
	Graph      []byte // a serialised GraphDef
	Variables  []Variable
	Signatures map[string]Signature
	Version    string // of the TensorFlow runtime that the graph is made for
}

// predict is the method name that TensorFlow Serving expects of a signature.
const predict = "tensorflow/serving/predict"

// schema is the version of the SavedModel format.
const schema = 1

// Encode returns the bytes of a saved_model.pb. Equal contents give equal bytes.
//
// There is no object graph, so that Python reads it as TensorFlow 1 wrote models: by
// collections and the saver. Strings in constants are spelt out, since some readers
// (OpenVINO's) do not unpack them.
func Encode(c Contents) ([]byte, error) {
	graph := &graph_go_proto.GraphDef{}
	if err := protobuf.Unmarshal(c.Graph, graph); err != nil {
		return nil, fmt.Errorf("decode graph: %w", err)
	}
	for _, node := range graph.Node {
		if err := spellOut(node.GetAttr()["value"].GetTensor()); err != nil {
			return nil, fmt.Errorf("constant %q: %w", node.Name, err)
		}
	}
	meta := &proto.MetaGraphDef{
		MetaInfoDef: &proto.MetaGraphDef_MetaInfoDef{
			Tags: []string{Tag}, TensorflowVersion: c.Version},
		GraphDef:     graph,
		SignatureDef: map[string]*proto.SignatureDef{},
	}
	var err error
	if len(c.Variables) > 0 {
		meta.SaverDef = &proto.SaverDef{FilenameTensorName: names.SavePrefix + ":0",
			SaveTensorName: names.Save + ":0", RestoreOpName: names.Restore, Version: proto.SaverDef_V2}
		if meta.CollectionDef, err = collections(c.Variables); err != nil {
			return nil, err
		}
	}
	for name, s := range c.Signatures {
		if meta.SignatureDef[name], err = s.toProto(); err != nil {
			return nil, fmt.Errorf("signature %q: %w", name, err)
		}
	}
	saved := &proto.SavedModel{SavedModelSchemaVersion: schema, MetaGraphs: []*proto.MetaGraphDef{meta}}
	return protobuf.MarshalOptions{Deterministic: true}.Marshal(saved)
}

// spellOut turns a packed string constant into its strings. Others stay as they are.
// Packed are the lengths of all strings as varints, then their bytes.
func spellOut(t *tensor_go_proto.TensorProto) error {
	if t.GetDtype() != types_go_proto.DataType_DT_STRING || len(t.TensorContent) == 0 {
		return nil
	}
	count := int64(1)
	for _, d := range t.GetTensorShape().GetDim() {
		count *= d.Size
	}
	rest := t.TensorContent
	var lengths []uint64
	for range count {
		length, n := binary.Uvarint(rest)
		if n <= 0 {
			return errors.New("packed strings end early")
		}
		lengths, rest = append(lengths, length), rest[n:]
	}
	for _, length := range lengths {
		if uint64(len(rest)) < length {
			return errors.New("packed strings end early")
		}
		t.StringVal = append(t.StringVal, rest[:length:length])
		rest = rest[length:]
	}
	t.TensorContent = nil
	return nil
}

// collections lists the variables where TensorFlow 1 looks for them. Python compares
// the two lists by bytes, so they share them.
func collections(variables []Variable) (map[string]*proto.CollectionDef, error) {
	var all, trainable [][]byte
	for _, v := range variables {
		definition, err := protobuf.MarshalOptions{Deterministic: true}.Marshal(
			&variable_go_proto.VariableDef{
				VariableName:     v.Key + ":0",
				InitializerName:  v.Key + names.Store,
				InitialValueName: v.Key + names.Value + ":0",
				SnapshotName:     v.Key + names.Read + ":0",
				IsResource:       true,
				Trainable:        v.Trainable,
			})
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", v.Key, err)
		}
		if all = append(all, definition); v.Trainable {
			trainable = append(trainable, definition)
		}
	}
	list := func(items [][]byte) *proto.CollectionDef {
		return &proto.CollectionDef{Kind: &proto.CollectionDef_BytesList_{
			BytesList: &proto.CollectionDef_BytesList{Value: items}}}
	}
	return map[string]*proto.CollectionDef{"variables": list(all), "trainable_variables": list(trainable)}, nil
}

func (s Signature) toProto() (*proto.SignatureDef, error) {
	inputs, err := infos(s.Inputs)
	if err != nil {
		return nil, err
	}
	outputs, err := infos(s.Outputs)
	return &proto.SignatureDef{Inputs: inputs, Outputs: outputs, MethodName: predict}, err
}

func infos(tensors map[string]Tensor) (map[string]*proto.TensorInfo, error) {
	list := map[string]*proto.TensorInfo{}
	for key, t := range tensors {
		dtype, ok := toProto[t.DType]
		if !ok {
			return nil, fmt.Errorf("tensor %q has type %q, which is not written", key, t.DType)
		}
		shape := &tensor_shape_go_proto.TensorShapeProto{}
		for _, size := range t.Shape {
			shape.Dim = append(shape.Dim, &tensor_shape_go_proto.TensorShapeProto_Dim{Size: size})
		}
		list[key] = &proto.TensorInfo{Encoding: &proto.TensorInfo_Name{Name: t.Name}, Dtype: dtype, TensorShape: shape}
	}
	return list, nil
}
