package serve

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/modelstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// picture returns a PNG of one colour. Its embedding is the colour four times, each channel over 255.
func picture(t testing.TB, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	for i := range 40 * 30 {
		img.Set(i%40, i/40, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var (
	red  = color.NRGBA{255, 0, 0, 255}
	blue = color.NRGBA{0, 0, 255, 255}
)

// fake is a source of a model that is opened already, with an index of a red and a blue picture.
func fake(t testing.TB, name string, model *modelstest.Model) Source {
	t.Helper()
	rows := make([]float32, 2*modelstest.Dim)
	for i := 0; i < modelstest.Dim; i += 3 {
		rows[i], rows[modelstest.Dim+i+2] = 1, 1
	}
	x, err := modelstest.NewIndex([]string{"red.png", "blue.png"}, rows)
	if err != nil {
		t.Fatal(err)
	}
	return Source{Name: name, Open: func() (Opened, error) { return Opened{model, x}, nil }}
}

// started returns a service of sources that is open, and closes it at the end of the test.
func started(t testing.TB, c Config) *Service {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask returns the answer to a request.
func ask(h http.Handler, method, path, contentType string, body []byte, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// form returns a multipart body with files, by name and content, and its type.
func form(t testing.TB, files ...any) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		p, err := w.CreateFormFile(files[i].(string), "a.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(files[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func jsonOf(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEmbed: the same picture has the same embedding, however it is sent, and it is the right one.
func TestEmbed(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{Version: 3})}})
	file := picture(t, red)
	two, twoType := form(t, "a", file, "b", picture(t, blue))
	for _, c := range []struct {
		name, contentType string
		body              []byte
		rows              int
	}{
		{"raw", "image/png", file, 1},
		{"as a form that is none", "application/x-www-form-urlencoded", file, 1},
		{"a form", twoType, two, 2},
		{"JSON", "application/json", jsonOf(t, map[string]any{"image": base64Of(file)}), 1},
		{"data URIs", "application/json; charset=utf-8", jsonOf(t, map[string]any{"model": "photos",
			"images": []string{"data:image/png;base64," + base64Of(file), base64Of(picture(t, blue))}}), 2},
	} {
		w := ask(s, "POST", "/v1/embed", c.contentType, c.body)
		var got embedded
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			continue
		}
		if got.Model != "photos" || got.Version != 3 || got.Space == "" || got.Dim != modelstest.Dim || len(got.Embeddings) != c.rows {
			t.Errorf("%s: %s", c.name, w.Body)
			continue
		}
		for row, want := range [][3]float32{{1, 0, 0}, {0, 0, 1}}[:c.rows] {
			for i, x := range got.Embeddings[row] {
				if math.Abs(float64(x-want[i%3])) > 1e-6 {
					t.Errorf("%s: row %d is %v, want %v again and again", c.name, row, got.Embeddings[row], want)
					break
				}
			}
		}
	}
}

func TestCompare(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	ask2 := func(left, right []byte) (a comparison) {
		body, kind := form(t, "right", right, "left", left)
		w := ask(s, "POST", "/v1/compare", kind, body)
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		b := ask(s, "POST", "/v1/compare", "application/json", jsonOf(t, map[string]string{"left": base64Of(left), "right": base64Of(right)}))
		if !bytes.Equal(b.Body.Bytes(), w.Body.Bytes()) {
			t.Errorf("as JSON %s, as a form %s", b.Body, w.Body)
		}
		return a
	}
	if a := ask2(picture(t, red), picture(t, red)); !*a.Same || a.Distance > 1e-3 || // the root of what package distance adds, 1e-7
		a.Threshold.Value != modelstest.Threshold {
		t.Errorf("the same: %+v", a)
	}
	// Red and blue differ by 1 in 8 of 12 numbers.
	if a := ask2(picture(t, red), picture(t, blue)); *a.Same || math.Abs(float64(a.Distance)-math.Sqrt(8)) > 1e-5 {
		t.Errorf("different: %+v, want distance √8", a)
	}
}

func TestSearch(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	for query, accepted := range map[string]int{"": 1, "?k=1": 1, "?threshold=9": 2, "?k=2&threshold=-1": 0} {
		w := ask(s, "POST", "/v1/search"+query, "image/png", picture(t, blue))
		var got found
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || len(got.Results) != 1 {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
			continue
		}
		n := 0
		for _, hit := range got.Results[0] {
			if hit.Accepted {
				n++
			}
		}
		if got.Results[0][0].ID != "blue.png" || got.Images != 2 || n != accepted {
			t.Errorf("%s: %s, want blue.png first and %d accepted", query, w.Body, accepted)
		}
	}
}

// TestRefusals: what is wrong with a request is said with the status that means it.
func TestRefusals(t *testing.T) {
	alone := Source{Name: "alone", Open: func() (Opened, error) { return Opened{Model: &modelstest.Model{}}, nil }}
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{}), alone}, Limits: Limits{Body: 1 << 20, Pictures: 2, Memory: 8 << 20, Side: 500}})
	file := picture(t, red)
	large := png8(t, 600, 10)  // beyond the side
	heavy := png8(t, 500, 499) // 1 byte a pixel and 4 for the result: fits
	three, kind := form(t, "a", file, "b", file, "c", file)
	for _, c := range []struct {
		name, method, path, contentType string
		body                            []byte
		status                          int
		says                            string
	}{
		{"nothing", "POST", "/v1/embed", "image/png", nil, 415, "empty"},
		{"no picture", "POST", "/v1/embed", "image/png", []byte("hello"), 415, "not a"},
		{"half a picture", "POST", "/v1/embed", "image/png", file[:len(file)/2], 422, "truncated PNG"},
		{"too many bytes", "POST", "/v1/embed", "image/png", make([]byte, 1<<20+1), 413, "more than 1048576 bytes"},
		{"too many pixels", "POST", "/v1/embed", "image/png", large, 413, "limit 500 a side"},
		{"many pixels", "POST", "/v1/embed", "image/png", heavy, 200, "embeddings"},
		{"too many pictures", "POST", "/v1/embed", kind, three, 413, "more than 2 parts"},
		{"no form", "POST", "/v1/embed", "multipart/form-data; boundary=x", []byte("--x--"), 400, "no picture"},
		{"a broken form", "POST", "/v1/embed", "multipart/form-data; boundary=x", []byte("--x\r\n:"), 400, "no multipart"},
		{"no boundary", "POST", "/v1/embed", "multipart/form-data", []byte("--x--"), 400, "boundary"},
		{"no query", "POST", "/v1/embed?model=photos;x=1", "image/png", file, 400, "the query"},
		{"no JSON", "POST", "/v1/embed", "application/json", []byte("{"), 400, "JSON"},
		{"more JSON", "POST", "/v1/embed", "application/json", []byte("{}{}"), 400, "after top-level value"},
		{"a wrong field", "POST", "/v1/embed", "application/json", []byte(`{"picture":"x"}`), 400, "unknown object member name at /picture"},
		{"a wrong type", "POST", "/v1/embed", "application/json", []byte(`{"images":["",1]}`), 400, "another type is wanted than number at /images/1"},
		{"no list", "POST", "/v1/embed", "application/json", []byte(`{"images":""}`), 400, "another type is wanted than string at /images"},
		{"no base64", "POST", "/v1/embed", "application/json", []byte(`{"image":"%"}`), 400, "base64"},
		{"a URL", "POST", "/v1/embed", "application/json", []byte(`{"image":"http://169.254.169.254/a.jpg"}`), 400, "URL"},
		{"no model", "POST", "/v1/embed?model=none", "image/png", file, 404, "none"},
		{"no index", "POST", "/v1/search?model=alone", "image/png", file, 404, "nothing to search"},
		{"k", "POST", "/v1/search?k=0", "image/png", file, 400, "k must be"},
		{"threshold", "POST", "/v1/search?threshold=NaN", "image/png", file, 400, "threshold must be"},
		{"one of two", "POST", "/v1/compare", "application/json", []byte(`{"left":"aa"}`), 400, "left and right"},
		{"a pair raw", "POST", "/v1/compare", "image/png", file, 415, "left and right"},
		{"method", "GET", "/v1/embed", "", nil, 405, "POST"},
		{"path", "GET", "/v2/nothing", "", nil, 404, "nothing here"},
	} {
		w := ask(s, c.method, c.path, c.contentType, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s; want %d, %q", c.name, w.Code, w.Body, c.status, c.says)
		}
		var e nativeError
		if c.status >= 400 && (json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Error.Code == "" || e.Error.RequestID != w.Header().Get("X-Request-Id")) {
			t.Errorf("%s: the error is %s", c.name, w.Body)
		}
	}
	if w := ask(s, "POST", "/v1/embed", "image/png", file, "Content-Encoding", "gzip"); w.Code != 415 {
		t.Errorf("gzip: %d %s", w.Code, w.Body)
	}
	if left := s.budget.held.Load(); left != 0 || len(s.budget.requests) != 0 {
		t.Errorf("%d bytes are held after all, by %d requests", left, len(s.budget.requests))
	}
}

