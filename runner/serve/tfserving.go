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
	var inputs []input
	key := "predictions"
	switch shape, most := l.shapeOf(), c.service.limits.Pictures; {
	case (r.Instances == nil) == (r.Inputs == nil):
		return nil, malformed("the JSON must have one of instances and inputs")
	case r.Inputs != nil:
		key = "outputs"
		inputs, err = tfsColumn(r.Inputs, shape, most)
	default:
		inputs, err = arraysOf(r.Instances).inputs(shape, most)
	}
	if err != nil {
		return nil, err
	}
	rows, err := c.embedInputs(l, inputs)
	if err != nil {
		return nil, err
	}
	return text{"application/json", appendRows([]byte(`{"`+key+`":`), split(rows, l.info.Manifest.EmbeddingDim), '}')}, nil
}

// tfsColumn reads the only input of a request in columns, which may have its name.
func tfsColumn(data json.RawMessage, shape []int, most int) (inputs []input, err error) {
	a := arraysOf(data)
	if a.PeekKind() != '{' {
		return a.inputs(shape, most)
	}
	wrong := malformed("inputs must have %q and nothing else", names.KeyImages)
	err = a.member(wrong, func(name string) (err error) {
		if name != names.KeyImages {
			return wrong
		}
		inputs, err = a.inputs(shape, most)
		return err
	})
	return inputs, err
}

// inputs reads an array of pictures, most at most.
func (a arrays) inputs(shape []int, most int) (inputs []input, err error) {
	err = a.each(func() error {
		if len(inputs) == most {
			return malformed("a batch must have 1 to %d pictures, got more", most)
		}
		in, err := a.picture(shape, false)
		inputs = append(inputs, in)
		return err
	})
	return inputs, err
}

// picture reads pixels, {"b64": …} or, where it is not inside of one, {"images": …} of either.
func (a arrays) picture(shape []int, inside bool) (in input, err error) {
	wrong := malformed(`an instance must be pixels %v, {"b64": …} or {%q: …}`, shape, names.KeyImages)
	switch a.PeekKind() {
	case '[':
		in.pixels, err = a.tensor(nil, shape)
		return in, err
	case '{':
	default:
		return in, wrong
	}
	return in, a.member(wrong, func(name string) (err error) {
		switch {
		case name == names.KeyImages && !inside:
			in, err = a.picture(shape, true)
			return err
		case name != "b64" || a.PeekKind() != '"':
			return wrong
		}
		text, err := a.ReadToken()
		if err != nil {
			return ofJSON(err)
		}
		in.file, err = fileOf(text.String())
		return err
	})
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
