// Package gatetest makes SavedModels that do more than compute, for tests:
//
//	Hostile(folder) → []Case: a model, the operation and the node that a gate must name
//
// They are small, and are valid as far as the attack allows. Paths in them lie in folder, so that a
// test sees what was touched. Nothing here runs a model.
package gatetest

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/function_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/graph_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/op_def_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_shape_go_proto"
	types "github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
)

// Case is a hostile model.
type Case struct {
	Name  string
	Model *proto.SavedModel
	Op    string // of the operation that is to be refused; "": the reason is no operation
	Node  string
	Says  string // a part of the reason; "": any
}

// Short names of what models are made of.
type (
	attrs = map[string]*attr_value_go_proto.AttrValue
	nodes = []*node_def_go_proto.NodeDef
)

func node(name, op string, a attrs, inputs ...string) *node_def_go_proto.NodeDef {
	return &node_def_go_proto.NodeDef{Name: name, Op: op, Attr: a, Input: inputs}
}

func typed(t types.DataType) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_Type{Type: t}}
}

func text(s string) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_S{S: []byte(s)}}
}

func number(n int64) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_I{I: n}}
}

func calls(name string, a attrs) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_Func{
		Func: &attr_value_go_proto.NameAttrList{Name: name, Attr: a}}}
}

func callsAll(names ...string) *attr_value_go_proto.AttrValue {
	list := &attr_value_go_proto.AttrValue_ListValue{}
	for _, name := range names {
		list.Func = append(list.Func, &attr_value_go_proto.NameAttrList{Name: name})
	}
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_List{List: list}}
}

func shape(sizes ...int64) *tensor_shape_go_proto.TensorShapeProto {
	s := &tensor_shape_go_proto.TensorShapeProto{}
	for _, n := range sizes {
		s.Dim = append(s.Dim, &tensor_shape_go_proto.TensorShapeProto_Dim{Size: n})
	}
	return s
}

func shaped(sizes ...int64) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_Shape{Shape: shape(sizes...)}}
}

func value(t *tensor_go_proto.TensorProto) attrs {
	return attrs{"dtype": typed(t.Dtype), "value": {Value: &attr_value_go_proto.AttrValue_Tensor{Tensor: t}}}
}

// word is a constant string.
func word(name, s string) *node_def_go_proto.NodeDef {
	return node(name, "Const", value(&tensor_go_proto.TensorProto{Dtype: types.DataType_DT_STRING,
		TensorShape: shape(), StringVal: [][]byte{[]byte(s)}}))
}

// words is a constant vector of strings.
func words(name string, list ...string) *node_def_go_proto.NodeDef {
	t := &tensor_go_proto.TensorProto{Dtype: types.DataType_DT_STRING, TensorShape: shape(int64(len(list)))}
	for _, s := range list {
		t.StringVal = append(t.StringVal, []byte(s))
	}
	return node(name, "Const", value(t))
}

// typedAll is a list of types.
func typedAll(list ...types.DataType) *attr_value_go_proto.AttrValue {
	return &attr_value_go_proto.AttrValue{Value: &attr_value_go_proto.AttrValue_List{
		List: &attr_value_go_proto.AttrValue_ListValue{Type: list}}}
}

// whole is a constant vector of integers.
func whole(name string, n ...int64) *node_def_go_proto.NodeDef {
	return node(name, "Const", value(&tensor_go_proto.TensorProto{Dtype: types.DataType_DT_INT64,
		TensorShape: shape(int64(len(n))), Int64Val: n}))
}

// choice is a constant integer, by which branches are chosen.
func choice(name string, n int32) *node_def_go_proto.NodeDef {
	return node(name, "Const", value(&tensor_go_proto.TensorProto{Dtype: types.DataType_DT_INT32, TensorShape: shape(), IntVal: []int32{n}}))
}

// function is a function of no arguments with the given nodes.
func function(name string, body ...*node_def_go_proto.NodeDef) *function_go_proto.FunctionDef {
	return &function_go_proto.FunctionDef{Signature: &op_def_go_proto.OpDef{Name: name}, NodeDef: body,
		ControlRet: map[string]string{}}
}

// Pixels is how many numbers an input of Model has: an image of 2 by 2 pixels.
const Pixels = 12

