package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

// Server is where runs are kept.
type Server struct {
	base       *url.URL // what /api/2.0 is below
	experiment string   // name; "" where id says it
	id         string   // of the experiment
	user, pass string
	token      string // "" none
	client     *http.Client
}

// Names of the environment, as MLflow's own clients have them.
const (
	envURI            = "MLFLOW_TRACKING_URI"
	envUser           = "MLFLOW_TRACKING_USERNAME"
	envPassword       = "MLFLOW_TRACKING_PASSWORD" //nolint:gosec // a name
	envToken          = "MLFLOW_TRACKING_TOKEN"    //nolint:gosec // a name
	envExperiment     = "MLFLOW_EXPERIMENT_NAME"
	envExperimentID   = "MLFLOW_EXPERIMENT_ID"
	defaultExperiment = "Default"
)

// requestTime is how long the server may take to answer.
const requestTime = 10 * time.Second

// FromEnvironment returns the server that the environment names, nil where it names none.
func FromEnvironment(getenv func(string) string) (*Server, error) {
	text := getenv(envURI)
	if text == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	base, err := url.Parse(text)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("%s is %q: tfpair logs to a server, want an address that begins with http:// or https://", envURI, text)
	}
	s := &Server{base: base, id: getenv(envExperimentID), user: getenv(envUser), pass: getenv(envPassword), token: getenv(envToken),
		client: &http.Client{}}
	if base.User != nil {
		s.user = base.User.Username()
		s.pass, _ = base.User.Password()
		base.User = nil
	}
	if s.id == "" {
		if s.experiment = getenv(envExperiment); s.experiment == "" {
			s.experiment = defaultExperiment
		}
	}
	return s, nil
}

// Address returns the server's address, without a password.
func (s *Server) Address() string { return s.base.String() }

// AnswerError is an answer of the server that refuses a request.
type AnswerError struct {
	Path   string
	Status int
	Code   string // MLflow's word, such as RESOURCE_DOES_NOT_EXIST; "" where it has none
	Text   string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("%s: status %d: %s", e.Path, e.Status, strings.TrimSpace(e.Code+" "+e.Text))
}

// missing is MLflow's word for what is not there.
const missing = "RESOURCE_DOES_NOT_EXIST"

// mostAnswer is how much of an answer is read, in bytes.
const mostAnswer = 4 << 20

// send sends a request, and reads the JSON of the answer where into is not nil.
func (s *Server) send(ctx context.Context, method, below string, query url.Values, body io.Reader, into any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	at := s.base.JoinPath(below)
	at.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	switch {
	case s.token != "":
		r.Header.Set("Authorization", "Bearer "+s.token)
	case s.user != "":
		r.SetBasicAuth(s.user, s.pass)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() // read only
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		said := struct {
			Code    string `json:"error_code"`
			Message string `json:"message"`
		}{Message: fmt.Sprintf("%.200s", text)}
		_ = json.Unmarshal(text, &said) // another server's words stay as they are
		return &AnswerError{below, answer.StatusCode, said.Code, said.Message}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: the answer is no JSON: %w", below, err)
	}
	return nil
}

// post sends a request with JSON.
func (s *Server) post(ctx context.Context, what string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.send(ctx, http.MethodPost, "api/2.0/mlflow/"+what, nil, bytes.NewReader(text), into)
}

// info is what the server knows of a run.
type info struct {
	ID         string `json:"run_id"`
	Experiment string `json:"experiment_id"`
	Artifacts  string `json:"artifact_uri"`
}

type runAnswer struct {
	Run struct {
		Info info `json:"info"`
	} `json:"run"`
}

// experimentID returns the number of the experiment, which is made where there is none.
func (s *Server) experimentID(ctx context.Context) (string, error) {
	if s.id != "" {
		return s.id, nil
	}
	var found struct {
		Experiment struct {
			ID string `json:"experiment_id"`
		} `json:"experiment"`
	}
	err := s.send(ctx, http.MethodGet, "api/2.0/mlflow/experiments/get-by-name", url.Values{"experiment_name": {s.experiment}}, nil, &found)
	if err == nil {
		return found.Experiment.ID, nil
	}
	var refused *AnswerError
	if !errors.As(err, &refused) || refused.Code != missing {
		return "", err
	}
	var made struct {
		ID string `json:"experiment_id"`
	}
	err = s.post(ctx, "experiments/create", map[string]string{"name": s.experiment}, &made)
	return made.ID, err
}

// create makes a run.
func (s *Server) create(ctx context.Context, name string, start time.Time, tags []pair) (info, error) {
	id, err := s.experimentID(ctx)
	if err != nil {
		return info{}, err
	}
	var a runAnswer
	err = s.post(ctx, "runs/create", map[string]any{"experiment_id": id, "run_name": name, "start_time": start.UnixMilli(), "tags": tags}, &a)
	return a.Run.Info, err
}

// tagID names what tells the runs of this program apart.
const tagID = "tfpair.id"

// made returns the run of a tag, where create was not answered and made it all the same.
func (s *Server) made(ctx context.Context, tag string) (run info, known bool, err error) {
	id, err := s.experimentID(ctx)
	if err != nil {
		return info{}, false, err
	}
	var found struct {
		Runs []struct {
			Info info `json:"info"`
		} `json:"runs"`
	}
	err = s.post(ctx, "runs/search", map[string]any{"experiment_ids": []string{id}, "max_results": 1,
		"filter": fmt.Sprintf("tags.`%s` = '%s'", tagID, tag)}, &found)
	if err != nil || len(found.Runs) == 0 {
		return info{}, false, err
	}
	return found.Runs[0].Info, true, nil
}

// get returns a run that is there. known is false where it is not.
func (s *Server) get(ctx context.Context, id string) (run info, known bool, err error) {
	var a runAnswer
	err = s.send(ctx, http.MethodGet, "api/2.0/mlflow/runs/get", url.Values{"run_id": {id}}, nil, &a)
	var refused *AnswerError
	if errors.As(err, &refused) && refused.Code == missing {
		return info{}, false, nil
	}
	return a.Run.Info, err == nil, err
}

// update says how a run stands.
func (s *Server) update(ctx context.Context, id, status string, end time.Time) error {
	body := map[string]any{"run_id": id, "status": status}
	if !end.IsZero() {
		body["end_time"] = end.UnixMilli()
	}
	return s.post(ctx, "runs/update", body, nil)
}

// throughServer begins the address of files that the server takes itself.
const throughServer = "mlflow-artifacts:"

// upload sends a file to where those of a run are kept.
func (s *Server) upload(ctx context.Context, run info, file string) error {
	rest, ok := strings.CutPrefix(run.Artifacts, throughServer)
	if !ok {
		return fmt.Errorf("the server keeps files at %q, and tfpair sends them only through the server: start it with --serve-artifacts", run.Artifacts)
	}
	if at, err := url.Parse(rest); err == nil { // with or without a host
		rest = at.Path
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return s.send(ctx, http.MethodPut, path.Join("api/2.0/mlflow-artifacts/artifacts", rest, path.Base(file)), nil, bytes.NewReader(text), nil)
}
