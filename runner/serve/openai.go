package serve

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// openAIRequest is the body of OpenAI's POST /v1/embeddings. Its input is a picture or a list of them, as
// data URIs or base64.
type openAIRequest struct {
	Model      string          `json:"model,omitempty" doc:"name of the model; the first one where it is left out"`
	Input      json.RawMessage `json:"input" doc:"a picture, as a data URI or in base64, or a list of them"`
	Encoding   string          `json:"encoding_format,omitempty" doc:"float, the default, or base64"`
	Dimensions int             `json:"dimensions,omitempty" doc:"the length of the model's embeddings, if anything"`
	User       string          `json:"user,omitempty" doc:"not used"`
	Modality   string          `json:"modality,omitempty" doc:"image, if anything"`
}

// openAIAnswer is the answer: numbers of tokens are 0, for pictures have none.
type openAIAnswer struct {
	Object string            `json:"object"`
	Data   []openAIEmbedding `json:"data"`
	Model  string            `json:"model"`
	Usage  openAIUsage       `json:"usage"`
}

type openAIEmbedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or base64 of float32, little-endian
}

type openAIUsage struct {
	Prompt int `json:"prompt_tokens"`
	Total  int `json:"total_tokens"`
}

// openAIError is the body of an error.
type openAIError struct {
	Error openAIFailure `json:"error"`
}

type openAIFailure struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

func openAIErrorOf(f *failure) openAIError {
	kind := "invalid_request_error"
	if f.status >= 500 || f.status == 429 {
		kind = "server_error"
	}
	return openAIError{openAIFailure{Message: f.message, Type: kind, Code: f.code}}
}

// openAIEmbed answers POST /v1/embeddings.
func openAIEmbed(c *call) (any, error) {
	var r openAIRequest
	if err := c.decodeJSON(&r); err != nil {
		return nil, err
	}
	texts, err := r.texts()
	if err != nil {
		return nil, err
	}
	if r.Encoding != "" && r.Encoding != "float" && r.Encoding != "base64" {
		return nil, malformed("encoding_format must be float or base64, got %q", r.Encoding)
	}
	if r.Modality != "" && r.Modality != "image" {
		return nil, malformed("modality must be image, got %q", r.Modality)
	}
	files, err := filesOf(texts...)
	if err != nil {
		return nil, err
	}
	l, err := c.model(r.Model)
	if err != nil {
		return nil, err
	}
	dim := l.info.Manifest.EmbeddingDim
	if r.Dimensions != 0 && r.Dimensions != dim {
		return nil, malformed("dimensions must be %d, the length of the model's embeddings, got %d", dim, r.Dimensions)
	}
	rows, err := c.embed(l, files)
	if err != nil {
		return nil, err
	}
	answer := openAIAnswer{Object: "list", Model: l.name}
	for i, row := range split(rows, dim) {
		e := openAIEmbedding{Object: "embedding", Index: i, Embedding: row}
		if r.Encoding == "base64" {
			e.Embedding = base64.StdEncoding.EncodeToString(littleEndian(row))
		}
		answer.Data = append(answer.Data, e)
	}
	return answer, nil
}

// texts returns the pictures of the input, as text.
func (r openAIRequest) texts() (texts list[string], err error) {
	switch jsontext.Value(r.Input).Kind() {
	case '[':
		err = readJSON(r.Input, &texts)
	case '"':
		texts = make(list[string], 1)
		err = readJSON(r.Input, &texts[0])
	default:
		err = malformed("input must be a picture or a list of them, as data URIs")
	}
	return texts, err
}

// littleEndian returns numbers as bytes of float32.
func littleEndian(row []float32) []byte {
	data := make([]byte, 0, 4*len(row))
	for _, x := range row {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return data
}