// Model returns a model that only computes: serving_default from x [?,2,2,3] float32 to y [?,12].
// extra are further nodes; those called after are what y waits for.
func Model(extra nodes, after ...string) *proto.SavedModel {
	float := attrs{"dtype": typed(types.DataType_DT_FLOAT), "shape": shaped(-1, 2, 2, 3)}
	y := node("y", "Reshape", attrs{"T": typed(types.DataType_DT_FLOAT), "Tshape": typed(types.DataType_DT_INT64)}, "x", "flat")
	for _, name := range after {
		y.Input = append(y.Input, "^"+name)
	}
	info := func(name string, sizes ...int64) map[string]*proto.TensorInfo {
		return map[string]*proto.TensorInfo{name: {Encoding: &proto.TensorInfo_Name{Name: name + ":0"},
			Dtype: types.DataType_DT_FLOAT, TensorShape: shape(sizes...)}}
	}
	return &proto.SavedModel{SavedModelSchemaVersion: 1, MetaGraphs: []*proto.MetaGraphDef{{
		MetaInfoDef: &proto.MetaGraphDef_MetaInfoDef{Tags: []string{"serve"}},
		GraphDef: &graph_go_proto.GraphDef{Node: append(nodes{node("x", "Placeholder", float), whole("flat", -1, Pixels), y}, extra...),
			Library: &function_go_proto.FunctionDefLibrary{}},
		SignatureDef: map[string]*proto.SignatureDef{"serving_default": {Inputs: info("x", -1, 2, 2, 3),
			Outputs: info("y", -1, Pixels), MethodName: "tensorflow/serving/predict"}},
	}}}
}

// with returns m after edit of its only graph.
func with(m *proto.SavedModel, edit func(*proto.MetaGraphDef)) *proto.SavedModel {
	edit(m.MetaGraphs[0])
	return m
}

func library(m *proto.SavedModel, list ...*function_go_proto.FunctionDef) *proto.SavedModel {
	return with(m, func(g *proto.MetaGraphDef) { g.GraphDef.Library.Function = list })
}

// Hostile returns at least 80 hostile models. Files that they would touch lie in folder.
func Hostile(folder string) []Case {
	evil := filepath.Join(folder, "evil")
	list := operations(evil)
	list = append(list, hidden(evil)...)
	list = append(list, loading(evil)...)
	return append(list, endless()...)
}

