package serve

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tfpair/tfpair/models/modelstest"
	"github.com/tfpair/tfpair/runner/serve/client"
)

// BenchmarkRequest is one request at a time over TCP, with a model that does next to nothing and a log that is written.
func BenchmarkRequest(b *testing.B) {
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	s := started(b, Config{Models: []Source{fake(b, "photos", &modelstest.Model{})}, Log: slog.New(slog.NewTextHandler(log, nil))})
	server := httptest.NewServer(s)
	defer server.Close()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420), nil); err != nil {
		b.Fatal(err)
	}
	c := client.Client{Address: server.URL}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Embed(b.Context(), file.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}

// slowLog is a log whose line of a request takes until answered is closed.
type slowLog struct {
	slog.Handler
	answered chan struct{}
}

func (l slowLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "request" {
		<-l.answered
	}
	return l.Handler.Handle(ctx, r)
}

// TestAnswerBeforeLog: a client does not wait for the log, and finds its request counted.
func TestAnswerBeforeLog(t *testing.T) {
	answered := make(chan struct{})
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}, Log: slog.New(slowLog{slog.NewTextHandler(io.Discard, nil), answered})})
	server := httptest.NewServer(s)
	defer server.Close()
	defer close(answered)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := client.Client{Address: server.URL}
	if _, err := c.Embed(ctx, picture(t, red)); err != nil {
		t.Fatal(err)
	}
	counted := `tfpair_requests_total{code="200",model="photos",route="/v1/embed"} 1`
	if w := ask(s.Admin(), "GET", "/metrics", "", nil); !strings.Contains(w.Body.String(), counted) {
		t.Errorf("/metrics lacks %s: %s", counted, w.Body)
	}
}
