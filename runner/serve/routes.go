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
	probe        bool // it needs no token and no place in the queue, and its lines of the log are for debugging
	guarded      bool // a probe that needs a token all the same
	changes      bool // it looks for a token of those who may change the index itself
	shows        bool // of the index: whoever may change it may see it
	answer       func(*call) (any, error)
	about        about
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
	model := parameter{"model", "name of the model; the first one where it is left out", ""}
	probe := func(path string, answer func(*call) (any, error), summary string) route {
		return route{method: "GET", path: path, probe: true, answer: answer, about: about{summary: summary, gives: health{}}}
	}
	list := []route{
		{method: "POST", path: "/v1/embed", answer: embedPictures, about: about{summary: "the embeddings of pictures",
			takes: pictureRequest{}, files: "image", raw: true, gives: embedded{}, query: []parameter{model}}},
		{method: "POST", path: "/v1/compare", answer: comparePictures, about: about{summary: "whether two pictures are the same",
			takes: pairRequest{}, files: "left right", gives: comparison{}, query: []parameter{model}}},
		{method: "POST", path: "/v1/search", answer: searchPictures, about: about{summary: "the nearest pictures of the index",
			takes: pictureRequest{}, files: "image", raw: true, gives: found{}, query: []parameter{model,
				{"k", "how many, 1 to 1000; 5 where it is left out", 0},
				{"vote", "how many of the nearest vote on the class, 1 to 1000; 5 where it is left out", 0}, {"threshold", "distance up to which one is accepted; that of the index where it is left out", 0.0}}}},
		{method: "GET", path: "/v1/index", shows: true, answer: showIndex, about: about{summary: "the index", gives: indexAnswer{}, query: []parameter{model}}},
		{method: "POST", path: "/v1/index", changes: true, answer: putPictures, about: about{summary: "put pictures into the index; in a form each file is named by its id",
			takes: putRequest{}, files: "id", gives: changed{}, query: []parameter{model, {"class", "of all pictures of a form", ""}}}},
		{method: "GET", path: "/v1/index/{id...}", shows: true, answer: showPicture, about: about{summary: "what the index has of a picture", gives: entryAnswer{},
			query: []parameter{model, {"picture", "true: the thumbnail, a JPEG file", false}}}},
		{method: "PUT", path: "/v1/index/{id...}", changes: true, answer: putPicture, about: about{summary: "put a picture into the index, in place of the one of that id",
			takes: putEntry{}, files: "image", raw: true, gives: changed{}, query: []parameter{model, {"class", "of the picture, where it is no JSON", ""}}}},
		{method: "DELETE", path: "/v1/index/{id...}", changes: true, answer: removePicture, about: about{summary: "remove a picture from the index", gives: changed{}, query: []parameter{model}}},
		{method: "GET", path: "/v1/models", answer: listModels, about: about{summary: "the models", gives: modelList{}}},
		{method: "POST", path: "/v1/embeddings", style: openAI, answer: openAIEmbed, about: about{
			summary: "the embeddings of pictures, in OpenAI's shape", takes: openAIRequest{}, gives: openAIAnswer{}}},
		{method: "GET", path: "/{$}", probe: true, answer: showPage},
		{method: "GET", path: "/openapi.json", probe: true, answer: openAPI, about: about{summary: "this document"}},
		{method: "GET", path: "/metrics", probe: true, guarded: true, answer: s.metrics.answer, about: about{summary: "numbers for Prometheus"}},
		probe("/livez", alive, "200: the process is of use"),
		probe("/readyz", ready, "200: requests are answered"),
		probe("/startupz", startedUp, "200: all models are open"),
		{method: "GET", path: "/v2", style: plain, answer: oipServer, about: about{summary: "Open Inference Protocol: this server"}},
		{method: "GET", path: "/v2/health/live", style: plain, probe: true, answer: oipLive, about: about{summary: "Open Inference Protocol: live"}},
		{method: "GET", path: "/v2/health/ready", style: plain, probe: true, answer: oipReady, about: about{summary: "Open Inference Protocol: ready"}},
	}
	for _, version := range []string{"", "/versions/{version}"} {
		tfs, oip := "/v1/models/{model}"+version, "/v2/models/{model}"+version
		list = append(list,
			route{method: "POST", path: tfs, style: plain, answer: tfsPredict, // :predict is the end of the last word
				about: about{summary: "TensorFlow Serving: predict, where the last parameter ends in :predict", takes: tfsRequest{}}},
			route{method: "GET", path: tfs, style: plain, answer: tfsState, about: about{summary: "TensorFlow Serving: status", gives: tfsStatus{}}},
			route{method: "GET", path: tfs + "/metadata", style: plain, answer: tfsMetadata, about: about{summary: "TensorFlow Serving: metadata"}},
			route{method: "GET", path: oip, style: plain, answer: oipModel, about: about{summary: "Open Inference Protocol: metadata"}},
			route{method: "GET", path: oip + "/ready", style: plain, answer: oipModelReady, about: about{summary: "Open Inference Protocol: model ready"}},
			route{method: "POST", path: oip + "/infer", style: plain, answer: oipInfer, about: about{
				summary: "Open Inference Protocol: infer", takes: oipRequest{}, gives: oipAnswer{}}})
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
			return nil, failed(http.StatusMethodNotAllowed, "method", "%s is not for %s; use %s", c.request.Method, strings.TrimSuffix(path, "{$}"), strings.Join(known, " or "))
		}}))
	}
	mux.Handle("/", s.handler(route{path: "other", style: native, probe: true, answer: func(*call) (any, error) {
		return nil, failed(http.StatusNotFound, "no_route", "there is nothing here; GET /openapi.json lists what there is")
	}}))
	return mux
}