// operations are single operations that the answer waits for.
func operations(evil string) []Case {
	s, all := typed(types.DataType_DT_STRING), typedAll(types.DataType_DT_STRING)
	path, data, names, slices := word("path", evil), word("data", "written"), words("names", "w"), words("slices", "")
	var list []Case
	for op, n := range map[string]*node_def_go_proto.NodeDef{
		"WriteFile":     node("evil", "WriteFile", nil, "path", "data"),
		"ReadFile":      node("evil", "ReadFile", nil, "path"),
		"MatchingFiles": node("evil", "MatchingFiles", nil, "path"),
		"PrintV2":       node("evil", "PrintV2", attrs{"output_stream": text("file://" + evil)}, "data"),
		"DebugIdentity": node("evil", "DebugIdentity", attrs{"T": s, "debug_urls": {Value: &attr_value_go_proto.AttrValue_List{
			List: &attr_value_go_proto.AttrValue_ListValue{S: [][]byte{[]byte("file://" + evil)}}}}}, "data"),
		"Save":                  node("evil", "Save", attrs{"T": all}, "path", "names", "data"),
		"SaveSlices":            node("evil", "SaveSlices", attrs{"T": all}, "path", "names", "slices", "data"),
		"RestoreV2":             node("evil", "RestoreV2", attrs{"dtypes": all}, "path", "names", "slices"),
		"SaveV2":                node("evil", "SaveV2", attrs{"dtypes": all}, "path", "names", "slices", "data"),
		"MergeV2Checkpoints":    node("evil", "MergeV2Checkpoints", nil, "names", "path"),
		"ShardedFilename":       node("evil", "ShardedFilename", nil, "path", "flat", "flat"),
		"CreateSummaryDbWriter": node("evil", "CreateSummaryDbWriter", nil, "path", "path", "path", "path", "path"),
		"ImmutableConst":        node("evil", "ImmutableConst", attrs{"memory_region_name": text(evil), "dtype": s, "shape": shaped(1)}),
	} {
		list = append(list, Case{op, Model(nodes{path, data, names, slices, n}, "evil"), op, "evil", ""})
	}
	for _, op := range []string{"Abort", "PyFunc", "PyFuncStateless", "EagerPyFunc", "Restore", "RestoreSlice", "DTensorRestoreV2",
		"DebugIdentityV2", "DebugIdentityV3", "DebugNumericSummaryV2", "DumpTensor", "LoadAndRemapMatrix", "GenerateVocabRemapping",
		"FixedUnigramCandidateSampler", "Skipgram", "RecordInput", "DecodeProtoV2", "EncodeProto", "WholeFileReaderV2", "ReaderReadV2",
		"TFRecordReaderV2", "TextLineDataset", "TFRecordDatasetV2", "FixedLengthRecordDatasetV2", "SqlDataset", "CSVDatasetV2",
		"LMDBDataset", "SaveDatasetV2", "LoadDataset", "SnapshotDatasetV2", "DatasetToTFRecord", "CacheDatasetV2", "IteratorV2",
		"OneShotIterator", "DataServiceDatasetV4", "CollectiveReduceV2", "CollectiveBcastRecvV2", "NcclAllReduce", "Send", "Recv",
		"_Recv", "_HostSend", "RemoteCall", "RpcClient", "RpcServer", "TPUCompile", "TPUExecute", "ConfigureDistributedTPU",
		"XlaLaunch", "XlaCallModule", "XlaHostCompute", "XlaCustomCallV2", "TRTEngineOp", "FIFOQueueV2", "QueueDequeueV2", "MutexLock",
		"BarrierTakeMany", "Unstage", "Empty", "FileSystemSetConfiguration", "CreateSummaryFileWriter", "WriteScalarSummary",
		"InitializeTableFromTextFileV2", "SymbolicGradient", "OfAStranger"} {
		list = append(list, Case{op, Model(nodes{node("evil", op, nil)}, "evil"), op, "evil", ""})
	}
	return list
}

