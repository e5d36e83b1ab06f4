//go:build tensorflow && cgo

package session

/*
#cgo LDFLAGS: -ltensorflow
#include <stdlib.h>
#include <tensorflow/c/c_api.h>

static void traced_run(TF_Session *s, const void *options, size_t size,
		const TF_Output *inputs, TF_Tensor *const *values, int n_inputs,
		const TF_Output *outputs, TF_Tensor **results, int n_outputs,
		const TF_Operation *const *targets, int n_targets, TF_Buffer *metadata, TF_Status *status) {
	TF_Buffer o = {options, size, NULL};
	TF_SessionRun(s, &o, inputs, values, n_inputs, outputs, results, n_outputs, targets, n_targets, metadata, status);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/step_stats_go_proto"
	types "github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
	config "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"
)

// Trace has the runtime measure each operation of the runs that follow, and adds that to t. Nil ends it. No run may
// be in progress.
func (s *Session) Trace(t *Trace) { s.trace = t }

// traced is run with the runtime's own trace. The binding does not ask for it, so this calls the library itself.
func (s *Session) traced(feeds map[tf.Output]*tf.Tensor, fetches []tf.Output, targets []*tf.Operation) ([]Value, error) {
	options, err := proto.Marshal(&config.RunOptions{TraceLevel: config.RunOptions_FULL_TRACE})
	if err != nil {
		return nil, err
	}
	var inputs, outputs []C.TF_Output
	var values []*C.TF_Tensor
	var ends []*C.TF_Operation
	for o, t := range feeds {
		inputs, values = append(inputs, outputOf(o)), append(values, (*C.TF_Tensor)(inside(t)))
	}
	for _, o := range fetches {
		outputs = append(outputs, outputOf(o))
	}
	for _, o := range targets {
		ends = append(ends, (*C.TF_Operation)(inside(o)))
	}
	results := make([]*C.TF_Tensor, len(fetches))
	metadata, status := C.TF_NewBuffer(), C.TF_NewStatus()
	defer C.TF_DeleteBuffer(metadata)
	defer C.TF_DeleteStatus(status)
	began := time.Now()
	C.traced_run((*C.TF_Session)(inside(s.session)), unsafe.Pointer(unsafe.SliceData(options)), C.size_t(len(options)),
		unsafe.SliceData(inputs), unsafe.SliceData(values), C.int(len(inputs)),
		unsafe.SliceData(outputs), unsafe.SliceData(results), C.int(len(outputs)),
		unsafe.SliceData(ends), C.int(len(ends)), metadata, status)
	wall := time.Since(began)
	runtime.KeepAlive(feeds)
	if C.TF_GetCode(status) != C.TF_OK {
		return nil, errors.New(C.GoString(C.TF_Message(status)))
	}
	s.tracing.Lock()
	defer s.tracing.Unlock()
	s.trace.Wall += wall
	if err := s.count(C.GoBytes(metadata.data, C.int(metadata.length))); err != nil {
		return nil, err
	}
	return valuesOf(results), nil
}

// inside returns the C pointer that a type of the binding holds, which is its first field.
func inside[T tf.Session | tf.Tensor | tf.Operation](x *T) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(x))
}

func outputOf(o tf.Output) C.TF_Output {
	return C.TF_Output{oper: (*C.TF_Operation)(inside(o.Op)), index: C.int(o.Index)}
}

// valuesOf copies results and frees them.
func valuesOf(results []*C.TF_Tensor) []Value {
	var list []Value
	for _, t := range results {
		v := Value{shape: []int64{}, dtype: types.DataType(C.TF_TensorType(t)),
			data: C.GoBytes(C.TF_TensorData(t), C.int(C.TF_TensorByteSize(t)))}
		for i := range int(C.TF_NumDims(t)) {
			v.shape = append(v.shape, int64(C.TF_Dim(t, C.int(i))))
		}
		C.TF_DeleteTensor(t)
		list = append(list, v)
	}
	return list
}

// count adds the operations in a serialized RunMetadata.
func (s *Session) count(data []byte) error {
	metadata := &config.RunMetadata{}
	if err := proto.Unmarshal(data, metadata); err != nil {
		return fmt.Errorf("read the runtime's trace: %w", err)
	}
	s.trace.Runs++
	for _, device := range metadata.GetStepStats().GetDevStats() {
		if strings.Contains(device.Device, "stream") {
			continue // of a GPU: the same operations once more
		}
		for _, n := range device.NodeStats {
			s.trace.add(s.kind(n), n.NodeName, time.Duration(n.OpEndRelNanos-n.OpStartRelNanos))
		}
	}
	return nil
}

// kind returns what an operation of a trace is called.
func (s *Session) kind(n *step_stats_go_proto.NodeExecStats) string {
	if o := s.graph.Operation(n.NodeName); o != nil {
		return o.Type()
	}
	_, label, _ := strings.Cut(n.TimelineLabel, " = ") // the runtime's own: of feeds and fetches
	kind, _, _ := strings.Cut(label, "(")
	return kind
}
