// Package jsonline writes the events that programs read: a JSON object on one line, which begins
// with the event's name.
//
//	{"event":"step","step":10,"loss":0.25}
//
// A number that is not finite has no place in JSON. It is null here, and in the file or on the
// output of a reader who asked for numbers, instead of an error after the work is done.
package jsonline

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// asBefore are the rules of encoding/json, but for numbers that are not finite.
var asBefore = json.JoinOptions(jsonv1.DefaultOptionsV1(), json.WithMarshalers(json.JoinMarshalers(
	json.MarshalToFunc(func(to *jsontext.Encoder, x float64) error { return nullUnlessFinite(to, x) }),
	json.MarshalToFunc(func(to *jsontext.Encoder, x float32) error { return nullUnlessFinite(to, float64(x)) }),
)))

func nullUnlessFinite(to *jsontext.Encoder, x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return to.WriteToken(jsontext.Null)
	}
	return errors.ErrUnsupported // as encoding/json does
}

// Marshal returns v, a struct or a map, behind the event's name and the fields in front, if any:
// pairs of a name and a value.
func Marshal(event string, v any, front ...string) ([]byte, error) {
	fields, err := json.Marshal(v, asBefore)
	if err != nil {
		return nil, fmt.Errorf("encode event %q: %w", event, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"event":%q`, event)
	for i := 0; i+1 < len(front); i += 2 {
		fmt.Fprintf(&b, `,%q:%q`, front[i], front[i+1])
	}
	if len(fields) > len("{}") {
		b.WriteByte(',')
	}
	b.Write(fields[1:])
	return []byte(b.String()), nil
}
