package tensorboard

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/summary_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// fileVersion is what the first event of a file says of its format.
const fileVersion = "brain.Event:2"

// Numbers of the fields of tensorflow.Event and SessionLog, tensorflow/core/util/event.proto,
// of which the binding has no generated code; it has that of Summary.
const (
	eventTime     = 1 // double, seconds since 1970
	eventStep     = 2 // int64
	eventVersion  = 3 // string
	eventSummary  = 5 // Summary
	eventSession  = 7 // SessionLog
	sessionStatus = 1 // SessionStatus
	sessionStart  = 1 // a value of it: drop what is of this step or a later one
)

// event is one entry of a file: its version, a start, scalars, or pictures.
type event struct {
	time    time.Time
	step    int
	version string
	start   bool
	scalars map[string]float64
	images  []Image
}

// encode returns e as a tensorflow.Event; scalars in the order of their names.
func (e event) encode() ([]byte, error) {
	b := protowire.AppendTag(nil, eventTime, protowire.Fixed64Type)
	seconds := float64(e.time.Unix()) + float64(e.time.Nanosecond())/1e9
	b = protowire.AppendFixed64(b, math.Float64bits(seconds))
	if e.step != 0 {
		b = protowire.AppendTag(b, eventStep, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(e.step))
	}
	if e.version != "" {
		b = protowire.AppendTag(b, eventVersion, protowire.BytesType)
		b = protowire.AppendString(b, e.version)
	}
	if len(e.scalars)+len(e.images) > 0 {
		summary, err := proto.MarshalOptions{Deterministic: true}.Marshal(e.summary())
		if err != nil {
			return nil, fmt.Errorf("encode summary: %w", err)
		}
		b = protowire.AppendTag(b, eventSummary, protowire.BytesType)
		b = protowire.AppendBytes(b, summary)
	}
	if e.start {
		status := protowire.AppendVarint(
			protowire.AppendTag(nil, sessionStatus, protowire.VarintType), sessionStart)
		b = protowire.AppendTag(b, eventSession, protowire.BytesType)
		b = protowire.AppendBytes(b, status)
	}
	return b, nil
}

// rgb is what summary.proto calls pictures of three colours.
const rgb = 3

func (e event) summary() *summary_go_proto.Summary {
	var s summary_go_proto.Summary
	for _, name := range slices.Sorted(maps.Keys(e.scalars)) {
		s.Value = append(s.Value, &summary_go_proto.Summary_Value{Tag: name,
			Value: &summary_go_proto.Summary_Value_SimpleValue{SimpleValue: float32(e.scalars[name])}})
	}
	for _, i := range e.images {
		s.Value = append(s.Value, &summary_go_proto.Summary_Value{Tag: i.Name, Value: &summary_go_proto.Summary_Value_Image{
			Image: &summary_go_proto.Summary_Image{Height: int32(i.Height), Width: int32(i.Width), Colorspace: rgb, EncodedImageString: i.Encoded}}})
	}
	return &s
}
