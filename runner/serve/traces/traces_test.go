package traces_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/models/modelstest"
	"github.com/tfpair/tfpair/runner/serve"
	"github.com/tfpair/tfpair/runner/serve/traces"
)

// receiver is a collector that keeps spans.
type receiver struct {
	mu    sync.Mutex
	paths []string
	spans []*wire.Span
	of    string // the resource
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	data, err := io.ReadAll(body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths = append(c.paths, r.URL.Path)
	for _, resource := range request.ResourceSpans {
		c.of = resource.Resource.String()
		for _, of := range resource.ScopeSpans {
			c.spans = append(c.spans, of.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTo: a collector gets the span of a request, in the trace of its client, and those of its parts below it.
func TestTo(t *testing.T) {
	c := &receiver{}
	at := httptest.NewServer(c)
	defer at.Close()
	provider, err := traces.To(t.Context(), at.URL, "v9", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := serve.New(serve.Config{Traces: provider, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Models: []serve.Source{{Name: "photos", Open: func() (serve.Opened, error) { return serve.Opened{Model: &modelstest.Model{}}, nil }}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331" // of the W3C's text on Trace Context
	for path, body := range map[string][]byte{"/v1/embed": picture(t), "/readyz": nil} {
		method := http.MethodPost
		if body == nil {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		r.Header.Set("Traceparent", "00-"+id+"-"+parent+"-01")
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	var request *wire.Span
	for _, span := range c.spans {
		names = append(names, span.Name)
		if hex.EncodeToString(span.TraceId) != id {
			t.Errorf("%s is of trace %x, want %s", span.Name, span.TraceId, id)
		}
		if span.Name == "POST /v1/embed" {
			request = span
		}
	}
	slices.Sort(names)
	if want := []string{"POST /v1/embed", "decode", "queue", "run"}; !slices.Equal(names, want) {
		t.Fatalf("spans %q, want %q", names, want)
	}
	if hex.EncodeToString(request.ParentSpanId) != parent || !strings.Contains(attributes(request), "http.response.status_code=int_value:200") ||
		!strings.Contains(attributes(request), `tfpair.model=string_value:"photos"`) {
		t.Errorf("span %v", request)
	}
	for _, span := range c.spans {
		if span != request && !bytes.Equal(span.ParentSpanId, request.SpanId) {
			t.Errorf("%s is not below the request", span.Name)
		}
	}
	if want := []string{"/v1/traces"}; !slices.Equal(c.paths, want) || !strings.Contains(c.of, "tfpair") || !strings.Contains(c.of, "v9") {
		t.Errorf("sent to %q of %s, want %q of tfpair v9", c.paths, c.of, want)
	}
	if !strings.Contains(log.String(), "trace_id="+id) {
		t.Errorf("the log has no trace:\n%s", &log)
	}
}

// attributes returns those of a span as text.
func attributes(span *wire.Span) string {
	var b strings.Builder
	for _, a := range span.Attributes {
		b.WriteString(a.Key + "=" + strings.ReplaceAll(a.Value.String(), " ", "") + "\n")
	}
	return b.String()
}

// TestGone: a collector that is not there stops nothing, and the log says that it is not.
func TestGone(t *testing.T) {
	at := httptest.NewServer(http.NotFoundHandler())
	at.Close()
	var log bytes.Buffer
	provider, err := traces.To(t.Context(), at.URL, "", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "request")
	span.End()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = provider.Shutdown(ctx) // it tells the log
	if !strings.Contains(log.String(), "traces not sent") {
		t.Errorf("the log says %q", &log)
	}
}

func TestAddress(t *testing.T) {
	for _, address := range []string{"localhost:4318", "ftp://here", "http://", ":"} {
		if _, err := traces.To(t.Context(), address, "", slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
}