// hidden are operations in places that are easy to overlook.
func hidden(evil string) []Case {
	body := []*node_def_go_proto.NodeDef{word("path", evil), word("data", "written"), node("evil", "WriteFile", nil, "path", "data")}
	// In a function the output of a node has a name of its own.
	writes := function("writes", word("path", evil), word("data", "written"),
		node("evil", "WriteFile", nil, "path:output:0", "data:output:0"))
	by := func(name string, m *proto.SavedModel) Case { return Case{name, m, "WriteFile", "evil", "writes files"} }
	call := func(op string, a attrs, inputs ...string) *proto.SavedModel {
		if strings.HasSuffix(op, "Call") || op == "If" || op == "StatelessIf" || op == "Case" {
			a["Tin"], a["Tout"] = typedAll(), typedAll()
		}
		return library(Model(nodes{choice("choice", 1), choice("other", 0), node("call", op, a, inputs...)}, "call"), writes, function("nothing"))
	}
	integer := typed(types.DataType_DT_INT32)
	nested := attrs{"f": calls("nothing", attrs{"g": calls("nothing", attrs{"h": calls("writes", nil)})})}
	list := []Case{
		by("in a function", call("PartitionedCall", attrs{"f": calls("writes", nil)})),
		by("in a stateful function", call("StatefulPartitionedCall", attrs{"f": calls("writes", nil)})),
		by("in a function called by its name", call("writes", nil)),
		by("in a branch of If", call("If", attrs{"Tcond": integer, "then_branch": calls("writes", nil), "else_branch": calls("nothing", nil)}, "choice")),
		by("in the other branch", call("If", attrs{"Tcond": integer, "then_branch": calls("nothing", nil), "else_branch": calls("writes", nil)}, "other")),
		by("in the condition of While", call("While", attrs{"cond": calls("writes", nil), "body": calls("nothing", nil)})),
		by("in the body of While", call("StatelessWhile", attrs{"cond": calls("nothing", nil), "body": calls("writes", nil)})),
		by("in a branch of Case", call("Case", attrs{"branches": callsAll("nothing", "writes")}, "choice")),
		by("in an attribute of an attribute", call("PartitionedCall", nested)),
		by("in a function that nobody calls", call("NoOp", nil)),
		by("in a node that nobody needs", Model(body)),
		by("in a function of a function", library(Model(nodes{node("call", "outer", nil)}, "call"),
			function("outer", node("inner", "StatefulPartitionedCall", attrs{"f": calls("writes", nil), "Tin": typedAll(), "Tout": typedAll()})), writes)),
		by("in a gradient", with(call("NoOp", nil), func(g *proto.MetaGraphDef) {
			g.GraphDef.Library.Gradient = []*function_go_proto.GradientDef{{FunctionName: "nothing", GradientFunc: "writes"}}
		})),
		{"an operation as a branch", call("If", attrs{"then_branch": calls("WriteFile", nil)}), "If", "call", `calls "WriteFile"`},
		{"an operation in an attribute of an attribute", call("Case", attrs{"f": calls("nothing", attrs{"g": calls("ReadFile", nil)})}),
			"Case", "call", `calls "ReadFile"`},
		{"a gradient from nowhere", with(Model(nil), func(g *proto.MetaGraphDef) {
			g.GraphDef.Library.Gradient = []*function_go_proto.GradientDef{{FunctionName: "WriteFile", GradientFunc: "WriteFile"}}
		}), "", "", "not in the model"},
	}
	for name, tags := range map[string][]string{"in a second graph": {"serve"}, "in a graph for training": {"train"},
		"in a graph with two tags": {"serve", "gpu"}} {
		front := Model(nil)
		graph := Model(body, "evil").MetaGraphs[0]
		graph.MetaInfoDef.Tags = tags
		front.MetaGraphs = append(front.MetaGraphs, graph)
		back := Model(nil)
		back.MetaGraphs = append([]*proto.MetaGraphDef{graph}, back.MetaGraphs...)
		list = append(list, by(name, front), by(name+" that comes first", back))
	}
	return list
}

