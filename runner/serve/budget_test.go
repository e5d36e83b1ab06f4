package serve

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tfpair/tfpair/models"
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

// waiting is an index whose searches take until they are told to end.
type waiting struct {
	Index
	begun, end chan struct{}
}

func (x waiting) SearchEmbeddings(embeddings []float32, k int) ([][]models.Hit, error) {
	x.begun <- struct{}{}
	<-x.end
	return x.Index.SearchEmbeddings(embeddings, k)
}

// TestSearchInTurn: a search takes its turn, too. Who finds none is told so after a while: an index so large that searches take long
// would have all that come search at the same time, each for longer than its client waits.
func TestSearchInTurn(t *testing.T) {
	source, begun, end := fake(t, "photos", &modelstest.Model{}), make(chan struct{}), make(chan struct{})
	open := source.Open
	source.Open = func() (Opened, error) {
		opened, err := open()
		opened.Index = waiting{opened.Index, begun, end}
		return opened, err
	}
	s := started(t, Config{Models: []Source{source}, Limits: Limits{Pictures: 1, QueueWait: 50 * time.Millisecond}})
	both, answers := int(s.slots[0].turns.most), make(chan int)
	for range both {
		go func() { answers <- ask(s, "POST", "/v1/search", "image/png", picture(t, red)).Code }()
		<-begun
	}
	for _, path := range []string{"/v1/search", "/v1/embed"} {
		if w := ask(s, "POST", path, "image/png", picture(t, red)); w.Code != 429 {
			t.Errorf("%s beside %d searches: %d %s", path, both, w.Code, w.Body)
		}
	}
	close(end)
	for range both {
		if got := <-answers; got != 200 {
			t.Errorf("a search: %d", got)
		}
	}
}
