package serve

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/modelstest"
)

// members returns members of an object, each of another name.
func members(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"%x":""`, i))
	}
	return strings.Join(list, ",")
}

// TestSmallValues: a body of many small values, or of one inside of the other, takes a few times the memory of its text, which
// the budget holds. Go's values of {"inputs":[{},{},…]} alone would be 35 times as large.
func TestSmallValues(t *testing.T) {
	const size, most = 2 << 20, 5
	s, _ := changingService(t, Config{})
	for _, c := range []struct{ path, start, each, end string }{
		{"/v2/models/photos/infer", `{"inputs":[`, `{},`, `{}]}`},
		{"/v2/models/photos/infer", `{"inputs":[`, `null,`, `{}]}`},
		{"/v2/models/photos/infer", `{"inputs":[`, `1,`, `1]}`},
		{"/v2/models/photos/infer", `{"outputs":[`, `{},`, `{}]}`},
		{"/v2/models/photos/infer", `{"inputs":[{"shape":[`, `1,`, `1]}]}`},
		{"/v2/models/photos/infer", `{"inputs":[`, `{"shape":[1,1,1,1,1,1]},`, `{}]}`},
		{"/v2/models/photos/infer", `{"inputs":[{"name":"images","shape":[1],"datatype":"BYTES","data":[`, `"",`, `""]}]}`},
		{"/v1/models/photos:predict", `{"instances":[`, `{"b64":""},`, `{}]}`},
		{"/v1/models/photos:predict", `{"inputs":{"images":[`, `{"b64":""},`, `{}]}}`},
		{"/v1/models/photos:predict", `{"instances":[{` + members(size/14), ``, `}]}`},
		{"/v1/models/photos:predict", `{"instances":[` + strings.Repeat(`{"images":`, 9000) + `{"b64":"aGk="}`, ``, strings.Repeat(`}`, 9000) + `]}`},
		{"/v1/embeddings", `{"input":[`, `"",`, `""]}`},
		{"/v1/embed", `{"images":[`, `"",`, `""]}`},
		{"/v1/index", `{"entries":[`, `{},`, `{}]}`},
		{"/v1/index", `{"entries":[{"id":"a","image":"","metadata":{` + members(size/14), ``, `}}]}`},
	} {
		body := c.start + strings.Repeat(c.each, size/max(1, len(c.each))) + c.end
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := ask(s, "POST", c.path, "application/json", []byte(body), "Authorization", "Bearer "+writerToken)
		runtime.ReadMemStats(&after)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%.60s…: %d %.200s, want 400", body, w.Code, w.Body)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(most*len(body)) {
			t.Errorf("%.60s…: %d bytes for a body of %d, want %d times as many at most", body, took, len(body), most)
		}
	}
}

// TestBrokenBodies: a body that does not arrive as it should is the client's fault.
func TestBrokenBodies(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	server := httptest.NewServer(s)
	defer server.Close()
	for body, status := range map[string]int{
		"zz\r\nabc\r\n0\r\n\r\n":                400,
		"3\r\nabcdef\r\n0\r\n\r\n":              400,
		"ffffffffffffffffff\r\nabc\r\n":         400,
		"1;" + strings.Repeat("a", 5000):        400,
		"3\r\nabc\r\n0\r\nno trailer\r\n\r\n":   400,
		"3\r\nabc\r\n5\r\nab":                   statusGone, // and the client sends no more
		"3\r\nabc\r\n0\r\nTrailer: yes\r\n\r\n": 415,
	} {
		for _, kind := range []string{"image/png", "application/json"} {
			want := status
			if status == 415 && kind == "application/json" {
				want = 400 // abc is no JSON
			}
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fprintf(conn, "POST /v1/embed HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%s", kind, body)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.(*net.TCPConn).CloseWrite() // the service may have hung up
			got, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("%.30q: %v", body, err)
			}
			text, _ := io.ReadAll(got.Body) // the connection may be reset: the body was not read
			if got.StatusCode != want {
				t.Errorf("%.30q as %s: %s %s, want %d", body, kind, got.Status, text, want)
			}
			if err := errors.Join(got.Body.Close(), conn.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	// What ends too early inside the service is no fault of a client.
	if f := failureOf(fmt.Errorf("index: %w", io.ErrUnexpectedEOF)); f.status != 500 || f.err == nil {
		t.Errorf("a truncated index is %d %s, want 500", f.status, f.message)
	}
}
