// Package traces sends what a service does to a collector of OpenTelemetry:
//
//	spans of serve.Service → batches → OTLP over HTTP
//
// It is a package of its own, so that a program that mounts a serve.Service links the exporter only where it wants it.
package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// path is where a collector takes traces, below its address.
const path = "/v1/traces"

// To returns what makes spans and sends them to the collector at an address such as http://localhost:4318; "": to
// where the variables OTEL_EXPORTER_OTLP_… say. Those of the SDK say the rest, such as OTEL_SERVICE_NAME (tfpair
// otherwise), OTEL_EXPORTER_OTLP_HEADERS and OTEL_TRACES_SAMPLER. A collector that does not answer delays nothing: spans
// are dropped, and log says so. Shutdown sends what is left.
func To(ctx context.Context, address, version string, log *slog.Logger) (*trace.TracerProvider, error) {
	var options []otlptracehttp.Option
	if address != "" {
		at, err := url.Parse(address)
		if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
			return nil, fmt.Errorf("collector %q: want an address such as http://localhost:4318", address)
		}
		options = append(options, otlptracehttp.WithEndpointURL(at.JoinPath(path).String()))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	of, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "tfpair"), attribute.String("service.version", version)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces not sent", "error", err) }))
	return trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(of)), nil
}