// TestRefusalsOfCurl: who sends a file by curl in a way that breaks it is told the way that does not. Others are not.
func TestRefusalsOfCurl(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	file := picture(t, red)
	words, kind := form(t, "a", []byte("photo.jpg"))
	for _, c := range []struct {
		agent, contentType string
		body               []byte
		want               string
	}{
		{"curl/8.5.0", "application/x-www-form-urlencoded", file[:len(file)/2], "with --data-binary @FILE, and not with -d"},
		{"curl/8.5.0", kind, words, "; curl sends a file in a form with -F NAME=@FILE"},
		{"Mozilla/5.0", kind, words, ""},
		{"curl/8.5.0", "image/png", []byte("hello"), ""},
	} {
		w := ask(s, "POST", "/v1/embed", c.contentType, c.body, "User-Agent", c.agent)
		if w.Code < 400 || !strings.Contains(w.Body.String(), c.want) || c.want == "" && strings.Contains(w.Body.String(), "curl") {
			t.Errorf("%s, %s: %d %s, want it to end in %q", c.agent, c.contentType, w.Code, w.Body, c.want)
		}
	}
}

// png8 returns a grey PNG.
func png8(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// until waits for a condition.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for range 500 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not reached: %s", what)
}

// TestBusy: more requests, bytes or pictures than there is room for get 429, and the others their answer.
func TestBusy(t *testing.T) {
	both := max(2, runtime.GOMAXPROCS(0)) // pictures that have their turn, one a request
	free := make(chan struct{})
	release := sync.OnceFunc(func() { close(free) })
	defer release()
	model := &modelstest.Model{}
	s := started(t, Config{Models: []Source{fake(t, "photos", model)}, Limits: Limits{Body: 1 << 20, Memory: 4 << 20, Pictures: 1, Queue: both + 1,
		QueueWait: 50 * time.Millisecond}})
	var running atomic.Int32
	model.Before = func(ctx context.Context, _ int) error { running.Add(1); <-free; return ctx.Err() }
	file, answers := picture(t, red), make(chan int, both)
	for range both {
		go func() { answers <- ask(s, "POST", "/v1/embed", "image/png", file).Code }()
	}
	until(t, "all run", func() bool { return int(running.Load()) == both })
	if w := ask(s, "POST", "/v1/embed", "image/png", file); w.Code != 429 || !strings.Contains(w.Body.String(), "no turn") || w.Header().Get("Retry-After") != "1" {
		t.Errorf("one picture more: %d %v %s", w.Code, w.Header(), w.Body)
	}
	// Bodies whose ends do not come, up to the half of the memory.
	pipe, send := io.Pipe()
	slow := httptest.NewRequest("POST", "/v1/embed", pipe)
	go func() {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, slow)
		answers <- w.Code
	}()
	if _, err := send.Write(make([]byte, 1<<20-1)); err != nil {
		t.Fatal(err)
	}
	until(t, "a body is held", func() bool { return s.budget.held.Load() >= 1<<20 })
	if w := ask(s, "POST", "/v1/embed", "image/png", make([]byte, 1<<20)); w.Code != 429 || !strings.Contains(w.Body.String(), "hold all") {
		t.Errorf("a second large body: %d %s", w.Code, w.Body)
	}
	if got := len(s.budget.requests); got != both {
		t.Errorf("%d requests have a place beside one that has not come yet, want %d", got, both)
	}
	last := hold{of: s.budget}
	if err := last.enter(); err != nil {
		t.Fatal(err)
	}
	if w := ask(s, "GET", "/v1/models", "", nil); w.Code != 429 || !strings.Contains(w.Body.String(), "requests are answered already") {
		t.Errorf("one request more: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "POST", "/v1/embed", "image/png", file); w.Code != 429 || !strings.Contains(w.Body.String(), "requests are answered already") {
		t.Errorf("one picture more than there is place for: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/livez", "/metrics"} { // whoever looks why it is busy has no place either
		if w := ask(s, "GET", path, "", nil); w.Code != 200 {
			t.Errorf("%s of a busy service: %d %s", path, w.Code, w.Body)
		}
	}
	release()
	last.leave()
	_ = send.CloseWithError(io.ErrUnexpectedEOF)
	codes := map[int]int{}
	for range both + 1 {
		codes[<-answers]++
	}
	if codes[200] != both || codes[statusGone] != 1 {
		t.Errorf("answers by status %v, want %d of 200 and 1 of %d", codes, both, statusGone)
	}
	if s.budget.held.Load() != 0 || s.budget.decoded.Load() != 0 {
		t.Errorf("%d and %d bytes are held after all", s.budget.held.Load(), s.budget.decoded.Load())
	}
	if text := ask(s, "GET", "/metrics", "", nil).Body.String(); !strings.Contains(text, `tfpair_rejected_total{reason="memory"} 1`) ||
		!strings.Contains(text, `tfpair_rejected_total{reason="queue"} 2`) || !strings.Contains(text, `tfpair_rejected_total{reason="wait"} 1`) {
		t.Errorf("metrics:\n%s", text)
	}
}

// TestSlowClients: requests whose bodies do not end keep nobody out. One that ends is answered, or refused if there is no place by then.
func TestSlowClients(t *testing.T) {
	free, running := make(chan struct{}), make(chan struct{}, 1)
	model := &modelstest.Model{}
	s := started(t, Config{Models: []Source{fake(t, "photos", model)}, Limits: Limits{Queue: 1}})
	const slow = 5
	file, kind := form(t, "image", picture(t, red))
	var ends []func()
	answers := make(chan int, slow+1)
	for range slow {
		pipe, send := io.Pipe()
		r := httptest.NewRequest("POST", "/v1/embed", pipe)
		r.Header.Set("Content-Type", kind)
		go func() {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			answers <- w.Code
		}()
		if _, err := send.Write(file[:len(file)-1]); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, func() { _, _ = send.Write(file[len(file)-1:]); _ = send.Close() }) // it may have been answered
	}
	if w := ask(s, "POST", "/v1/embed", kind, file); w.Code != 200 {
		t.Errorf("beside slow clients: %d %s", w.Code, w.Body)
	}
	ends[0]()
	if got := <-answers; got != 200 {
		t.Errorf("the first that ends: %d", got)
	}
	model.Before = func(context.Context, int) error {
		select {
		case running <- struct{}{}:
		default: // nobody waits for the others
		}
		<-free
		return nil
	}
	ends[1]()
	<-running
	ends[2]()
	if got := <-answers; got != 429 {
		t.Errorf("one that ends when there is no place: %d", got)
	}
	close(free)
	for _, end := range ends[3:] {
		end()
	}
	for range slow - 2 {
		if got := <-answers; got != 200 && got != 429 {
			t.Errorf("the others: %d", got)
		}
	}
	if s.budget.held.Load() != 0 || len(s.budget.requests) != 0 {
		t.Errorf("%d bytes and %d places are held after all", s.budget.held.Load(), len(s.budget.requests))
	}
}

