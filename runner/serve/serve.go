// Package serve answers over HTTP with trained models:
//
//	request → tokens → queue → body → decode, resize → pixels [N,S,S,3] uint8 → Model → embeddings [N,D] → JSON
//
// New makes a Service, which is an http.Handler for any program; a Server gives it an address, limits of
// time and connections, and an end that loses no request. What is in flight is bounded by one budget of
// memory, see Limits. The package opens no session: a Model is an interface, of which package modelstest
// has one for tests. It writes to no index and fetches no URL.
//
// # Concurrency
//
// A Service is safe for any number of goroutines. Whoever calls Open calls Close, once no request is
// answered any more; Server.Run does both.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
)

// Model makes embeddings. *models.Model is one.
type Model interface {
	// Info says what the model is, and how pictures become its pixels.
	Info() models.Info
	// EmbedPixels returns the embeddings [N,D], row-major, of pixels [N,S,S,3] uint8 RGB. It must not keep the pixels: their
	// memory is used again.
	EmbedPixels(ctx context.Context, pixels []uint8) ([]float32, error)
	// CompareEmbeddings compares the rows of left [N,D] with the same rows of right.
	CompareEmbeddings(ctx context.Context, left, right []float32) ([]models.Comparison, error)
	// Close frees the model. Nobody uses it then.
	Close() error
}

// Index is embeddings of a Model that can be searched. *models.Index is one.
type Index interface {
	// SearchEmbeddings returns the k nearest of each row of embeddings [N,D], nearest first.
	SearchEmbeddings(embeddings []float32, k int) ([][]models.Hit, error)
	// Threshold returns the distance up to which a hit is accepted; false: there is none.
	Threshold() (models.Threshold, bool)
	// About returns what the embeddings are.
	About() index.About
	// Len returns the number of images.
	Len() int
}

// Config says what a Service answers with.
type Config struct {
	Models []Source             // at least one; the first answers where a request names none
	Limits Limits               // of what is in flight
	Tokens *Tokens              // who may ask; nil: everybody
	Traces trace.TracerProvider // makes spans of requests and their parts: see package traces; nil: there are none
	Log    *slog.Logger         // a line for each request, and what happens to models; nil: nothing is logged
}

// Service is the http.Handler. New makes one.
type Service struct {
	limits   Limits
	tokens   *Tokens
	log      *slog.Logger
	slots    []*slot
	budget   *budget
	metrics  *metrics
	tracer   trace.Tracer
	mux      http.Handler
	opening  chan struct{} // holds one while a version of any model is opened in place of another
	started  atomic.Bool   // all models are open
	stopping atomic.Bool
	aborted  context.Context // done: requests that are not answered yet are told to go elsewhere
	abort    func()
	spare    sync.Pool   // of *[]uint8: memory of pictures that were resized
	rooms    sync.Pool   // of *[]byte: memory of bodies that were answered
	stuck    atomic.Bool // a run of a model took longer than its timeout: see models.ErrTimeout
}

// ModelName matches the names that a model may have in a Service.
var ModelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// New returns a Service that answers 503 until Open has opened its models.
func New(c Config) (*Service, error) {
	if len(c.Models) == 0 {
		return nil, errors.New("serve: no model is given")
	}
	limits := c.Limits.withDefaults()
	if err := limits.validate(); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	s := &Service{limits: limits, tokens: c.Tokens, log: c.Log, budget: newBudget(limits), opening: make(chan struct{}, 1)}
	s.aborted, s.abort = context.WithCancel(context.Background())
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, source := range c.Models {
		switch {
		case !ModelName.MatchString(source.Name):
			return nil, fmt.Errorf("serve: a model has the name %q, want letters, digits, dots, dashes and underscores, 64 at most", source.Name)
		case source.Open == nil:
			return nil, fmt.Errorf("serve: model %q has no Open", source.Name)
		case s.slot(source.Name) != nil:
			return nil, fmt.Errorf("serve: two models have the name %q", source.Name)
		}
		s.slots = append(s.slots, &slot{Source: source, turns: newTurns(limits)})
	}
	if c.Traces == nil {
		c.Traces = noop.NewTracerProvider()
	}
	s.tracer = c.Traces.Tracer(scope)
	s.metrics = newMetrics(s)
	for _, p := range s.slots {
		s.metrics.loads.WithLabelValues(p.Name, "error") // 0 is an answer, too: an alert sees the first one
	}
	s.mux = s.routes()
	return s, nil
}

// Open opens, checks and warms up all models, after which the Service is ready. Where one cannot be
// opened, none stays open.
func (s *Service) Open(ctx context.Context) error {
	for _, slot := range s.slots {
		if _, err := s.reload(ctx, slot); err != nil {
			return errors.Join(fmt.Errorf("model %q: %w", slot.Name, err), s.Close())
		}
	}
	s.started.Store(true)
	return nil
}

// Stop has GET /readyz answer 503, and each answer close its connection, while requests are answered as
// before: clients and load balancers go elsewhere.
func (s *Service) Stop() { s.stopping.Store(true) }

// Close closes the models.
func (s *Service) Close() error {
	s.abort()
	var errs []error
	for _, slot := range s.slots {
		errs = append(errs, slot.swap(nil))
	}
	return errors.Join(errs...)
}

// Limits returns the limits, defaults filled in.
func (s *Service) Limits() Limits { return s.limits }

// slot returns the place of the model with a name, of the first where it is "", or nil.
func (s *Service) slot(name string) *slot {
	for _, slot := range s.slots {
		if slot.Name == name || name == "" {
			return slot
		}
	}
	return nil
}

// ServeHTTP answers a request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// retryAfter is what clients that came too often are told to wait.
const retryAfter = time.Second
