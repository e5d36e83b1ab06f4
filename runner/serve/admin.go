package serve

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
)

// reloaded is the answer of POST /admin/models/{model}/reload.
type reloaded struct {
	Model   string `json:"model"`
	Changed bool   `json:"changed"` // false: the newest version answered already
	Version int    `json:"version"` // that answers now
	Error   string `json:"error,omitempty"`
}

// Admin returns the routes of those who run the service: POST /admin/models/{model}/reload, GET /metrics
// and GET /debug/pprof/. They ask for no token: let nobody else reach them.
func (s *Service) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /admin/models/{model}/reload", s.adminReload)
	mux.Handle("GET /metrics", s.handler(route{path: "/metrics", probe: true, answer: s.metrics.answer}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// adminReload opens the newest version of a model, also one that was found bad before.
func (s *Service) adminReload(w http.ResponseWriter, r *http.Request) {
	answer, status := reloaded{Model: r.PathValue("model")}, http.StatusOK
	p := s.slot(answer.Model)
	if p == nil {
		answer.Error, status = "there is no such model", http.StatusNotFound
	} else {
		changed, err := s.reload(r.Context(), p)
		answer.Changed = changed
		if err != nil {
			answer.Error, status = err.Error(), http.StatusConflict
		}
		if l := p.current(); l != nil {
			answer.Version = l.info.Version
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}