// TestEnds: errors of the model, of time and of clients each have their status.
func TestEnds(t *testing.T) {
	model := &modelstest.Model{}
	s := started(t, Config{Models: []Source{fake(t, "photos", model)}, Limits: Limits{QueueWait: time.Millisecond, Deadline: 50 * time.Millisecond}})
	for _, c := range []struct {
		name   string
		before func(ctx context.Context, n int) error
		status int
	}{
		{"slow", func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }, 504},
		{"an error", func(context.Context, int) error { return errors.New("secret path") }, 500},
		{"a panic", func(context.Context, int) error { panic("secret path") }, 500},
		{"closed", func(context.Context, int) error { return models.ErrClosed }, 503},
		{"as before", nil, 200},
	} {
		model.Before = c.before
		w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red))
		if w.Code != c.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	model.Before = func(ctx context.Context, _ int) error { cancel(); <-ctx.Done(); return ctx.Err() }
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("POST", "/v1/embed", bytes.NewReader(picture(t, red))).WithContext(ctx))
	if w.Code != statusGone {
		t.Errorf("the client has gone: %d, want %d", w.Code, statusGone)
	}
	if w := ask(s, "GET", "/livez", "", nil); w.Code != 200 {
		t.Errorf("livez: %d %s", w.Code, w.Body)
	}
	model.Before = func(context.Context, int) error { return models.ErrTimeout }
	if w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red)); w.Code != 503 {
		t.Errorf("after its timeout: %d %s, want 503", w.Code, w.Body)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if w := ask(s, "GET", path, "", nil); w.Code != 503 {
			t.Errorf("%s of a model that is stuck: %d %s, want 503", path, w.Code, w.Body)
		}
	}
}

