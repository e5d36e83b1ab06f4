package serve

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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

// TestCrashAtStart: a version whose process ends while it is opened or warmed up is opened again, three times in all.
func TestCrashAtStart(t *testing.T) {
	for _, c := range []struct {
		name             string
		inOpen, inWarmUp int // openings that crash
		opened           int
		fails            bool
	}{
		{"no crash", 0, 0, 1, false},
		{"two crashes", 1, 1, 3, false},
		{"three crashes", 1, 2, 3, true},
	} {
		var log bytes.Buffer
		opened := 0
		source := fake(t, "photos", &modelstest.Model{})
		source.Open = func() (Opened, error) {
			m := &crashing{}
			if opened++; opened <= c.inOpen {
				return Opened{}, fmt.Errorf("open: %w: signal: killed", models.ErrCrashed)
			}
			if opened <= c.inOpen+c.inWarmUp {
				m.Before = func(context.Context, int) error { return models.ErrCrashed }
			}
			return Opened{Model: m}, nil
		}
		s, err := New(Config{Models: []Source{source}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Open(t.Context())
		if opened != c.opened || (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), "opened 3 times") {
			t.Errorf("%s: opened %d times, %v; want %d times and an error: %v", c.name, opened, err, c.opened, c.fails)
		}
		if got := strings.Count(log.String(), "is opened again"); got != opened-1 {
			t.Errorf("%s: the log says %d times that it is opened again, want %d:\n%s", c.name, got, opened-1, &log)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCrashIsSaid: the log says once that the process of a model is down and why, and that it was started again. Strangers are not told why.
func TestCrashIsSaid(t *testing.T) {
	var log bytes.Buffer
	m := &crashing{}
	source := fake(t, "photos", &modelstest.Model{})
	source.Open = func() (Opened, error) { return Opened{Model: m}, nil }
	s := started(t, Config{Models: []Source{source}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	p := s.slots[0]
	p.current().seen.restarts = m.Restarts()
	log.Reset()
	look := func(lines int, says string) {
		t.Helper()
		for range 2 {
			s.tellCrashes(p)
		}
		if got := strings.Count(log.String(), "model crashed"); got != lines || !strings.Contains(log.String(), says) {
			t.Errorf("the log says %d times that it crashed, want %d, and %q:\n%s", got, lines, says, &log)
		}
		log.Reset()
	}
	look(0, "")
	down := fmt.Errorf("%w: signal: killed", models.ErrStarting)
	m.down.Store(&down)
	look(1, "signal: killed")
	if w := ask(s, "GET", "/readyz", "", nil); w.Code != 503 || strings.Contains(w.Body.String(), "killed") {
		t.Errorf("readyz: %d %s, want 503 without the reason", w.Code, w.Body)
	}
	m.down.Store(nil)
	look(0, "")
	p.current().seen.restarts--
	look(1, "started again")
}

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
