package serve

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/names"
)

// tfsError is the body of an error of TensorFlow Serving, and of the Open Inference Protocol.
type tfsError struct {
	Error string `json:"error"`
}

// tfsRequest is the body of a predict: instances are rows, inputs columns.
type tfsRequest struct {
	Signature string          `json:"signature_name,omitempty" doc:"serving_default, if anything"`
	Instances json.RawMessage `json:"instances,omitempty" doc:"rows: pixels, or files as {b64}"`
	Inputs    json.RawMessage `json:"inputs,omitempty" doc:"columns: the same"`
}

// tfsPath returns the model that a path of TensorFlow Serving means, and what follows the colon.
func (c *call) tfsPath() (l *loaded, verb string, err error) {
	name, version := c.request.PathValue("model"), c.request.PathValue("version")
	if version != "" {
		version, verb, _ = strings.Cut(version, ":")
	} else {
		name, verb, _ = strings.Cut(name, ":")
	}
	if l, err = c.model(name); err != nil {
		return nil, "", err
	}
	if version != "" && version != strconv.Itoa(l.info.Version) {
		return nil, "", failed(404, "no_version", "model %q has version %d open, not %s", l.name, l.info.Version, version)
	}
	return l, verb, nil
}

// tfsPredict answers POST /v1/models/{model}[/versions/{version}]:predict. The pictures are pixels [S,S,3], or
// {"b64": …} of a file, which TensorFlow Serving has for strings only.
func tfsPredict(c *call) (any, error) {
	l, verb, err := c.tfsPath()
	if err != nil {
		return nil, err
	}
	if verb != "predict" {
		return nil, failed(404, "no_method", "the method %q is not there; use :predict", verb)
	}
	var r tfsRequest
	if err := c.decodeJSON(&r); err != nil {
		return nil, err
	}
	if r.Signature != "" && r.Signature != names.ServingDefault {
		return nil, malformed("Serving signature name: %q not found in signature def", r.Signature)
	}
	list, key := r.Instances, "predictions"
	switch {
	case (r.Instances == nil) == (r.Inputs == nil):
		return nil, malformed("the JSON must have one of instances and inputs")
	case r.Inputs != nil:
		key = "outputs"
		if list, err = column(r.Inputs); err != nil {
			return nil, err
		}
	}
	inputs, err := tfsInputs(list, l.shapeOf())
	if err != nil {
		return nil, err
	}
	rows, err := c.embedInputs(l, inputs)
	if err != nil {
		return nil, err
	}
	return text{"application/json", appendRows([]byte(`{"`+key+`":`), split(rows, l.info.Manifest.EmbeddingDim), '}')}, nil
}

// column returns the only input of a request in columns, which may have its name.
func column(inputs json.RawMessage) (json.RawMessage, error) {
	var byName map[string]json.RawMessage
	if json.Unmarshal(inputs, &byName) != nil {
		return inputs, nil
	}
	list, ok := byName[names.KeyImages]
	if !ok || len(byName) != 1 {
		return nil, malformed("inputs must have %q and nothing else", names.KeyImages)
	}
	return list, nil
}

// tfsInputs reads a list of pictures.
func tfsInputs(list json.RawMessage, shape []int) ([]input, error) {
	var inputs []input
	a := arraysOf(list)
	return inputs, a.each(func() error {
		if a.PeekKind() == '[' {
			pixels, err := a.tensor(nil, shape)
			inputs = append(inputs, input{pixels: pixels})
			return err
		}
		value, err := a.ReadValue()
		if err != nil {
			return ofJSON(err)
		}
		in, err := tfsObject(json.RawMessage(value), shape)
		inputs = append(inputs, in)
		return err
	})
}

// tfsObject reads {"b64": …} or {"images": …}.
func tfsObject(value json.RawMessage, shape []int) (in input, err error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) != nil || len(fields) != 1 {
		return in, malformed(`an instance must be pixels %v, {"b64": …} or {%q: …}`, shape, names.KeyImages)
	}
	if inner, ok := fields[names.KeyImages]; ok {
		if len(inner) > 0 && inner[0] == '[' {
			in.pixels, err = arraysOf(inner).tensor(nil, shape)
			return in, err
		}
		return tfsObject(inner, shape)
	}
	var text string
	if json.Unmarshal(fields["b64"], &text) != nil {
		return in, malformed(`an instance must be pixels %v, {"b64": …} or {%q: …}`, shape, names.KeyImages)
	}
	in.file, err = fileOf(text)
	return in, err
}

// appendRows appends rows as JSON of TensorFlow Serving, which has NaN, Infinity and -Infinity, and an end.
func appendRows(data []byte, rows [][]float32, end byte) []byte {
	data = append(data, '[')
	for i, row := range rows {
		if i > 0 {
			data = append(data, ',')
		}
		data = appendNumbers(data, row)
	}
	return append(data, ']', end)
}

func appendNumbers(data []byte, row []float32) []byte {
	data = append(data, '[')
	for i, x := range row {
		if i > 0 {
			data = append(data, ',')
		}
		switch v := float64(x); {
		case math.IsNaN(v):
			data = append(data, "NaN"...)
		case math.IsInf(v, 1):
			data = append(data, "Infinity"...)
		case math.IsInf(v, -1):
			data = append(data, "-Infinity"...)
		default:
			data = strconv.AppendFloat(data, v, 'g', -1, 32)
		}
	}
	return append(data, ']')
}

// tfsStatus is the answer of GET /v1/models/{model}.
type tfsStatus struct {
	Versions []tfsVersion `json:"model_version_status"`
}

type tfsVersion struct {
	Version string  `json:"version"`
	State   string  `json:"state"`
	Status  tfsCode `json:"status"`
}

type tfsCode struct {
	Code    string `json:"error_code"`
	Message string `json:"error_message"`
}

func tfsState(c *call) (any, error) {
	l, verb, err := c.tfsPath()
	if err != nil {
		return nil, err
	}
	if verb != "" {
		return nil, failed(405, "method", "the method %q is for POST", verb)
	}
	return tfsStatus{[]tfsVersion{{strconv.Itoa(l.info.Version), available, tfsCode{Code: "OK"}}}}, nil
}

// tfsMetadata answers GET /v1/models/{model}/metadata.
func tfsMetadata(c *call) (any, error) {
	l, _, err := c.tfsPath()
	if err != nil {
		return nil, err
	}
	tensor := func(name, kind string, shape ...int) map[string]any {
		var dims []map[string]string
		for _, n := range shape {
			dims = append(dims, map[string]string{"size": strconv.Itoa(n), "name": ""})
		}
		return map[string]any{name: map[string]any{"dtype": kind, "name": name,
			"tensor_shape": map[string]any{"dim": dims, "unknown_rank": false}}}
	}
	size, dim := l.info.Manifest.Preprocessing.Size, l.info.Manifest.EmbeddingDim
	signature := map[string]any{"inputs": tensor(names.KeyImages, "DT_UINT8", -1, size, size, 3),
		"outputs": tensor(names.KeyEmbedding, "DT_FLOAT", -1, dim), "method_name": "tensorflow/serving/predict"}
	return map[string]any{
		"model_spec": map[string]string{"name": l.name, "signature_name": "", "version": strconv.Itoa(l.info.Version)},
		"metadata": map[string]any{"signature_def": map[string]any{
			"signature_def": map[string]any{names.ServingDefault: signature}}},
	}, nil
}
