package gate

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/attr_value_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/node_def_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/tensor_shape_go_proto"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	protobuf "google.golang.org/protobuf/proto"
)

// Limits of what a model may hold. Models of today are far below; TensorFlow takes much more time
// and memory, or ends the process, far above.
const (
	maxRank     = 254       // TensorFlow's own
	maxElements = 1 << 28   // of a tensor that constants ask for: 1 GiB of float32
	maxUnpacked = 256 << 20 // bytes by which all constants may grow when they are unpacked
	maxNesting  = 64        // calls within calls
	maxNodes    = 1 << 20   // when each call is replaced by what it calls
)

// attributes refuses tensors, shapes and functions in the attributes of n, or of b where n is nil.
func (g *graph) attributes(b *body, n *node_def_go_proto.NodeDef, attr map[string]*attr_value_go_proto.AttrValue) {
	for _, key := range slices.Sorted(maps.Keys(attr)) {
		g.attribute(b, n, key, attr[key], 0)
	}
}

func (g *graph) attribute(b *body, n *node_def_go_proto.NodeDef, key string, a *attr_value_go_proto.AttrValue, depth int) {
	if depth > maxNesting {
		g.refuse(b, n, "attribute %q nests more than %d attributes", key, maxNesting)
		return
	}
	list := a.GetList()
	for _, s := range append(slices.Clip(list.GetShape()), a.GetShape()) {
		if elements(s) < 0 {
			g.refuse(b, n, "attribute %q is a shape that TensorFlow cannot hold", key)
		}
	}
	for _, t := range append(slices.Clip(list.GetTensor()), a.GetTensor()) {
		if t != nil {
			g.tensor(b, n, key, t)
		}
	}
	for _, f := range append(slices.Clip(list.GetFunc()), a.GetFunc()) {
		if f == nil {
			continue
		}
		if f.GetName() != "" && g.functions[f.GetName()] == nil {
			// TensorFlow takes such a name for an operation and runs that.
			g.refuse(b, n, "attribute %q calls %q, which is no function of the model", key, f.GetName())
		}
		for _, inner := range slices.Sorted(maps.Keys(f.GetAttr())) {
			g.attribute(b, n, inner, f.GetAttr()[inner], depth+1)
		}
	}
}

// elements returns how many elements a shape holds, where unknown sizes are 1, and -1 where
// TensorFlow cannot hold it.
func elements(s *tensor_shape_go_proto.TensorShapeProto) int64 {
	if len(s.GetDim()) > maxRank {
		return -1
	}
	product := int64(1)
	for _, d := range s.GetDim() {
		switch {
		case d.GetSize() < -1:
			return -1
		case d.GetSize() > 1 && product > math.MaxInt64/d.GetSize():
			return -1
		case d.GetSize() >= 0:
			product *= d.GetSize()
		}
	}
	return product
}

// sizeOf is the size of an element in bytes, of the types that constants have.
var sizeOf = map[types_go_proto.DataType]int64{
	types_go_proto.DataType_DT_BOOL: 1, types_go_proto.DataType_DT_INT8: 1, types_go_proto.DataType_DT_UINT8: 1,
	types_go_proto.DataType_DT_QINT8: 1, types_go_proto.DataType_DT_QUINT8: 1,
	types_go_proto.DataType_DT_INT16: 2, types_go_proto.DataType_DT_UINT16: 2, types_go_proto.DataType_DT_QINT16: 2,
	types_go_proto.DataType_DT_QUINT16: 2, types_go_proto.DataType_DT_HALF: 2, types_go_proto.DataType_DT_BFLOAT16: 2,
	types_go_proto.DataType_DT_FLOAT: 4, types_go_proto.DataType_DT_INT32: 4, types_go_proto.DataType_DT_UINT32: 4,
	types_go_proto.DataType_DT_QINT32: 4, types_go_proto.DataType_DT_DOUBLE: 8, types_go_proto.DataType_DT_INT64: 8,
	types_go_proto.DataType_DT_UINT64: 8, types_go_proto.DataType_DT_COMPLEX64: 8, types_go_proto.DataType_DT_COMPLEX128: 16,
	types_go_proto.DataType_DT_STRING: 24, // TensorFlow's string, without its characters
}

// tensor refuses a constant that is no plain array, or that makes all constants too large: a value
// that is written once may stand for any number of elements.
func (g *graph) tensor(b *body, n *node_def_go_proto.NodeDef, key string, t *tensor_go_proto.TensorProto) {
	size, known := sizeOf[t.GetDtype()]
	if !known || len(t.GetResourceHandleVal())+len(t.GetVariantVal()) > 0 {
		g.refuse(b, n, "attribute %q is a constant of type %s, which is no plain array", key, t.GetDtype())
		return
	}
	count := elements(t.GetTensorShape())
	if count < 0 || t.GetTensorShape().GetUnknownRank() || count > math.MaxInt64/size ||
		slices.ContainsFunc(t.GetTensorShape().GetDim(), func(d *tensor_shape_go_proto.TensorShapeProto_Dim) bool { return d.GetSize() < 0 }) {
		g.refuse(b, n, "attribute %q is a constant of a shape that TensorFlow cannot hold", key)
		return
	}
	grows := max(0, count*size-int64(protobuf.Size(t)))
	if t.GetDtype() != types_go_proto.DataType_DT_STRING && len(t.GetTensorContent()) == 0 {
		grows = max(0, count*size-8*int64(protobuf.Size(t))) // small numbers are written in a byte each
	}
	if g.bytes += min(grows, maxUnpacked+1); g.bytes > maxUnpacked {
		g.refuse(b, n, "its constants take over %d MiB more than their file when they are unpacked", maxUnpacked>>20)
		g.bytes = math.MinInt64 / 2 // say so once
	}
}