// loading are models that act while they are loaded.
func loading(evil string) []Case {
	path, data := word("path", evil), word("data", "written")
	write := node("evil", "WriteFile", nil, "path", "data")
	collection := func(key string, m *proto.SavedModel, op string) *proto.SavedModel {
		return with(m, func(g *proto.MetaGraphDef) {
			g.CollectionDef = map[string]*proto.CollectionDef{key: {Kind: &proto.CollectionDef_NodeList_{
				NodeList: &proto.CollectionDef_NodeList{Value: []string{op}}}}}
		})
	}
	signature := with(Model(nodes{path, data, write}), func(g *proto.MetaGraphDef) {
		const key = "__saved_model_init_op"
		g.SignatureDef[key] = &proto.SignatureDef{Outputs: map[string]*proto.TensorInfo{key: {Encoding: &proto.TensorInfo_Name{Name: "evil"}}}}
	})
	dtypes := attrs{"dtypes": typedAll(types.DataType_DT_STRING)}
	save := node("evil", "SaveV2", dtypes, "path", "names", "slices", "data")
	saver := func(extra nodes, restore string) *proto.SavedModel {
		return with(Model(append(extra, path, data, word("prefix", ""), words("names", "w"), words("slices", ""))), func(g *proto.MetaGraphDef) {
			g.SaverDef = &proto.SaverDef{FilenameTensorName: "prefix:0", SaveTensorName: "evil:0", RestoreOpName: restore, Version: proto.SaverDef_V2}
		})
	}
	table := func(file string, asset string) *proto.SavedModel {
		m := Model(nodes{path, node("table", "HashTableV2", nil), node("evil", "InitializeTableFromTextFileV2", nil, "table", file), word("asset", "a")})
		return with(collection("saved_model_main_op", m, "evil"), func(g *proto.MetaGraphDef) {
			g.AssetFileDef = []*proto.AssetFileDef{{Filename: asset, TensorInfo: &proto.TensorInfo{Encoding: &proto.TensorInfo_Name{Name: "asset:0"}}}}
		})
	}
	hidden := saver(nodes{node("restore", "PartitionedCall", attrs{"f": calls("restores", nil)}, "path")}, "restore")
	restores := function("restores", node("evil", "RestoreV2", dtypes, "file", "names", "slices"))
	restores.Signature.InputArg = []*op_def_go_proto.OpDef_ArgDef{{Name: "file", Type: types.DataType_DT_STRING}}
	loop := node("evil", "While", attrs{"cond": calls("nothing", nil), "body": calls("nothing", nil)})
	swap := function("swap", save)
	swap.Attr = attrs{"api_implements": text("lstm")}
	swapped := library(saver(nodes{node("evil", "PartitionedCall", attrs{"f": calls("swap", nil)})}, "none"), swap)
	return []Case{
		{"an init operation of TensorFlow 2", signature, "WriteFile", "evil", ""},
		{"a main operation", collection("saved_model_main_op", Model(nodes{path, data, write}), "evil"), "WriteFile", "evil", ""},
		{"a legacy init operation", collection("legacy_init_op", Model(nodes{path, data, write}), "evil"), "WriteFile", "evil", ""},
		{"the saver saves when it restores", saver(nodes{save, node("restore", "NoOp", nil, "^evil")}, "restore"), "SaveV2", "evil", "while the model is loaded"},
		{"the saver restores what the model names", saver(nodes{node("evil", "RestoreV2", dtypes, "path", "names", "slices"),
			node("restore", "NoOp", nil, "^evil")}, "restore"), "RestoreV2", "evil", "file that the model names"},
		{"the saver restores through a function", library(hidden, restores), "RestoreV2", "evil", "file that the model names"},
		{"the restore writes", saver(nodes{write, node("restore", "NoOp", nil, "^evil")}, "restore"), "WriteFile", "evil", ""},
		{"a signature saves", with(saver(nodes{save}, ""), func(g *proto.MetaGraphDef) {
			g.SignatureDef["more"] = &proto.SignatureDef{Outputs: map[string]*proto.TensorInfo{"y": {Encoding: &proto.TensorInfo_Name{Name: "evil:0"}}}}
		}), "SaveV2", "evil", "something else than the saver"},
		{"the start saves", collection("saved_model_main_op", saver(nodes{save}, ""), "evil"), "SaveV2", "evil", "something else"},
		{"a saver that may be swapped", swapped, "", "", "in place of another function"},
		{"a table from a file of another", table("path", "words"), "InitializeTableFromTextFileV2", "evil", "file that the model names"},
		{"a table from a variable that holds two names", with(table("read", "words"), func(g *proto.MetaGraphDef) {
			handle := attrs{"shared_name": text("name"), "dtype": typed(types.DataType_DT_STRING)}
			g.GraphDef.Node = append(g.GraphDef.Node, node("name", "VarHandleOp", handle), node("first", "AssignVariableOp", nil, "name", "asset"),
				node("second", "AssignVariableOp", nil, "name", "path"), node("read", "ReadVariableOp", nil, "name", "^first", "^second"))
		}), "InitializeTableFromTextFileV2", "evil", "file that the model names"},
		{"an asset outside of the model", table("asset", "../../words"), "", "", "leads out of the model"},
		{"an asset with a whole path", table("asset", "/etc/hostname"), "", "", "leads out of the model"},
		{"a loop at the start", library(collection("saved_model_main_op", Model(nodes{loop}), "evil"), function("nothing")), "While", "evil", "may loop"},
		{"a line at the start", collection("saved_model_main_op", Model(nodes{data, node("evil", "PrintV2", nil, "data")}), "evil"), "PrintV2", "evil", "print"},
	}
}

