package serve

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope names what makes the spans.
const scope = "github.com/tfpair/tfpair/runner/serve"

// begin starts the span of a request, which goes on with the trace of the client, if it has one.
func (s *Service) begin(ctx context.Context, r *http.Request, rt route) (context.Context, trace.Span) {
	if rt.probe { // every second, and the same each time
		return ctx, trace.SpanFromContext(context.Background())
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	return s.tracer.Start(ctx, r.Method+" "+rt.path, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", rt.path)))
}

// ended ends the span of a request with its answer.
func (c *call) ended(span trace.Span, status int, f *failure) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.Int("http.response.status_code", status), attribute.String("tfpair.request_id", c.id),
		attribute.Int("tfpair.pictures", c.pictures))
	if c.loaded != nil {
		span.SetAttributes(attribute.String("tfpair.model", c.loaded.name), attribute.Int("tfpair.version", c.loaded.info.Version))
	}
	if f != nil && status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, f.message)
	}
	span.End()
}

// spanned is the span of a part of a request that has just ended.
func (c *call) spanned(part string, since time.Time) {
	_, span := c.service.tracer.Start(c.ctx, part, trace.WithTimestamp(since))
	span.End()
}
