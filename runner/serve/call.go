package serve

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// call is a request that is being answered.
type call struct {
	service  *Service
	request  *http.Request
	header   http.Header // of the answer
	ctx      context.Context
	id       string // of the request
	hold     *hold
	done     []func() // called when the answer is made
	loaded   *loaded  // nil: no model was asked
	pictures int
	patience context.Context // done: the request has waited for its turn and for a core for as long as it may
	begun    atomic.Bool     // a picture of it was given a core
	timing   []string        // entries of the header Server-Timing
	searches bool            // it has its turn until its search is done
}

// took tells the client how long a part of its request has taken: a word, and milliseconds.
func (c *call) took(part string, since time.Time) time.Duration {
	c.spanned(part, since)
	d := time.Since(since)
	c.timing = append(c.timing, fmt.Sprintf("%s;dur=%.3f", part, 1e3*d.Seconds()))
	return d
}

// text is an answer that is not JSON, or is JSON already.
type text struct {
	contentType string
	data        []byte
}

// handler returns what answers the requests of a route.
func (s *Service) handler(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		s.metrics.inflight.Inc()
		defer s.metrics.inflight.Dec()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.aborted, cancel)()
		ctx, span := s.begin(ctx, r, rt)
		c := &call{service: s, request: r, header: w.Header(), ctx: ctx, id: requestID(r)}
		c.header.Set("X-Request-Id", c.id)
		if s.stopping.Load() {
			c.header.Set("Connection", "close") // an idle one would be closed under the next request
		}
		body := r.Body
		answer, err := c.answer(w, rt)
		if err == nil {
			answer, err = encoded(answer)
		}
		if c.hold != nil {
			c.hold.made(sizeOf(answer, err))
			defer c.hold.sent()
		}
		status, failure := http.StatusOK, (*failure)(nil)
		if err != nil {
			failure = failureOf(err)
			failure.sentBy(r)
			if failure.status == statusGone && s.aborted.Err() != nil {
				failure = unready("the service is shutting down")
			}
			status = failure.status
			answer, _ = encoded(rt.style.body(failure, c.id)) // words and a number
			c.drain(body)
		}
		c.count(rt, status, failure, time.Since(began)) // who has the answer finds it counted
		slow(r, true)
		c.write(w, status, failure, answer)
		slow(r, false)
		c.report(rt, status, failure, time.Since(began)) // and does not wait for the log
		c.ended(span, status, failure)
	})
}

// requestIDs are those that are taken from a client: they go into log lines and headers.
var requestIDs = regexp.MustCompile(`^[A-Za-z0-9._:/=+-]{1,128}$`)

// requestID returns the id that the client, or what stands before the service, has given, or a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); requestIDs.MatchString(id) {
		return id
	}
	return rand.Text()
}

// answer makes the answer. A panic becomes an error, whose stack is logged.
func (c *call) answer(w http.ResponseWriter, rt route) (answer any, err error) {
	defer func() {
		if r := recover(); r != nil {
			c.service.log.Error("panic", "request_id", c.id, "panic", r, "stack", string(debug.Stack()))
			answer, err = nil, failed(http.StatusInternalServerError, "internal", "an error inside the service; its log says more under the request id")
		}
		for _, done := range c.done {
			done()
		}
	}()
	if rt.probe && !rt.guarded {
		return rt.answer(c)
	}
	if err := c.service.tokens.check(c.request); err != nil {
		if may := rt.changes || rt.shows && c.writes(); !may {
			c.header.Set("WWW-Authenticate", "Bearer")
			return nil, err
		}
	}
	if rt.probe { // one that is guarded
		return rt.answer(c)
	}
	c.hold = &hold{of: c.service.budget}
	c.done = append(c.done, c.hold.leave)
	if err := c.come(); err != nil {
		return nil, err
	}
	if _, err := url.ParseQuery(c.request.URL.RawQuery); err != nil { // else what cannot be read would be as if it were not there
		return nil, malformed("the query of the URL cannot be read: %v", err)
	}
	limit := c.service.limits.Body
	if c.request.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	if coding := c.request.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, failed(http.StatusUnsupportedMediaType, "encoded", "Content-Encoding %q is not read: send the body as it is", coding)
	}
	c.request.Body = http.MaxBytesReader(w, c.request.Body, limit)
	return rt.answer(c)
}