// endless are models that want more than a machine has, or that no runtime can hold.
func endless() []Case {
	constant := func(t types.DataType, sizes ...int64) *node_def_go_proto.NodeDef {
		return node("evil", "Const", value(&tensor_go_proto.TensorProto{Dtype: t, TensorShape: shape(sizes...), FloatVal: []float32{1}}))
	}
	float := types.DataType_DT_FLOAT
	deep := make([]int64, 300)
	for i := range deep {
		deep[i] = 1
	}
	var doubling, chain []*function_go_proto.FunctionDef
	for i := range 40 {
		next := attrs{"f": calls(fmt.Sprintf("f%d", i+1), nil)}
		doubling = append(doubling, function(fmt.Sprintf("f%d", i), node("a", "PartitionedCall", next), node("b", "PartitionedCall", next)))
	}
	for i := range 100 {
		chain = append(chain, function(fmt.Sprintf("f%d", i), node("a", "PartitionedCall", attrs{"f": calls(fmt.Sprintf("f%d", i+1), nil)})))
	}
	start := func(list []*function_go_proto.FunctionDef) *proto.SavedModel {
		list = append(list, function(fmt.Sprintf("f%d", len(list))))
		return library(Model(nodes{node("call", "PartitionedCall", attrs{"f": calls("f0", nil)})}, "call"), list...)
	}
	self := attrs{"f": calls("again", nil)}
	inner := attrs{"x": typed(float)}
	for range 70 {
		inner = attrs{"f": calls("nothing", inner)}
	}
	list := []Case{
		{"a constant of 4 TB", Model(nodes{constant(float, 1<<40)}, "evil"), "Const", "evil", "MiB more than their file"},
		{"many constants of 128 MB", Model(nodes{constant(float, 1<<25), node("two", "Const", constant(float, 1<<25).Attr),
			node("three", "Const", constant(float, 1<<25).Attr)}, "evil"), "Const", "three", "MiB more than their file"},
		{"a constant with too many elements", Model(nodes{constant(float, math.MaxInt64, 4)}, "evil"), "Const", "evil", "cannot hold"},
		{"a constant of a negative size", Model(nodes{constant(float, -5)}, "evil"), "Const", "evil", "cannot hold"},
		{"a constant of 300 axes", Model(nodes{constant(float, deep...)}, "evil"), "Const", "evil", "cannot hold"},
		{"a constant that is a handle", Model(nodes{constant(types.DataType_DT_RESOURCE)}, "evil"), "Const", "evil", "no plain array"},
		{"a constant of any kind", Model(nodes{constant(types.DataType_DT_VARIANT)}, "evil"), "Const", "evil", "no plain array"},
		{"a shape of 300 axes", Model(nodes{node("evil", "Placeholder", attrs{"shape": shaped(deep...)})}), "Placeholder", "evil", "cannot hold"},
		{"a shape beyond 64 bits", Model(nodes{node("evil", "VarHandleOp", attrs{"shape": shaped(math.MaxInt64, 3)})}), "VarHandleOp", "evil", "cannot hold"},
		{"a function that calls itself", library(Model(nodes{node("call", "PartitionedCall", self)}, "call"),
			function("again", node("evil", "PartitionedCall", self))), "PartitionedCall", "evil", "calls it again"},
		{"functions that double", start(doubling), "", "", "operations together"},
		{"functions 100 deep", start(chain), "", "", "deep"},
		{"attributes 70 deep", library(Model(nodes{node("evil", "PartitionedCall", inner)}, "evil"), function("nothing")), "PartitionedCall", "evil", "nests more"},
		{"a loop of a billion at once", library(Model(nodes{node("evil", "While", attrs{"parallel_iterations": number(1 << 30),
			"cond": calls("nothing", nil), "body": calls("nothing", nil)})}, "evil"), function("nothing")), "While", "evil", "parallel iterations"},
		{"a depthwise convolution that pads", Model(nodes{node("evil", "DepthwiseConv2dNative", attrs{"padding": text("EXPLICIT")})}, "evil"),
			"DepthwiseConv2dNative", "evil", "end the program"},
		{"two functions of a name", library(Model(nil), function("twice"), function("twice")), "", "", "two functions have this name"},
		{"two nodes of a name", Model(nodes{node("evil", "NoOp", nil), node("evil", "NoOp", nil)}), "NoOp", "evil", "two nodes have this name"},
	}
	for op, at := range map[string]int{"Fill": 0, "Tile": 1, "BroadcastTo": 1, "RandomUniform": 0, "LinSpace": 2, "Range": 1} {
		inputs := []string{"flat", "flat", "flat"}
		inputs[at] = "huge"
		list = append(list, Case{op + " without end", Model(nodes{whole("huge", 1<<40), node("evil", op, nil, inputs...)}, "evil"), op, "evil", "elements"})
	}
	return list
}