func TestHealth(t *testing.T) {
	s, err := New(Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	if err != nil {
		t.Fatal(err)
	}
	status := func(want ...int) {
		t.Helper()
		for i, path := range []string{"/livez", "/startupz", "/readyz"} {
			if w := ask(s, "GET", path, "", nil); w.Code != want[i] {
				t.Errorf("%s = %d %s, want %d", path, w.Code, w.Body, want[i])
			}
		}
		ready := fmt.Sprintf("\ntfpair_ready %d\n", map[int]int{200: 1, 503: 0}[want[2]])
		if text := ask(s, "GET", "/metrics", "", nil).Body.String(); !strings.Contains(text, ready) {
			t.Errorf("metrics lack %q where /readyz answers %d", ready, want[2])
		}
	}
	status(200, 503, 503)
	if w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red)); w.Code != 503 {
		t.Errorf("embed before Open: %d %s, want 503", w.Code, w.Body)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	status(200, 200, 200)
	s.Stop()
	status(200, 200, 503)
	if w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red)); w.Code != 200 || w.Header().Get("Connection") != "close" {
		t.Errorf("embed after Stop: %d %v, want 200 and a connection that closes", w.Code, w.Header())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestConfig(t *testing.T) {
	ok := fake(t, "a", &modelstest.Model{})
	for _, c := range []struct {
		c    Config
		says string
	}{
		{Config{}, "no model"},
		{Config{Models: []Source{{Name: "../a", Open: ok.Open}}}, `"../a"`},
		{Config{Models: []Source{ok, ok}}, "two models"},
		{Config{Models: []Source{{Name: "a"}}}, "no Open"},
		{Config{Models: []Source{ok}, Limits: Limits{Body: -1}}, "body is -1"},
		{Config{Models: []Source{ok}, Limits: Limits{Memory: 1 << 20}}, "want 64 or more"},
		{Config{Models: []Source{ok}, Limits: Limits{QueueWait: time.Hour}}, "less than the deadline"},
	} {
		if _, err := New(c.c); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("New(%+v) = %v, want %q", c.c, err, c.says)
		}
	}
}

