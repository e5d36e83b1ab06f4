package mlflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a server that keeps the rules of MLflow's REST interface: mlflow.org/docs/latest/api_reference/rest-api.html.
type fake struct {
	mu          sync.Mutex
	away        bool   // requests are not answered
	refuse      string // a metric of this name is refused
	mute        bool   // a run is made, and the answer gets lost
	artifacts   string // address of files
	experiments map[string]string
	runs        map[string]*fakeRun
	files       map[string]string
	auth        string // of the last request
}

type fakeRun struct {
	Name, Status string
	Params       map[string]string
	Tags         map[string]string
	Metrics      map[string][]point
	start, end   int64
}

var allowed = regexp.MustCompile(`^[a-zA-Z0-9_\-. /]+$`)

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.auth = r.Header.Get("Authorization")
	if f.away {
		http.Error(w, "bad gateway", http.StatusBadGateway)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if name, ok := strings.CutPrefix(r.URL.Path, "/base/api/2.0/mlflow-artifacts/artifacts/"); ok && r.Method == http.MethodPut {
		f.files[name] = string(body)
		return
	}
	what, ok := strings.CutPrefix(r.URL.Path, "/base/api/2.0/mlflow/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	answer, code := f.answer(what, r.URL.Query().Get, body)
	if code != "" {
		w.WriteHeader(map[string]int{missing: http.StatusNotFound}[code] + map[bool]int{true: http.StatusBadRequest}[code != missing])
		answer = map[string]string{"error_code": code, "message": fmt.Sprint(answer)}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (f *fake) answer(what string, query func(string) string, body []byte) (answer any, code string) {
	var in struct {
		Name         string
		ExperimentID string `json:"experiment_id"`
		RunID        string `json:"run_id"`
		RunName      string `json:"run_name"`
		Status       string
		Filter       string
		StartTime    int64 `json:"start_time"`
		EndTime      int64 `json:"end_time"`
		Metrics      []point
		Params, Tags []pair
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			return err, "INVALID_PARAMETER_VALUE"
		}
	}
	info := func(id string) map[string]any {
		return map[string]any{"run": map[string]any{"info": map[string]string{"run_id": id, "experiment_id": "7", "artifact_uri": f.artifacts + id + "/artifacts"}}}
	}
	switch what {
	case "experiments/get-by-name":
		if id, ok := f.experiments[query("experiment_name")]; ok {
			return map[string]any{"experiment": map[string]string{"experiment_id": id}}, ""
		}
		return "no experiment", missing
	case "experiments/create":
		f.experiments[in.Name] = "7"
		return map[string]string{"experiment_id": "7"}, ""
	case "runs/create":
		if in.ExperimentID != "7" || in.StartTime == 0 {
			return "no such experiment", "INVALID_PARAMETER_VALUE"
		}
		id := fmt.Sprint("run", len(f.runs))
		f.runs[id] = &fakeRun{Name: in.RunName, Status: running, Params: map[string]string{}, Tags: map[string]string{}, Metrics: map[string][]point{}, start: in.StartTime}
		for _, t := range in.Tags {
			f.runs[id].Tags[t.Key] = t.Value
		}
		if f.mute {
			f.mute = false
			return "lost", "TEMPORARILY_UNAVAILABLE"
		}
		return info(id), ""
	case "runs/search":
		var runs []any
		for id, run := range f.runs {
			if in.Filter == fmt.Sprintf("tags.`tfpair.id` = '%s'", run.Tags["tfpair.id"]) {
				runs = append(runs, info(id)["run"])
			}
		}
		return map[string]any{"runs": runs}, ""
	}
	id := in.RunID + query("run_id")
	run, ok := f.runs[id]
	if !ok {
		return "no run", missing
	}
	switch what {
	case "runs/get":
		return info(id), ""
	case "runs/update":
		run.Status, run.end = in.Status, in.EndTime
		return map[string]any{}, ""
	case "runs/log-batch":
		if len(in.Metrics) > 1000 || len(in.Params) > 100 || len(in.Tags) > 100 {
			return "too many", "INVALID_PARAMETER_VALUE"
		}
		for _, m := range in.Metrics {
			if !allowed.MatchString(m.Key) || m.Key == f.refuse {
				return "invalid metric name " + m.Key, "INVALID_PARAMETER_VALUE"
			}
			run.Metrics[m.Key] = append(run.Metrics[m.Key], m)
		}
		for _, p := range in.Params {
			if before, ok := run.Params[p.Key]; !allowed.MatchString(p.Key) || ok && before != p.Value || len(p.Value) > 6000 {
				return "invalid parameter " + p.Key, "INVALID_PARAMETER_VALUE"
			}
			run.Params[p.Key] = p.Value
		}
		return map[string]any{}, ""
	}
	return "no such endpoint", "ENDPOINT_NOT_FOUND"
}

// started starts a fake, and returns what finds it.
func started(t *testing.T) (*fake, *Server) {
	t.Helper()
	f := &fake{artifacts: "mlflow-artifacts:/7/", experiments: map[string]string{}, runs: map[string]*fakeRun{}, files: map[string]string{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	s, err := FromEnvironment(func(name string) string {
		return map[string]string{envURI: server.URL + "/base", envExperiment: "groceries", envUser: "ada", envPassword: "secret"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, s
}

func clock() time.Time { return time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC) }

// TestLog: parameters, metrics and files reach the server, and a training that goes on is the same run there.
func TestLog(t *testing.T) {
	f, s := started(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "spec file.yaml")
	if err := os.WriteFile(file, []byte("topology: siamese\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Name: "run", Keep: filepath.Join(folder, "mlflow.json"), Now: clock, Tags: map[string]string{"tfpair.version": "1"},
		Params: map[string]string{"loss": "bce", "empty": "", "long": strings.Repeat("x", 7000)}}
	for i := range 230 {
		o.Params[fmt.Sprintf("p.%03d", i)] = "1"
	}
	l := Begin(t.Context(), s, o)
	for step := range 1500 {
		l.Metrics(step+1, map[string]float64{"train/loss": 1 / float64(step+1), "val/recall@1": 0.5, "train/bad": math.NaN()})
	}
	if err := l.End(t.Context(), Finished, file); err != nil {
		t.Fatal(err)
	}
	run := f.runs["run0"]
	if len(f.runs) != 1 || run.Status != Finished || run.end != clock().UnixMilli() || run.start != clock().UnixMilli() || run.Name != "run" || run.Tags["tfpair.version"] != "1" {
		t.Fatalf("%d runs, %+v", len(f.runs), run)
	}
	if len(run.Params) != 232 || run.Params["loss"] != "bce" || len(run.Params["long"]) != 6000 {
		t.Errorf("%d parameters, %q", len(run.Params), run.Params["loss"])
	}
	if loss := run.Metrics["train/loss"]; len(loss) != 1500 || loss[1].Value != 0.5 || loss[1].Step != 2 || loss[1].Time != clock().UnixMilli() {
		t.Errorf("%d values, %+v", len(loss), loss[:2])
	}
	if len(run.Metrics) != 2 || len(run.Metrics["val/recall_at_1"]) != 1500 {
		t.Errorf("%d metrics", len(run.Metrics))
	}
	if got := f.files["7/run0/artifacts/spec file.yaml"]; got != "topology: siamese\n" {
		t.Errorf("files %q", f.files)
	}
	if want := s.Address() + "/#/experiments/7/runs/run0"; l.Where() != want || strings.Contains(want, "secret") {
		t.Errorf("it is at %q, want %q", l.Where(), want)
	}
	if f.auth != "Basic YWRhOnNlY3JldA==" { // ada:secret
		t.Errorf("Authorization is %q", f.auth)
	}
	o.Params["loss"] = "contrastive" // a server refuses another value
	l = Begin(t.Context(), s, o)
	l.Metrics(1501, map[string]float64{"train/loss": 0})
	if err := l.End(t.Context(), Killed); err != nil {
		t.Fatal(err)
	}
	if len(f.runs) != 1 || run.Status != Killed || len(run.Metrics["train/loss"]) != 1501 {
		t.Errorf("going on makes %d runs, %s", len(f.runs), run.Status)
	}
	delete(f.runs, "run0") // somebody deleted it there
	l = Begin(t.Context(), s, o)
	if err := l.End(t.Context(), Finished); err != nil || len(f.runs) != 1 {
		t.Errorf("%v, %d runs", err, len(f.runs))
	}
}

// TestAway: a server that is away is told of once, and gets all when it is back.
func TestAway(t *testing.T) {
	f, s := started(t)
	f.away = true
	l := Begin(t.Context(), s, Options{Name: "run", Keep: filepath.Join(t.TempDir(), "mlflow.json"), Now: clock})
	for step := range 5 {
		l.Metrics(step, map[string]float64{"loss": 1})
	}
	var trouble error
	for trouble == nil && t.Context().Err() == nil {
		if trouble = l.Trouble(); trouble == nil {
			time.Sleep(time.Millisecond)
		}
	}
	if refused := new(AnswerError); !errors.As(trouble, &refused) || refused.Status != http.StatusBadGateway {
		t.Errorf("trouble: %v", trouble)
	}
	if again := l.Trouble(); again != nil {
		t.Errorf("it is told again: %v", again)
	}
	f.mu.Lock()
	f.away = false
	f.mu.Unlock()
	if err := l.End(t.Context(), Finished); err != nil {
		t.Fatal(err)
	}
	if run := f.runs["run0"]; run == nil || len(run.Metrics["loss"]) != 5 || run.Status != Finished {
		t.Errorf("%+v", f.runs)
	}
	f.mute = true // the answer to the first attempt gets lost
	l = Begin(t.Context(), s, Options{Name: "mute", Keep: filepath.Join(t.TempDir(), "mlflow.json"), Now: clock})
	for l.Trouble() == nil && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	l.Metrics(1, map[string]float64{"loss": 1})
	if err := l.End(t.Context(), Finished); err != nil || len(f.runs) != 2 || len(f.runs["run1"].Metrics["loss"]) != 1 {
		t.Errorf("%v, %d runs, want no third one", err, len(f.runs))
	}
	f.away = true
	l = Begin(t.Context(), s, Options{Name: "other", Keep: filepath.Join(t.TempDir(), "mlflow.json"), Now: clock})
	if err := l.End(t.Context(), Finished); err == nil || l.Where() != "" {
		t.Errorf("a server that is away to the end: %v, %q", err, l.Where())
	}
}

// TestRefused: what the server refuses keeps nothing else from it.
func TestRefused(t *testing.T) {
	f, s := started(t)
	f.refuse, f.artifacts = "odd", "s3://bucket/"
	file := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := Begin(t.Context(), s, Options{Name: "run", Keep: file + ".json", Now: clock})
	l.Metrics(1, map[string]float64{"odd": 1})
	if err := l.End(t.Context(), Finished); err == nil || !strings.Contains(err.Error(), "1 values are not in it") {
		t.Errorf("a refused metric: %v", err)
	}
	l = Begin(t.Context(), s, Options{Name: "run", Keep: file + ".json", Now: clock})
	l.Metrics(1, map[string]float64{"even": 1})
	if err := l.End(t.Context(), Finished, file); err == nil || !strings.Contains(err.Error(), `keeps files at "s3://bucket/run0/artifacts"`) {
		t.Errorf("files elsewhere: %v", err)
	}
	if run := f.runs["run0"]; len(run.Metrics["even"]) != 1 || run.Status != Finished {
		t.Errorf("%+v", run)
	}
}

func TestFromEnvironment(t *testing.T) {
	for uri, want := range map[string]string{"": "", "./mlruns": "begins with http://", "databricks": "begins with http://", "http://host:5000": "", "https://": "begins with"} {
		s, err := FromEnvironment(func(name string) string { return map[string]string{envURI: uri}[name] })
		if want == "" && (err != nil || (s == nil) != (uri == "")) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, %v", uri, s, err)
		}
	}
	s, err := FromEnvironment(func(name string) string { return map[string]string{envURI: "http://ada:secret@host/x"}[name] })
	if err != nil || s.Address() != "http://host/x" || s.user != "ada" || s.pass != "secret" {
		t.Errorf("%+v, %v", s, err)
	}
}
