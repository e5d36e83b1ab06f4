package serve

import (
	"net/http"
	"slices"
	"strings"
)

// route is what a Service answers under one path.
type route struct {
	method, path string
	style        style
	probe        bool // it needs no token and no place in the queue
	answer       func(*call) (any, error)
}

// style is how a route says what is wrong.
type style int

const (
	native style = iota // {"error":{"code","message","request_id"}}
	openAI              // {"error":{"message","type","param","code"}}
	plain               // {"error":"…"}
)

// body returns the body of an answer that says what is wrong.
func (y style) body(f *failure, id string) any {
	switch y {
	case openAI:
		return openAIErrorOf(f)
	case plain:
		return tfsError{f.message}
	}
	return nativeError{nativeFailure{f.code, f.message, id}}
}

// nativeError is the body of an error of a native route.
type nativeError struct {
	Error nativeFailure `json:"error"`
}

type nativeFailure struct {
	Code      string `json:"code" doc:"a word for programs, such as busy or too_large"`
	Message   string `json:"message" doc:"what is wrong, for people"`
	RequestID string `json:"request_id" doc:"under which the log of the service tells more"`
}

// table lists all routes. A new one is a new row.
func (s *Service) table() []route {
	list := []route{
		{method: "POST", path: "/v1/embed", answer: embedPictures},
		{method: "POST", path: "/v1/compare", answer: comparePictures},
		{method: "POST", path: "/v1/search", answer: searchPictures},
		{method: "GET", path: "/v1/models", answer: listModels},
		{method: "GET", path: "/{$}", probe: true, answer: showPage},
		{method: "GET", path: "/metrics", answer: s.metrics.answer},
		{method: "GET", path: "/livez", probe: true, answer: alive},
		{method: "GET", path: "/readyz", probe: true, answer: ready},
		{method: "GET", path: "/startupz", probe: true, answer: startedUp},
		{method: "POST", path: "/v1/embeddings", style: openAI, answer: openAIEmbed},
		{method: "GET", path: "/v2", style: plain, answer: oipServer},
		{method: "GET", path: "/v2/health/live", style: plain, probe: true, answer: oipLive},
		{method: "GET", path: "/v2/health/ready", style: plain, probe: true, answer: oipReady},
	}
	for _, version := range []string{"", "/versions/{version}"} {
		tfs, oip := "/v1/models/{model}"+version, "/v2/models/{model}"+version
		list = append(list,
			route{method: "POST", path: tfs, style: plain, answer: tfsPredict}, // :predict is the end of the last word
			route{method: "GET", path: tfs, style: plain, answer: tfsState},
			route{method: "GET", path: tfs + "/metadata", style: plain, answer: tfsMetadata},
			route{method: "GET", path: oip, style: plain, answer: oipModel},
			route{method: "GET", path: oip + "/ready", style: plain, answer: oipModelReady},
			route{method: "POST", path: oip + "/infer", style: plain, answer: oipInfer})
	}
	return list
}

// routes returns the handler of all routes. Other paths and methods get an error in JSON.
func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, rt := range s.table() {
		mux.Handle(rt.method+" "+rt.path, s.handler(rt))
		methods[rt.path] = append(methods[rt.path], rt.method)
	}
	for path, known := range methods {
		slices.Sort(known)
		mux.Handle(path, s.handler(route{path: path, style: native, probe: true, answer: func(c *call) (any, error) {
			c.header.Set("Allow", strings.Join(known, ", "))
			return nil, failed(http.StatusMethodNotAllowed, "method", "%s is not for %s; use %s", c.request.Method, path, strings.Join(known, " or "))
		}}))
	}
	mux.Handle("/", s.handler(route{path: "other", style: native, probe: true, answer: func(*call) (any, error) {
		return nil, failed(http.StatusNotFound, "no_route", "there is nothing here; docs/serve.md lists what there is")
	}}))
	return mux
}
