package savedmodel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/names"
)

// SetLimit returns a saved_model.pb that Encode wrote with another limit: the largest distance at
// which the operation names.CompareSame says "same". All else stays as it is.
func SetLimit(file []byte, limit float32) ([]byte, error) {
	saved, t, err := limitOf(file)
	if err != nil {
		return nil, err
	}
	t.TensorContent, t.FloatVal = nil, []float32{limit}
	return protobuf.MarshalOptions{Deterministic: true}.Marshal(saved)
}

// limitOf returns the model in file and its limit, a constant of one float32:
//
//	distance, limit → LessEqual → names.CompareSame
func limitOf(file []byte) (*proto.SavedModel, *tensor_go_proto.TensorProto, error) {
	saved := &proto.SavedModel{}
	if err := protobuf.Unmarshal(file, saved); err != nil {
		return nil, nil, fmt.Errorf("decode %s: %w", FileName, err)
	}
	served := Served(saved)
	if served == nil {
		return nil, nil, fmt.Errorf("%s has no graph with the tag %q alone", FileName, Tag)
	}
	nodes := map[string]*node_def_go_proto.NodeDef{}
	for _, node := range served.GetGraphDef().GetNode() {
		nodes[node.Name] = node
	}
	same := nodes[names.CompareSame]
	for range nodes { // so that a circle ends
		if same.GetOp() != "Identity" || len(same.Input) == 0 {
			break
		}
		same = nodes[strings.TrimSuffix(same.Input[0], ":0")]
	}
	if same.GetOp() != "LessEqual" || len(same.Input) < 2 {
		return nil, nil, errors.New("the graph does not compare a distance with a limit as tfpair's do")
	}
	constant := nodes[strings.TrimSuffix(same.Input[1], ":0")]
	t := constant.GetAttr()["value"].GetTensor()
	if constant.GetOp() != "Const" || t.GetDtype() != types_go_proto.DataType_DT_FLOAT || len(t.GetTensorShape().GetDim()) > 0 {
		return nil, nil, errors.New("the limit of distances in the graph is no constant of one float32")
	}
	return saved, t, nil
}
