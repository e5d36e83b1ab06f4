package serve

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/internal/names"
)

// headerLength is the header that says how much of a body, or of an answer, is JSON: tensors follow it as bytes.
const headerLength = "Inference-Header-Content-Length"

// Types of the Open Inference Protocol.
const (
	typeUint8 = "UINT8"
	typeFloat = "FP32"
	typeBytes = "BYTES" // files of pictures
)

// oipTensor is a tensor of the Open Inference Protocol, version 2.
type oipTensor struct {
	Name       string          `json:"name"`
	Shape      list[int]       `json:"shape"`
	Type       string          `json:"datatype"`
	Parameters oipParameters   `json:"parameters,omitzero"`
	Data       json.RawMessage `json:"data,omitempty"` // nested or flat; absent where it comes as bytes
}

// oipParameters are those of Triton's extension for tensors as bytes. Others are not used.
type oipParameters struct {
	Size         *int64 `json:"binary_data_size,omitempty"`
	Binary       *bool  `json:"binary_data,omitempty"`        // of an output
	BinaryOutput bool   `json:"binary_data_output,omitempty"` // of a request: of all outputs
}

// oipRequest is the body of an inference. Fields that it lacks are not used.
type oipRequest struct {
	ID         string          `json:"id,omitempty"`
	Parameters oipParameters   `json:"parameters,omitzero"`
	Inputs     list[oipTensor] `json:"inputs"`
	Outputs    list[oipOutput] `json:"outputs,omitempty"`
}

// oipOutput is an output that is asked for.
type oipOutput struct {
	Name       string        `json:"name"`
	Parameters oipParameters `json:"parameters,omitzero"`
}

// oipAnswer is the answer to one.
type oipAnswer struct {
	Model   string      `json:"model_name"`
	Version string      `json:"model_version"`
	ID      string      `json:"id,omitempty"`
	Outputs []oipTensor `json:"outputs"`
}

// oipServer answers GET /v2.
func oipServer(*call) (any, error) {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return map[string]any{"name": "tfpair", "version": version, "extensions": []string{"binary_tensor_data"}}, nil
}

func oipLive(c *call) (any, error) {
	_, err := alive(c)
	return map[string]bool{"live": true}, err
}

func oipReady(c *call) (any, error) {
	_, err := ready(c)
	return map[string]bool{"ready": true}, err
}

func oipModelReady(c *call) (any, error) {
	l, _, err := c.tfsPath()
	if err != nil {
		return nil, err
	}
	if err := l.ready(); err != nil {
		return nil, unready("model %q: %v", l.name, err)
	}
	return map[string]any{"name": l.name, "ready": true}, nil
}

// oipModel answers GET /v2/models/{model}.
func oipModel(c *call) (any, error) {
	l, _, err := c.tfsPath()
	if err != nil {
		return nil, err
	}
	size, dim := l.info.Manifest.Preprocessing.Size, l.info.Manifest.EmbeddingDim
	return map[string]any{"name": l.name, "versions": []string{strconv.Itoa(l.info.Version)}, "platform": "tensorflow_savedmodel",
		"inputs":  []oipTensor{{Name: names.KeyImages, Type: typeUint8, Shape: []int{-1, size, size, 3}}},
		"outputs": []oipTensor{{Name: names.KeyEmbedding, Type: typeFloat, Shape: []int{-1, dim}}}}, nil
}

// oipInfer answers POST /v2/models/{model}/infer. The input is pixels, UINT8 [N,S,S,3], or files, BYTES [N], in
// JSON as base64.
func oipInfer(c *call) (any, error) {
	l, _, err := c.tfsPath()
	if err != nil {
		return nil, err
	}
	r, rest, err := c.oipBody()
	if err != nil {
		return nil, err
	}
	if len(r.Inputs) != 1 || r.Inputs[0].Name != names.KeyImages {
		return nil, malformed("inputs must be %q and nothing else", names.KeyImages)
	}
	binaryOutput := r.Parameters.BinaryOutput
	for _, out := range r.Outputs {
		if out.Name != names.KeyEmbedding || len(r.Outputs) > 1 {
			return nil, malformed("outputs must be %q and nothing else", names.KeyEmbedding)
		}
		if out.Parameters.Binary != nil {
			binaryOutput = *out.Parameters.Binary
		}
	}
	rows, err := c.embedTensor(l, r.Inputs[0], rest)
	if err != nil {
		return nil, err
	}
	dim := l.info.Manifest.EmbeddingDim
	output := oipTensor{Name: names.KeyEmbedding, Type: typeFloat, Shape: []int{len(rows) / dim, dim}}
	answer := oipAnswer{l.name, strconv.Itoa(l.info.Version), r.ID, []oipTensor{output}}
	if !binaryOutput {
		data, err := json.Marshal(rows)
		answer.Outputs[0].Data = data
		return answer, err
	}
	size := int64(4 * len(rows))
	answer.Outputs[0].Parameters.Size = &size
	head, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	c.header.Set(headerLength, strconv.Itoa(len(head)))
	return text{"application/octet-stream", append(head, littleEndian(rows)...)}, nil
}