// sizing are the inputs that say how large the output of an operation is.
var sizing = map[string]int{"Fill": 0, "BroadcastTo": 1, "Tile": 1, "Range": 1, "LinSpace": 2, "ScatterNd": 2, "OneHot": 1,
	"RandomUniform": 0, "RandomStandardNormal": 0, "TruncatedNormal": 0, "RandomUniformInt": 0, "RandomGamma": 0,
	"RandomPoissonV2": 0, "StatelessRandomUniform": 0, "StatelessRandomUniformV2": 0, "StatelessRandomNormal": 0,
	"StatelessRandomNormalV2": 0, "StatelessTruncatedNormal": 0, "StatelessTruncatedNormalV2": 0, "StatelessRandomUniformInt": 0,
	"StatelessRandomUniformIntV2": 0, "StatefulUniform": 2, "StatefulStandardNormalV2": 2, "StatefulTruncatedNormal": 2,
	"ResizeBilinear": 1, "ResizeBicubic": 1, "ResizeArea": 1, "ResizeNearestNeighbor": 1, "ScaleAndTranslate": 1, "TensorListReserve": 1,
	"TensorArrayV3": 0, "SparseToDense": 1, "UnsortedSegmentSum": 2, "Bincount": 1, "SobolSample": 1}

// sizes refuses an operation whose output a constant makes too large.
func (g *graph) sizes(b *body, n *node_def_go_proto.NodeDef) {
	at, ok := sizing[n.GetOp()]
	if inputs := dataOf(n); ok && at < len(inputs) {
		product := int64(1)
		for _, d := range ints(b.byName[nodeOf(inputs[at])].GetAttr()["value"].GetTensor()) {
			if d > 1 {
				product *= min(d, maxElements+1)
			}
			if product > maxElements {
				g.refuse(b, n, "its output has more than %d elements", maxElements)
				return
			}
		}
	}
}

// ints returns the numbers of a constant that is a short list of integers.
func ints(t *tensor_go_proto.TensorProto) []int64 {
	var list []int64
	switch t.GetDtype() {
	case types_go_proto.DataType_DT_INT32:
		for data := t.GetTensorContent(); len(data) >= 4 && len(list) < maxRank; data = data[4:] {
			list = append(list, int64(int32(binary.LittleEndian.Uint32(data))))
		}
		for _, v := range t.GetIntVal() {
			list = append(list, int64(v))
		}
	case types_go_proto.DataType_DT_INT64:
		for data := t.GetTensorContent(); len(data) >= 8 && len(list) < maxRank; data = data[8:] {
			list = append(list, int64(binary.LittleEndian.Uint64(data)))
		}
		list = append(list, t.GetInt64Val()...)
	}
	// The last value stands for all that are not written.
	for n := elements(t.GetTensorShape()); len(list) > 0 && len(list) < maxRank && int64(len(list)) < n; {
		list = append(list, list[len(list)-1])
	}
	return list
}

// interfaces refuses shapes of signatures.
func (g *graph) interfaces() {
	for name, s := range g.meta.GetSignatureDef() {
		for _, tensors := range []map[string]*proto.TensorInfo{s.GetInputs(), s.GetOutputs()} {
			for key, t := range tensors {
				if elements(t.GetTensorShape()) < 0 {
					g.refuse(g.top, nil, "tensor %q of signature %q has a shape that TensorFlow cannot hold", key, name)
				}
			}
		}
	}
}

// nesting refuses functions that call themselves, call too deep, or grow too large when each call is
// replaced by what it calls. It reports whether it found none.
func (g *graph) nesting() bool {
	type extent struct{ depth, nodes int64 } // -1: being found
	known, whole := map[string]extent{}, true
	var of func(b *body) extent
	of = func(b *body) extent {
		known[b.function] = extent{-1, -1}
		e := extent{0, int64(len(b.nodes))}
		for _, n := range b.nodes {
			for _, name := range g.calls(n) {
				f := g.functions[name]
				if f == nil {
					continue
				}
				inner, found := known[name]
				if !found {
					inner = of(f)
				}
				if inner.depth < 0 {
					g.refuse(b, n, "it calls %q, which calls it again", name)
					whole = false
					continue
				}
				e.depth, e.nodes = max(e.depth, inner.depth+1), min(e.nodes+inner.nodes, math.MaxInt32)
			}
		}
		if whole && (e.depth > maxNesting || e.nodes > maxNodes) {
			g.refuse(b, nil, "its calls are %d deep and %d operations together; at most %d and %d are loaded",
				e.depth, e.nodes, maxNesting, maxNodes)
			whole = false
		}
		known[b.function] = e
		return e
	}
	of(g.top)
	for _, f := range g.meta.GetGraphDef().GetLibrary().GetFunction() {
		if name := f.GetSignature().GetName(); known[name] == (extent{}) {
			of(g.functions[name])
		}
	}
	return whole
}
