package serve

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what GET /metrics tells, in Prometheus' text format. All have base units: seconds, bytes.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec   // route, model, code
	duration   *prometheus.HistogramVec // route
	queue      prometheus.Histogram
	decode     prometheus.Histogram
	inference  *prometheus.HistogramVec // model
	pictures   prometheus.Histogram
	inflight   prometheus.Gauge
	rejected   *prometheus.CounterVec // reason
	loads      *prometheus.CounterVec // model, result
	ready      *prometheus.Desc
	modelInfo  *prometheus.Desc
	modelBad   *prometheus.Desc
	indexSize  *prometheus.Desc
	queueDepth *prometheus.Desc
	budget     *prometheus.Desc
	drift      *prometheus.Desc
	driftLimit *prometheus.Desc
	restarts   *prometheus.Desc
	service    *Service
}

// Buckets of times, in seconds: those of OpenTelemetry for requests, and finer ones for what is inside.
var (
	requestBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30}
	innerBuckets   = prometheus.ExponentialBuckets(1e-4, 2, 18) // 0.1 ms … 13 s
	sizeBuckets    = prometheus.ExponentialBuckets(1, 2, 6)     // 1 … 32 pictures
)

func newMetrics(s *Service) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tfpair", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "tfpair", Name: name, Help: help, Buckets: buckets}, labels)
	}
	plain := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "tfpair", Name: name, Help: help, Buckets: buckets})
	}
	m := &metrics{
		service:   s,
		registry:  prometheus.NewRegistry(),
		requests:  counter("requests_total", "Requests answered.", "route", "model", "code"),
		duration:  histogram("request_duration_seconds", "Time from the header of a request to its answer.", requestBuckets, "route"),
		queue:     plain("queue_duration_seconds", "Time that a request waited for its turn.", innerBuckets),
		decode:    plain("decode_duration_seconds", "Time in which the pictures of a request were decoded and resized.", innerBuckets),
		inference: histogram("inference_duration_seconds", "Time in which the pictures of a request were embedded.", innerBuckets, "model"),
		pictures:  plain("request_pictures", "Pictures of a request.", sizeBuckets),
		inflight:  prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "tfpair", Name: "inflight_requests", Help: "Requests that are being answered."}),
		rejected:  counter("rejected_total", "Requests that were answered 429, by what was full.", "reason"),
		loads:     counter("model_loads_total", "Versions of models that were opened, or could not be.", "model", "result"),
		ready:     prometheus.NewDesc("tfpair_ready", "1 where GET /readyz answers 200, 0 where it answers 503.", nil, nil),
		modelInfo: prometheus.NewDesc("tfpair_model_info", "1 for the version of a model that answers.",
			[]string{"model", "version", "sha256"}, nil),
		modelBad: prometheus.NewDesc("tfpair_model_bad_version", "1 for the newest version of a model where it could not be opened, until it can be, or another one is the newest.",
			[]string{"model", "version"}, nil),
		indexSize:  prometheus.NewDesc("tfpair_index_size", "Pictures that a model can be searched in.", []string{"model"}, nil),
		queueDepth: prometheus.NewDesc("tfpair_queue_depth", "Requests that wait for their turn.", nil, nil),
		budget:     prometheus.NewDesc("tfpair_budget_bytes", "Memory that requests hold, by what for.", []string{"part"}, nil),
		drift: prometheus.NewDesc("tfpair_drift", "How far the last 200 pictures are from those of validation, 0 to 1, by feature.",
			[]string{"model", "feature"}, nil),
		driftLimit: prometheus.NewDesc("tfpair_drift_limit", "Drift that pictures like those of validation hardly ever have.",
			[]string{"model", "feature"}, nil),
		restarts: prometheus.NewDesc("tfpair_model_restarts_total", "How often the process of a version was started again after a crash.",
			[]string{"model", "version"}, nil),
	}
	for _, reason := range []string{"queue", "memory", "wait"} {
		m.rejected.WithLabelValues(reason) // 0 is an answer, too
	}
	m.registry.MustRegister(m.all()...)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// all are the metrics of a service, without those of Go and of the process.
func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.duration, m.queue, m.decode, m.inference, m.pictures, m.inflight, m.rejected, m.loads, m}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.ready, m.modelInfo, m.modelBad, m.indexSize, m.queueDepth, m.budget, m.drift, m.driftLimit, m.restarts} {
		to <- d
	}
}

// Collect implements prometheus.Collector: it tells what is so at this moment.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	isReady := 1.0
	if m.service.ready() != nil {
		isReady = 0
	}
	gauge(m.ready, isReady)
	var waiting int64
	for _, p := range m.service.slots {
		waiting += p.turns.waiting.Load()
	}
	gauge(m.queueDepth, float64(waiting))
	gauge(m.budget, float64(m.service.budget.held.Load()), "requests")
	gauge(m.budget, float64(m.service.budget.decoded.Load()), "decoding")
	for _, p := range m.service.slots {
		if bad := p.badVersion(); bad != "" {
			gauge(m.modelBad, 1, p.Name, bad)
		}
		l, done := p.use()
		if l == nil {
			continue
		}
		gauge(m.modelInfo, 1, p.Name, fmt.Sprint(l.info.Version), l.info.Manifest.WeightsSHA256)
		if l.Index != nil {
			gauge(m.indexSize, float64(l.Index.Len()), p.Name)
		}
		if i, ok := l.Model.(isolated); ok {
			to <- prometheus.MustNewConstMetric(m.restarts, prometheus.CounterValue, float64(i.Restarts()), p.Name, fmt.Sprint(l.info.Version))
		}
		for _, d := range l.drift.Drifts() {
			gauge(m.drift, d.Distance, p.Name, d.Feature)
			gauge(m.driftLimit, d.Limit, p.Name, d.Feature)
		}
		done()
	}
}

// answer answers GET /metrics.
func (m *metrics) answer(*call) (any, error) {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}), nil
}
