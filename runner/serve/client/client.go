// Package client asks a service that tfpair serve, or package serve, runs:
//
//	picture files → Client → HTTP → embeddings, distances, nearest pictures
//
// It needs no TensorFlow and retries nothing: an Error says when to come again.
package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks the service at an address. It is safe for any number of goroutines.
type Client struct {
	Address string       // "http://localhost:8080"
	Model   string       // by name; "": the first of the service
	Token   string       // of the service's --tokens; "": it wants none
	HTTP    *http.Client // nil: http.DefaultClient
}

// Of says whose answer it is.
type Of struct {
	Model   string `json:"model"`
	Version int    `json:"version"`         // 0: it has none
	Space   string `json:"embedding_space"` // embeddings can be compared where this is equal
}

// Embedded are the embeddings [N,D] of pictures, in their order.
type Embedded struct {
	Of
	Dim        int         `json:"dim"`
	Embeddings [][]float32 `json:"embeddings"`
}

// Comparison is of two pictures.
type Comparison struct {
	Of
	Distance    float32  `json:"distance"`    // smaller is closer
	Same        *bool    `json:"same"`        // nil: the model has no threshold
	Probability *float32 `json:"probability"` // of the same; nil: the model has none
}

// Found are the nearest of each picture, nearest first.
type Found struct {
	Of
	Images    int      `json:"images"`    // that were searched
	Threshold *float64 `json:"threshold"` // distance up to which a hit is accepted; nil: there is none
	Results   [][]Hit  `json:"results"`
	Votes     []*Vote  `json:"votes"` // of each picture; nil: the index has no classes
}

// Vote is the class that the nearest pictures name.
type Vote struct {
	Class    string  `json:"class"`
	Share    float64 `json:"share"`    // of the votes, in (0,1]; the nearer a picture, the more its vote counts
	Votes    int     `json:"votes"`    // pictures of the class
	Of       int     `json:"of"`       // pictures that voted
	Tied     bool    `json:"tied"`     // another class has as large a share; Class has the nearer picture
	Accepted bool    `json:"accepted"` // the nearest picture is within the threshold; else the class is none of these
}

// Hit is a picture of the index.
type Hit struct {
	ID       string  `json:"id"`
	Class    string  `json:"class"` // "": not known
	Distance float32 `json:"distance"`
	Accepted bool    `json:"accepted"`
}

// Info is a model that the service has.
type Info struct {
	Of
	State    string `json:"state"` // AVAILABLE, or LOADING
	Dim      int    `json:"dim"`
	Distance string `json:"distance"` // its name
	Size     int    `json:"size"`     // side of the network's pictures in pixels
	Images   int    `json:"images"`   // that can be searched
}

// Error is an answer that says what is wrong.
type Error struct {
	Status     int           // of HTTP
	Code       string        // a word for programs; "": the answer is of none of the service's routes
	Message    string        // for people
	RequestID  string        // by which the log of the service tells more
	RetryAfter time.Duration // when to come again; 0: it does not say
}

func (e *Error) Error() string {
	return fmt.Sprintf("the service answers %d: %s (request %s)", e.Status, e.Message, e.RequestID)
}

// OfPicture reports whether a picture of the request cannot be used, or is too large, or the request is too large with all of them.
func (e *Error) OfPicture() bool {
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusUnsupportedMediaType || e.Status == http.StatusUnprocessableEntity
}

// Absent reports whether the index has no picture of the id that was asked for.
func (e *Error) Absent() bool { return e.Code == "no_entry" }

// Embed returns the embeddings of pictures, as their files are. The error is an *Error where the service
// says what is wrong.
func (c *Client) Embed(ctx context.Context, pictures ...[]byte) (Embedded, error) {
	var answer Embedded
	err := c.post(ctx, "/v1/embed", nil, files("image", pictures...), &answer)
	return answer, err
}

// Compare compares two pictures.
func (c *Client) Compare(ctx context.Context, left, right []byte) (Comparison, error) {
	var answer Comparison
	err := c.post(ctx, "/v1/compare", nil, []file{{"left", left}, {"right", right}}, &answer)
	return answer, err
}

// Search returns the k nearest pictures of each.
func (c *Client) Search(ctx context.Context, k int, pictures ...[]byte) (Found, error) {
	var answer Found
	err := c.post(ctx, "/v1/search", url.Values{"k": {strconv.Itoa(k)}}, files("image", pictures...), &answer)
	return answer, err
}

