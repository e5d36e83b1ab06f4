package serve

import (
	"errors"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonFactor is how many times the body of JSON is held at most: as text, as strings, and as files.
const jsonFactor = 2

// decodeJSON reads the body into v. Members that v lacks are refused.
func (c *call) decodeJSON(v any) error {
	data, err := c.body()
	if err != nil {
		return err
	}
	if err := c.hold.take(jsonFactor * int64(len(data))); err != nil {
		return err
	}
	return readJSON(data, v, json.RejectUnknownMembers(true))
}

// readJSON reads data into v, whose slices are lists: values of a few bytes of text may take a hundred of memory. The names
// of an object are not compared for the same reason: the last of two that are equal counts. The error is a *failure.
func readJSON(data []byte, v any, options ...json.Options) error {
	err := json.Unmarshal(data, v, append(options, jsontext.AllowDuplicateNames(true))...)
	if err == nil {
		return nil
	}
	var own *failure
	if errors.As(err, &own) {
		return own
	}
	says := strings.TrimPrefix(err.Error(), "jsontext: ")
	var wrong *json.SemanticError
	if errors.As(err, &wrong) {
		says = "another type is wanted than " + wrong.JSONKind.String()
		if wrong.Err != nil {
			says = wrong.Err.Error()
		}
		if wrong.JSONPointer != "" {
			says += " at " + string(wrong.JSONPointer)
		}
	}
	return malformed("the body is not the JSON that is wanted here: %s", says)
}

// list is an array of JSON. Its entries take no more memory than their text, but for a few.
type list[T any] []T

// UnmarshalJSONFrom reads the array, or null. It is for package json.
func (l *list[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	const free = 1 << 10 // bytes of entries that nobody counts
	size := int64(reflect.TypeFor[T]().Size())
	*l = nil
	if kind := d.PeekKind(); kind != '[' {
		if kind == 'n' {
			return d.SkipValue()
		}
		return &json.SemanticError{JSONKind: kind, JSONPointer: d.StackPointer()}
	}
	began := d.InputOffset()
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		var entry T
		if err := json.UnmarshalDecode(d, &entry); err != nil {
			return err
		}
		*l = append(*l, entry)
		if held := int64(len(*l)) * size; held > max(free, d.InputOffset()-began) {
			return malformed("an array has %d entries in %d bytes: they are too short to be what is wanted here", len(*l), d.InputOffset()-began)
		}
	}
	_, err := d.ReadToken()
	return err
}