// oipBody returns the JSON of a request and the bytes that follow it, until the call is done.
func (c *call) oipBody() (r oipRequest, rest []byte, err error) {
	data, err := c.body()
	if err != nil {
		return r, nil, err
	}
	whole := data
	c.done = append(c.done, func() { c.service.giveBack(whole) }) // the answer is other memory
	if value := c.request.Header.Get(headerLength); value != "" {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > len(data) {
			return r, nil, malformed("%s is %q, want the length of the JSON, at most %d", headerLength, value, len(data))
		}
		data, rest = data[:n], data[n:]
	}
	if err := c.hold.take(jsonFactor * int64(len(data))); err != nil {
		return r, nil, err
	}
	return r, rest, readJSON(data, &r)
}

// embedTensor returns the embeddings [N,D] of an input of which rest holds the bytes, where they are not in its data.
func (c *call) embedTensor(l *loaded, t oipTensor, rest []byte) ([]float32, error) {
	shape, most := l.shapeOf(), c.service.limits.Pictures
	if len(t.Shape) == 0 || t.Shape[0] < 1 || t.Shape[0] > most {
		return nil, malformed("the shape of %s is %v, want 1 to %d pictures", t.Name, t.Shape, most)
	}
	if (t.Data == nil) == (t.Parameters.Size == nil) {
		return nil, malformed("%s must have data, or binary_data_size", t.Name)
	}
	if t.Parameters.Size != nil && *t.Parameters.Size != int64(len(rest)) {
		return nil, malformed("binary_data_size is %d, and %d bytes follow the JSON", *t.Parameters.Size, len(rest))
	}
	switch {
	case t.Type == typeBytes && len(t.Shape) == 1:
		inputs, err := t.files(rest)
		if err != nil {
			return nil, err
		}
		return c.embedInputs(l, inputs)
	case t.Type == typeUint8 && slices.Equal([]int(t.Shape[1:]), shape):
		pixels, err := t.pixels(rest, l.resizer.Bytes())
		if err != nil {
			return nil, err
		}
		return c.inTurn(l, t.Shape[0], int64(t.Shape[0]), func(context.Context) ([]uint8, error) { return pixels, nil })
	}
	return nil, malformed("%s is %s %v, want %s %v or %s [N]", t.Name, t.Type, t.Shape, typeUint8, append([]int{-1}, shape...), typeBytes)
}

// pixels returns those of all pictures, of a size in bytes: data, as it came, or the numbers of the JSON.
func (t oipTensor) pixels(data []byte, size int) (_ []uint8, err error) {
	if t.Data != nil {
		if data, err = arraysOf(t.Data).flat(nil, t.Shape[0]*size); err != nil {
			return nil, err
		}
	}
	if len(data) != t.Shape[0]*size {
		return nil, malformed("%s has %d numbers, want %d for its shape", t.Name, len(data), t.Shape[0]*size)
	}
	return data, nil
}

func (t oipTensor) files(data []byte) (inputs []input, err error) {
	if t.Data != nil {
		var texts list[string]
		if err := readJSON(t.Data, &texts); err != nil {
			return nil, malformed("data of %s must be a flat list of base64: %v", t.Name, err)
		}
		files, err := filesOf(texts...)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			inputs = append(inputs, input{file: file})
		}
	}
	for len(data) > 0 && t.Data == nil {
		if len(inputs) == t.Shape[0] {
			return nil, malformed("%s has more than the %d elements of its shape", t.Name, t.Shape[0])
		}
		if len(data) < 4 || int64(binary.LittleEndian.Uint32(data)) > int64(len(data)-4) {
			return nil, malformed("an element of %s is longer than the bytes that follow the JSON", t.Name)
		}
		n := 4 + int(binary.LittleEndian.Uint32(data))
		inputs, data = append(inputs, input{file: data[4:n:n]}), data[n:]
	}
	if len(inputs) != t.Shape[0] {
		return nil, malformed("%s has %d elements, want %d for its shape", t.Name, len(inputs), t.Shape[0])
	}
	return inputs, nil
}
