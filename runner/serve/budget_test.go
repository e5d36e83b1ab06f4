package serve

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tfpair/tfpair/models/modelstest"
)

// reader is a client that takes its answer when it is told to.
type reader struct {
	*httptest.ResponseRecorder
	sending, take chan struct{}
}

func (r reader) Write(data []byte) (int, error) {
	r.sending <- struct{}{}
	<-r.take
	return r.ResponseRecorder.Write(data)
}

// TestSlowReader: an answer is held by the budget until its client has taken it, and nothing else of the request is; that has no place either.
func TestSlowReader(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	file, kind := form(t, "image", picture(t, red))
	for _, path := range []string{"/v1/embed", "/v1/search?k=3", "/v1/embeddings", "/v1/models"} {
		method, body := "POST", file
		switch path {
		case "/v1/embeddings":
			body, kind = jsonOf(t, map[string]any{"input": "data:image/png;base64," + base64Of(picture(t, red))}), "application/json"
		case "/v1/models":
			method = "GET"
		}
		w := reader{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		done := make(chan struct{})
		go func() { defer close(done); s.ServeHTTP(w, r) }()
		<-w.sending
		held, places := s.budget.held.Load(), len(s.budget.requests)
		close(w.take)
		<-done
		if w.Code != http.StatusOK || held != int64(w.Body.Len()) || places != 0 {
			t.Errorf("%s: %d, held %d bytes and %d places for an answer of %d bytes: %s", path, w.Code, held, places, w.Body.Len(), w.Body)
		}
		if left := s.budget.held.Load(); left != 0 {
			t.Errorf("%s: %d bytes are held after all", path, left)
		}
	}
}