// Models returns the models of the service. The first answers where none is named.
func (c *Client) Models(ctx context.Context) ([]Info, error) {
	var answer struct {
		Models []Info `json:"models"`
	}
	_, err := c.do(ctx, http.MethodGet, "/v1/models", nil, nil, &answer)
	return answer.Models, err
}

// EmbedPixels returns the embeddings [N,D], row-major, of pixels [N,size,size,3] uint8 RGB at the model's
// size. They travel as bytes, by the Open Inference Protocol. Client.Model must not be "".
func (c *Client) EmbedPixels(ctx context.Context, size int, pixels []uint8) ([]float32, error) {
	head, err := json.Marshal(map[string]any{"parameters": map[string]any{"binary_data_output": true},
		"inputs": []any{map[string]any{"name": "images", "datatype": "UINT8", "shape": []int{len(pixels) / (size * size * 3), size, size, 3},
			"parameters": map[string]any{"binary_data_size": len(pixels)}}}})
	if err != nil {
		return nil, err
	}
	headers := http.Header{headerLength: {strconv.Itoa(len(head))}}
	path := "/v2/models/" + url.PathEscape(c.Model) + "/infer"
	var data []byte
	answered, err := c.do(ctx, http.MethodPost, path, headers, append(head, pixels...), &data)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(answered.Get(headerLength))
	if err != nil || n < 0 || n > len(data) || (len(data)-n)%4 != 0 {
		return nil, fmt.Errorf("the answer of %s is no tensor: %s is %q of %d bytes", path, headerLength, answered.Get(headerLength), len(data))
	}
	rows := make([]float32, (len(data)-n)/4)
	for i := range rows {
		rows[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[n+4*i:]))
	}
	return rows, nil
}

// headerLength says how much of a body is JSON; tensors follow.
const headerLength = "Inference-Header-Content-Length"

// file is one of a form.
type file struct {
	name string
	data []byte
}

func files(name string, pictures ...[]byte) []file {
	var list []file
	for _, p := range pictures {
		list = append(list, file{name, p})
	}
	return list
}

// post sends files.
func (c *Client) post(ctx context.Context, path string, query url.Values, list []file, answer any) error {
	contentType, body, err := bodyOf(list)
	if err != nil {
		return err
	}
	if c.Model != "" {
		if query == nil {
			query = url.Values{}
		}
		query.Set("model", c.Model)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	_, err = c.do(ctx, http.MethodPost, path, http.Header{"Content-Type": {contentType}}, body, answer)
	return err
}

// bodyOf returns a form of files. One file is a body by itself, which takes less of both sides.
func bodyOf(list []file) (contentType string, body []byte, err error) {
	if len(list) == 1 {
		return "application/octet-stream", list[0].data, nil
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, f := range list {
		part, err := w.CreateFormFile(f.name, f.name)
		if err == nil {
			_, err = part.Write(f.data)
		}
		if err != nil {
			return "", nil, err
		}
	}
	err = w.Close() // writes the end
	return w.FormDataContentType(), form.Bytes(), err
}

// do sends a request and reads its answer, as JSON or, into a *[]byte, as it is.
func (c *Client) do(ctx context.Context, method, path string, headers http.Header, body []byte, answer any) (http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Address, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range headers {
		r.Header[name] = values
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	got, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	data, err := io.ReadAll(http.MaxBytesReader(nil, got.Body, maxAnswer))
	switch raw, ok := answer.(*[]byte); {
	case err != nil:
	case got.StatusCode != http.StatusOK:
		return nil, errorOf(got, data)
	case ok:
		*raw = data
	default:
		err = json.Unmarshal(data, answer)
	}
	if err != nil {
		return nil, fmt.Errorf("the answer of %s %s: %w", method, path, err)
	}
	return got.Header, nil
}

// maxAnswer bounds an answer, in bytes: 32 pictures of 4,096 numbers each are 2 MiB.
const maxAnswer = 64 << 20

// errorOf reads what is wrong: {"error": {…}} of native routes, or {"error": "…"} of others.
func errorOf(r *http.Response, data []byte) *Error {
	e := &Error{Status: r.StatusCode, Message: http.StatusText(r.StatusCode), RequestID: r.Header.Get("X-Request-Id")}
	var body struct{ Error json.RawMessage }
	var own struct{ Code, Message string }
	if json.Unmarshal(data, &body) == nil {
		if json.Unmarshal(body.Error, &own) == nil {
			e.Code, e.Message = own.Code, own.Message
		} else if text := ""; json.Unmarshal(body.Error, &text) == nil {
			e.Message = text
		}
	}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
