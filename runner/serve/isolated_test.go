package serve

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/modelstest"
)

// crashing is a model in a process of its own that is down while its error is set.
type crashing struct {
	modelstest.Model
	down atomic.Pointer[error]
}

func (m *crashing) Ready() error {
	if err := m.down.Load(); err != nil {
		return *err
	}
	return nil
}

func (*crashing) Restarts() int { return 3 }

// TestCrash: who was in a run that crashed gets 500, those who come before the process is back 503, and the service is
// not ready meanwhile, but alive.
func TestCrash(t *testing.T) {
	m := &crashing{}
	m.Before = func(context.Context, int) error { return m.Ready() }
	source := fake(t, "photos", &modelstest.Model{})
	source.Open = func() (Opened, error) { return Opened{Model: m}, nil }
	s := started(t, Config{Models: []Source{source}})
	for _, c := range []struct {
		err           error
		embed, ready  int
		says, readies string
	}{
		{models.ErrCrashed, 500, 503, `"code":"crashed"`, "photos"},
		{models.ErrStarting, 503, 503, "being started again", "being started again"},
		{nil, 200, 200, "embeddings", "ready"},
	} {
		if m.down.Store(nil); c.err != nil {
			m.down.Store(&c.err)
		}
		if w := ask(s, "POST", "/v1/embed", "image/png", picture(t, red)); w.Code != c.embed || !strings.Contains(w.Body.String(), c.says) ||
			(w.Header().Get("Retry-After") != "") != (c.embed == 503) {
			t.Errorf("%v: embed: %d %s, Retry-After %q; want %d and %q", c.err, w.Code, w.Body, w.Header().Get("Retry-After"), c.embed, c.says)
		}
		for path, want := range map[string]int{"/readyz": c.ready, "/livez": 200, "/v2/models/photos/ready": c.ready} {
			if w := ask(s, "GET", path, "", nil); w.Code != want {
				t.Errorf("%v: %s: %d %s, want %d", c.err, path, w.Code, w.Body, want)
			}
		}
	}
	if text := ask(s, "GET", "/metrics", "", nil).Body.String(); !strings.Contains(text, `tfpair_model_restarts_total{model="photos",version="0"} 3`) {
		t.Errorf("metrics:\n%s", text)
	}
}