// come gives a request its place, but one that is followed by a body only when that has come: see body and form. Where there is no place it is
// refused before it is sent.
func (c *call) come() error {
	if c.request.Body == nil || c.request.Body == http.NoBody || c.request.Method != http.MethodPost && c.request.Method != http.MethodPut {
		return c.hold.enter()
	}
	slow(c.request, true)
	return c.service.budget.full()
}

// arrived gives a request whose body has come its place.
func (c *call) arrived() error {
	slow(c.request, false)
	return c.hold.enter()
}

// drain reads what the client still sends of a request that is refused: one that sends sees no answer.
// A client that asks before it sends gets the answer at once.
func (c *call) drain(body io.Reader) {
	if c.request.Header.Get("Expect") == "" {
		slow(c.request, true)
		_, _ = io.CopyN(io.Discard, body, c.service.limits.Body) // it may have gone
	}
}

// model returns the model with a name, "" for the first, which answers until the call is done.
func (c *call) model(name string) (*loaded, error) {
	p := c.service.slot(name)
	if p == nil {
		return nil, failed(http.StatusNotFound, "no_model", "there is no model %q; GET /v1/models lists them", name)
	}
	l, done := p.use()
	if l == nil {
		return nil, unready("model %q is not open yet", p.Name)
	}
	c.done = append(c.done, done)
	c.loaded = l
	return l, nil
}

// encoded returns an answer as JSON, unless it is text, or an http.Handler that makes it itself. The error is that of
// an embedding which is not finite.
func encoded(answer any) (any, error) {
	switch answer.(type) {
	case text, http.Handler:
		return answer, nil
	}
	data, err := json.Marshal(answer)
	return text{"application/json", data}, err
}

// sizeOf returns how many bytes an answer of encoded has; that of an error is short.
func sizeOf(answer any, err error) int {
	if t, ok := answer.(text); ok && err == nil {
		return len(t.data)
	}
	return 0
}

// write sends the answer that encoded has returned.
func (c *call) write(w http.ResponseWriter, status int, f *failure, answer any) {
	if h, ok := answer.(http.Handler); ok {
		h.ServeHTTP(w, c.request)
		return
	}
	t := answer.(text)
	if f != nil && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		c.header.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	if len(c.timing) > 0 {
		c.header.Set("Server-Timing", strings.Join(c.timing, ", "))
	}
	c.header.Set("Content-Type", t.contentType)
	c.header.Set("X-Content-Type-Options", "nosniff")
	c.header.Set("Content-Length", strconv.Itoa(len(t.data)))
	w.WriteHeader(status)
	_, _ = w.Write(t.data)                    // the client may have gone
	_ = http.NewResponseController(w).Flush() // else it is sent when all is done; a writer of another program may not have it
}

// count counts a request that is answered.
func (c *call) count(rt route, status int, f *failure, took time.Duration) {
	m, model := c.service.metrics, ""
	if c.loaded != nil {
		model = c.loaded.name
	}
	m.requests.WithLabelValues(rt.path, model, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(rt.path).Observe(took.Seconds())
	if c.pictures > 0 {
		m.pictures.Observe(float64(c.pictures))
	}
	if f != nil && f.reason != "" {
		m.rejected.WithLabelValues(f.reason).Inc()
	}
}

// report logs an answered request.
func (c *call) report(rt route, status int, f *failure, took time.Duration) {
	attributes := []slog.Attr{slog.String("request_id", c.id), slog.String("method", c.request.Method), slog.String("route", rt.path),
		slog.Int("status", status), slog.Float64("seconds", took.Seconds()), slog.Int("pictures", c.pictures), slog.String("client", c.request.RemoteAddr)}
	if c.loaded != nil {
		attributes = append(attributes, c.loaded.attributes()...)
	}
	if span := trace.SpanContextFromContext(c.ctx); span.IsSampled() {
		attributes = append(attributes, slog.String("trace_id", span.TraceID().String()))
	}
	level := slog.LevelInfo
	if rt.probe && (!rt.guarded || f == nil) { // a refused scrape is said
		level = slog.LevelDebug
	}
	if f != nil {
		attributes = append(attributes, slog.String("code", f.code), slog.String("message", f.message))
		if f.err != nil {
			level = slog.LevelError
			attributes = append(attributes, slog.String("error", f.err.Error()))
		}
	}
	c.service.log.LogAttrs(c.ctx, level, "request", attributes...)
}
