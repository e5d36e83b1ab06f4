package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/modelstest"
)

// redPixels are an [8,8,3] picture as nested JSON.
func redPixels() string {
	row := "[" + strings.TrimSuffix(strings.Repeat("[255,0,0],", modelstest.Size), ",") + "]"
	return "[" + strings.TrimSuffix(strings.Repeat(row+",", modelstest.Size), ",") + "]"
}

// redRow is the embedding of a red picture, as JSON.
const redRow = "[1,0,0,1,0,0,1,0,0,1,0,0]"

// sameJSON compares JSON whatever the order of its fields; numbers within 1e-6.
func sameJSON(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Errorf("%s: %v: %s", what, err, got)
		return
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !near2(a, b) {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func near2(a, b any) bool {
	switch b := b.(type) {
	case float64:
		x, ok := a.(float64)
		return ok && math.Abs(x-b) < 1e-6
	case []any:
		x, ok := a.([]any)
		for i := range b {
			if !ok || len(x) != len(b) || !near2(x[i], b[i]) {
				return false
			}
		}
		return ok && len(x) == len(b)
	case map[string]any:
		x, ok := a.(map[string]any)
		for key := range b {
			if !ok || !near2(x[key], b[key]) {
				return false
			}
		}
		return ok && len(x) == len(b)
	}
	return a == b
}

// TestTensorFlowServing: its REST requests have the answers that its documentation gives.
func TestTensorFlowServing(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{Version: 3})}})
	file := base64Of(picture(t, red))
	for _, c := range []struct{ name, path, body, want string }{
		{"rows", ":predict", `{"instances":[` + redPixels() + `]}`, `{"predictions":[` + redRow + `]}`},
		{"rows by name", ":predict", `{"signature_name":"serving_default","instances":[{"images":` + redPixels() + `}]}`, `{"predictions":[` + redRow + `]}`},
		{"columns", "/versions/3:predict", `{"inputs":[` + redPixels() + `,` + redPixels() + `]}`, `{"outputs":[` + redRow + `,` + redRow + `]}`},
		{"columns by name", ":predict", `{"inputs":{"images":[` + redPixels() + `]}}`, `{"outputs":[` + redRow + `]}`},
		{"files", ":predict", `{"instances":[{"b64":"` + file + `"},{"images":{"b64":"` + file + `"}}]}`, `{"predictions":[` + redRow + `,` + redRow + `]}`},
	} {
		w := ask(s, "POST", "/v1/models/photos"+c.path, "application/json", []byte(c.body))
		sameJSON(t, c.name, w.Body.Bytes(), c.want)
	}
	w := ask(s, "GET", "/v1/models/photos", "", nil)
	sameJSON(t, "status", w.Body.Bytes(), `{"model_version_status":[{"version":"3","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]}`)
	w = ask(s, "GET", "/v1/models/photos/metadata", "", nil)
	if text := w.Body.String(); w.Code != 200 || !strings.Contains(text, `"signature_def":{"signature_def":{"serving_default"`) || !strings.Contains(text, `{"name":"","size":"12"}`) {
		t.Errorf("metadata: %d %s", w.Code, w.Body)
	}
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/v1/models/photos:predict", `{"instances":[` + redPixels() + `],"inputs":[]}`, 400},
		{"/v1/models/photos:predict", `{}`, 400},
		{"/v1/models/photos:predict", `{"instances":[]}`, 400},
		{"/v1/models/photos:predict", `{"instances":[[[[1,2]]]]}`, 400},
		{"/v1/models/photos:predict", `{"instances":[` + strings.Replace(redPixels(), "255", "256", 1) + `]}`, 400},
		{"/v1/models/photos:predict", `{"instances":[` + strings.Replace(redPixels(), "255", `"1"`, 1) + `]}`, 400},
		{"/v1/models/photos:predict", `{"instances":[{"b64":"aGVsbG8="}]}`, 415},
		{"/v1/models/photos:predict", `{"signature_name":"x","instances":[` + redPixels() + `]}`, 400},
		{"/v1/models/photos:classify", `{}`, 404},
		{"/v1/models/none:predict", `{}`, 404},
		{"/v1/models/photos/versions/4:predict", `{}`, 404},
	} {
		w := ask(s, "POST", c.path, "application/json", []byte(c.body))
		var e tfsError
		if w.Code != c.status || json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Error == "" {
			t.Errorf("%s of %.80s: %d %s, want %d", c.path, c.body, w.Code, w.Body, c.status)
		}
	}
	if got := string(appendRows(nil, [][]float32{{nan(), float32(math.Inf(1)), float32(math.Inf(-1)), 0.5}}, ' ')); got != "[[NaN,Infinity,-Infinity,0.5]] " {
		t.Errorf("numbers that are not finite: %s", got)
	}
}

