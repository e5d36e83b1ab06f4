package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// errFile says that a file is no model of ONNX.
var errFile = errors.New("it is no ONNX model")

// Metadata returns what the model in data says of itself.
func Metadata(data []byte) (map[string]string, error) {
	entries := map[string]string{}
	err := fields(data, func(field protowire.Number, _, content []byte) error {
		if field != modelMetadata {
			return nil
		}
		var key, value string
		err := fields(content, func(field protowire.Number, _, content []byte) error {
			switch field {
			case entryKey:
				key = string(content)
			case entryValue:
				value = string(content)
			}
			return nil
		})
		entries[key] = value
		return err
	})
	return entries, err
}

// SetMetadata returns the model in data with other entries, and the same otherwise.
func SetMetadata(data []byte, entries map[string]string) ([]byte, error) {
	rest := make([]byte, 0, len(data))
	err := fields(data, func(field protowire.Number, whole, _ []byte) error {
		if field != modelMetadata {
			rest = append(rest, whole...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return appendMetadata(rest, entries), nil
}

// fields calls see with each field of a message: with its number, all of its bytes, and, where it holds a message
// or a text, with that.
func fields(data []byte, see func(field protowire.Number, whole, content []byte) error) error {
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("%w: %w", errFile, protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(field, kind, data[n:])
		if size < 0 {
			return fmt.Errorf("%w: %w", errFile, protowire.ParseError(size))
		}
		var content []byte
		if kind == protowire.BytesType {
			content, _ = protowire.ConsumeBytes(data[n:])
		}
		if err := see(field, data[:n+size], content); err != nil {
			return err
		}
		data = data[n+size:]
	}
	return nil
}
