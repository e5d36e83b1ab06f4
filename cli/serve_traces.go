package cli

import (
	"context"
	"time"

	"github.com/tfpair/tfpair/runner/serve"
	"github.com/tfpair/tfpair/runner/serve/traces"
)

// collectors are the variables by which OpenTelemetry's programs find their collector.
var collectors = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// lastTraces is how long the last spans may take to reach the collector.
const lastTraces = 3 * time.Second

// trace has the service make spans, where a collector is named. end sends the last ones.
func (o serveOptions) trace(ctx context.Context, streams IO, config *serve.Config) (end func(), err error) {
	named := o.traces != ""
	for _, name := range collectors {
		named = named || streams.Getenv(name) != ""
	}
	if !named {
		return func() {}, nil
	}
	provider, err := traces.To(ctx, o.traces, programVersion(), config.Log)
	if err != nil {
		return nil, usage(err)
	}
	config.Traces = provider
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			config.Log.Warn("the last traces are lost", "error", err)
		}
	}, nil
}