// TestOpenInference: the version 2 of the protocol, in JSON and with tensors as bytes.
func TestOpenInference(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{Version: 3})}})
	for path, want := range map[string]string{
		"/v2/health/live":              `{"live":true}`,
		"/v2/health/ready":             `{"ready":true}`,
		"/v2/models/photos/ready":      `{"name":"photos","ready":true}`,
		"/v2/models/photos/versions/3": `{"name":"photos","versions":["3"],"platform":"tensorflow_savedmodel","inputs":[{"name":"images","datatype":"UINT8","shape":[-1,8,8,3]}],"outputs":[{"name":"embedding","datatype":"FP32","shape":[-1,12]}]}`,
	} {
		sameJSON(t, path, ask(s, "GET", path, "", nil).Body.Bytes(), want)
	}
	answer := `{"model_name":"photos","model_version":"3","id":"a1","outputs":[{"name":"embedding","datatype":"FP32","shape":[1,12],"data":` + redRow + `}]}`
	flat := strings.NewReplacer("[", "", "]", "").Replace(redPixels())
	for name, in := range map[string]string{
		"nested": `"shape":[1,8,8,3],"datatype":"UINT8","data":[` + redPixels() + `]`,
		"flat":   `"shape":[1,8,8,3],"datatype":"UINT8","data":[` + flat + `]`,
		"files":  `"shape":[1],"datatype":"BYTES","data":["` + base64Of(picture(t, red)) + `"]`,
	} {
		w := ask(s, "POST", "/v2/models/photos/infer", "application/json", []byte(`{"id":"a1","inputs":[{"name":"images",`+in+`}],"outputs":[{"name":"embedding"}]}`))
		sameJSON(t, name, w.Body.Bytes(), answer)
	}
	// As bytes, in and out, of pixels and of a file with its length before it.
	pixels := bytes.Repeat([]byte{255, 0, 0}, modelstest.Size*modelstest.Size)
	file := picture(t, red)
	file = append(binary.LittleEndian.AppendUint32(nil, uint32(len(file))), file...)
	for kind, data := range map[string][]byte{`"shape":[1,8,8,3],"datatype":"UINT8"`: pixels, `"shape":[1],"datatype":"BYTES"`: file} {
		head := fmt.Sprintf(`{"inputs":[{"name":"images",%s,"parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, kind, len(data))
		w := ask(s, "POST", "/v2/models/photos/infer", "application/octet-stream", append([]byte(head), data...), headerLength, fmt.Sprint(len(head)))
		var n int
		if _, err := fmt.Sscan(w.Header().Get(headerLength), &n); err != nil || w.Code != 200 {
			t.Errorf("%s: %d %s", kind, w.Code, w.Body)
			continue
		}
		sameJSON(t, kind, w.Body.Bytes()[:n], `{"model_name":"photos","model_version":"3","outputs":[{"name":"embedding","datatype":"FP32","shape":[1,12],"parameters":{"binary_data_size":48}}]}`)
		rest := w.Body.Bytes()[n:]
		if len(rest) != 48 || math.Abs(float64(math.Float32frombits(binary.LittleEndian.Uint32(rest)))-1) > 1e-6 {
			t.Errorf("%s: bytes %x", kind, rest)
		}
	}
	for name, body := range map[string]string{
		"no input":       `{"inputs":[]}`,
		"another input":  `{"inputs":[{"name":"x","shape":[1,8,8,3],"datatype":"UINT8","data":[` + flat + `]}]}`,
		"another shape":  `{"inputs":[{"name":"images","shape":[1,8,8,4],"datatype":"UINT8","data":[` + flat + `]}]}`,
		"too few":        `{"inputs":[{"name":"images","shape":[2,8,8,3],"datatype":"UINT8","data":[` + flat + `]}]}`,
		"too many":       `{"inputs":[{"name":"images","shape":[1,8,8,3],"datatype":"UINT8","data":[1,` + flat + `]}]}`,
		"negative":       `{"inputs":[{"name":"images","shape":[-1,8,8,3],"datatype":"UINT8","data":[` + flat + `]}]}`,
		"floats":         `{"inputs":[{"name":"images","shape":[1,8,8,3],"datatype":"FP32","data":[` + flat + `]}]}`,
		"no data":        `{"inputs":[{"name":"images","shape":[1,8,8,3],"datatype":"UINT8"}]}`,
		"bytes missing":  `{"inputs":[{"name":"images","shape":[1,8,8,3],"datatype":"UINT8","parameters":{"binary_data_size":192}}]}`,
		"another output": `{"inputs":[{"name":"images","shape":[1,8,8,3],"datatype":"UINT8","data":[` + flat + `]}],"outputs":[{"name":"x"}]}`,
	} {
		w := ask(s, "POST", "/v2/models/photos/infer", "application/json", []byte(body))
		var e tfsError
		if w.Code != 400 || json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Error == "" {
			t.Errorf("%s: %d %s, want 400", name, w.Code, w.Body)
		}
	}
	s.Stop()
	if w := ask(s, "GET", "/v2/health/ready", "", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("ready while it stops: %d %s", w.Code, w.Body)
	}
}

// TestOpenAI: embeddings in OpenAI's shape, as numbers and as base64.
func TestOpenAI(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	uri := "data:image/png;base64," + base64Of(picture(t, red))
	usage := `,"model":"photos","usage":{"prompt_tokens":0,"total_tokens":0}}`
	one := `{"object":"embedding","index":0,"embedding":` + redRow + `}`
	for input, data := range map[string]string{`"` + uri + `"`: one, `["` + uri + `","` + uri + `"]`: one + "," + strings.Replace(one, ":0", ":1", 1)} {
		w := ask(s, "POST", "/v1/embeddings", "application/json", []byte(`{"model":"photos","input":`+input+`,"dimensions":12,"user":"u"}`))
		sameJSON(t, input[:10], w.Body.Bytes(), `{"object":"list","data":[`+data+`]`+usage)
	}
	w := ask(s, "POST", "/v1/embeddings", "application/json", []byte(`{"input":"`+uri+`","encoding_format":"base64"}`))
	var got struct{ Data []struct{ Embedding string } }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Data) != 1 {
		t.Fatalf("base64: %d %s", w.Code, w.Body)
	}
	if raw, err := base64.StdEncoding.DecodeString(got.Data[0].Embedding); err != nil || len(raw) != 4*modelstest.Dim {
		t.Errorf("base64: %q, %v", got.Data[0].Embedding, err)
	}
	for body, status := range map[string]int{`{"input":[1,2]}`: 400, `{"input":"hello world"}`: 400, `{"input":"aGVsbG8="}`: 415, `{"input":[]}`: 400,
		`{"model":"x","input":"` + uri + `"}`: 404, `{"input":"` + uri + `","dimensions":5}`: 400, `{"input":"` + uri + `","encoding_format":"x"}`: 400} {
		w := ask(s, "POST", "/v1/embeddings", "application/json", []byte(body))
		var e openAIError
		if w.Code != status || json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Error.Message == "" || e.Error.Type != "invalid_request_error" {
			t.Errorf("%.60s: %d %s, want %d", body, w.Code, w.Body, status)
		}
	}
}