// TestLog: a request has one line, with the id that it was given and that its answer has.
func TestLog(t *testing.T) {
	var b bytes.Buffer
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}, Log: slog.New(slog.NewJSONHandler(&b, nil))})
	b.Reset()
	w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red), "X-Request-Id", "abc-1")
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil || line["request_id"] != "abc-1" || line["status"] != 200.0 || line["model"] != "photos" ||
		line["pictures"] != 1.0 || w.Header().Get("X-Request-Id") != "abc-1" {
		t.Errorf("log: %v, %s", err, &b)
	}
	ids := map[string]bool{}
	for _, given := range []string{"", "", "two\nlines", strings.Repeat("x", 1000)} {
		id := ask(s, "GET", "/v1/models", "", nil, "X-Request-Id", given).Header().Get("X-Request-Id")
		if id == "" || id == given || ids[id] {
			t.Errorf("id %q of a request that gave %q", id, given)
		}
		ids[id] = true
	}
}

// FuzzRequests: whatever a stranger sends, the answer is no error of the service, and nothing stays held.
func FuzzRequests(f *testing.F) {
	s := started(f, Config{Models: []Source{fake(f, "photos", &modelstest.Model{})}, Limits: Limits{Body: 64 << 10, Memory: 1 << 20}})
	paths := []string{"/v1/embed", "/v1/compare", "/v1/search", "/v1/models", "/v1/embeddings", "/v1/models/photos:predict", "/v2/models/photos/infer"}
	body, kind := form(f, "left", picture(f, red), "right", picture(f, blue))
	f.Add(uint8(0), "image/png", picture(f, red), "")
	f.Add(uint8(1), kind, body, "model=photos")
	f.Add(uint8(2), "application/json", []byte(`{"images":["data:image/png;base64,aGVsbG8="]}`), "k=3&threshold=1")
	f.Add(uint8(4), "application/json", []byte(`{"input":["aGVsbG8="],"encoding_format":"base64"}`), "")
	f.Add(uint8(5), "application/json", []byte(`{"instances":[`+redPixels()+`,{"b64":"aGVsbG8="}]}`), "")
	f.Add(uint8(6), "application/json", []byte(`{"inputs":[{"name":"images","shape":[1,8,8,3],"datatype":"UINT8","data":[`+redPixels()+`]}]}`), "")
	f.Fuzz(func(t *testing.T, path uint8, contentType string, body []byte, query string) {
		r := httptest.NewRequest("POST", paths[int(path)%len(paths)], bytes.NewReader(body))
		r.URL.RawQuery = query
		r.Header["Content-Type"] = []string{contentType}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s of %q, %q: %d %s", r.URL, contentType, body, w.Code, w.Body)
		}
		if held := s.budget.held.Load() + s.budget.decoded.Load(); held != 0 {
			t.Errorf("%d bytes stay held", held)
		}
	})
}

// TestNoCore: a request that gets no core to decode on within the wait is answered 429, and later ones are answered.
func TestNoCore(t *testing.T) {
	s := started(t, Config{Limits: Limits{QueueWait: 10 * time.Millisecond}, Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	all := int64(runtime.GOMAXPROCS(0))
	if err := s.budget.cores.Acquire(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "no core") {
		t.Errorf("without a core: %d %s", w.Code, w.Body)
	}
	s.budget.cores.Release(all)
	if w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red)); w.Code != http.StatusOK {
		t.Errorf("with cores: %d %s", w.Code, w.Body)
	}
}
