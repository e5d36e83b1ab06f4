package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/modelstest"
)

// shelf is a source whose newest version a test puts there.
type shelf struct {
	mu     sync.Mutex
	newest int
	bad    bool // the newest cannot be used
	models []*modelstest.Model
	waits  func(context.Context, int) error // Before of the next ones
	lost   error                            // there is no newest
}

func (h *shelf) put(version int, bad bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest, h.bad = version, bad
}

func (h *shelf) source() Source {
	return Source{
		Name: "photos",
		Open: func() (Opened, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			m := &modelstest.Model{Version: h.newest, Before: h.waits}
			if h.bad {
				m.Before = func(context.Context, int) error { return errors.New("it is broken") }
			}
			h.models = append(h.models, m)
			return Opened{Model: m}, nil
		},
		Newest: func() (string, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return fmt.Sprint(h.newest), h.lost
		},
	}
}

// TestReload: a new version answers once it is there, nobody's request fails, and the one before is
// closed. A bad version replaces nothing.
func TestReload(t *testing.T) {
	h := &shelf{newest: 1}
	s, err := New(Config{Models: []Source{h.source()}})
	if err != nil {
		t.Fatal(err)
	}
	address, admin, stop := running(t, s, Server{Grace: time.Millisecond, Admin: "127.0.0.1:0"})
	file, y := picture(t, red), &tally{}
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for client := (&http.Client{Transport: transport}); ctx.Err() == nil; {
				y.send(client, address, file)
			}
		})
	}
	version := func() int {
		var list modelList
		w := ask(s, "GET", "/v1/models", "", nil)
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return list.Models[0].Version
	}
	reload := func(status int, says string) {
		t.Helper()
		r, err := http.Post("http://"+admin+"/admin/models/photos/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(r.Body); err != nil || r.StatusCode != status || !strings.Contains(b.String(), says) {
			t.Errorf("reload: %d %s %v, want %d %q", r.StatusCode, &b, err, status, says)
		}
	}
	h.put(2, false) // seen by polling
	until(t, "version 2", func() bool { return version() == 2 })
	reload(200, `"changed":false`)
	h.put(3, true)
	reload(409, "it is broken")
	if got := version(); got != 2 {
		t.Errorf("version %d answers after a bad one, want 2", got)
	}
	badVersions := func() []string {
		text := ask(s, "GET", "/metrics", "", nil).Body.String()
		return regexp.MustCompile(`tfpair_model_bad_version{.*`).FindAllString(text, -1)
	}
	if got := badVersions(); len(got) != 1 || !strings.Contains(got[0], `{model="photos",version="3"} 1`) {
		t.Errorf("metrics name the bad versions %q, want 3", got)
	}
	for v := 4; v < 20; v++ {
		h.put(v, v%4 == 3)
		if v%4 == 3 {
			reload(409, `"version":`)
		} else {
			reload(200, fmt.Sprintf(`"version":%d`, v)) // polling may have been faster
			if got := badVersions(); got != nil {
				t.Errorf("metrics name the bad versions %q where %d is good", got, v)
			}
		}
	}
	cancel()
	clients.Wait()
	if text := ask(s, "GET", "/metrics", "", nil).Body.String(); !regexp.MustCompile(`tfpair_model_loads_total{model="photos",result="error"} [5-9]`).MatchString(text) ||
		!strings.Contains(text, `tfpair_model_info{model="photos",sha256="",version="18"} 1`) {
		t.Errorf("metrics:\n%s", text)
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	for i, m := range h.models {
		if !m.Closed() {
			t.Errorf("version %d, opened as number %d, is not closed", m.Version, i)
		}
	}
	if len(y.lost) > 0 || y.refused > 0 || y.answered == 0 {
		t.Errorf("answered %d, refused %d, lost %v", y.answered, y.refused, y.lost)
	}
}

// TestReloadGivenUp: that nobody waits for a new version any more does not make it a bad one.
func TestReloadGivenUp(t *testing.T) {
	h, b := &shelf{newest: 1}, &bytes.Buffer{}
	s := started(t, Config{Models: []Source{h.source()}, Log: slog.New(slog.NewTextHandler(b, nil))})
	h.put(2, false)
	ctx, cancel := context.WithCancel(t.Context())
	h.waits = func(ctx context.Context, _ int) error { cancel(); return ctx.Err() } // the client goes while it is warmed up
	if changed, err := s.Reload(ctx); len(changed) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("Reload of a client that goes = %v, %v", changed, err)
	}
	if text := ask(s, "GET", "/metrics", "", nil).Body.String(); strings.Contains(text, "tfpair_model_bad_version{") ||
		!strings.Contains(text, `tfpair_model_loads_total{model="photos",result="error"} 0`) || strings.Contains(b.String(), "ERROR") {
		t.Errorf("a version that nobody waits for is bad:\n%s\n%s", text, b)
	}
	h.waits = nil
	s.due(s.slots[0], time.Now()) // sees it
	if !s.due(s.slots[0], time.Now()) {
		t.Error("polling does not try it again at once")
	}
	if changed, err := s.Reload(t.Context()); len(changed) != 1 || err != nil {
		t.Errorf("Reload after that = %v, %v", changed, err)
	}
	h.lost = errors.New("the folder is gone")
	if _, err := s.Reload(t.Context()); !errors.Is(err, h.lost) || !strings.Contains(b.String(), "the folder is gone") {
		t.Errorf("Reload of a folder that is gone = %v, and the log says\n%s", err, b)
	}
}

// TestReloadShared: who asks for a bad version before its opening for somebody else begins gets that answer, and has it not opened once
// more. Who has gone meanwhile has nothing opened.
func TestReloadShared(t *testing.T) {
	h := &shelf{newest: 1}
	s := started(t, Config{Models: []Source{h.source()}})
	p := s.slots[0]
	h.put(2, true)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for i, c := range []struct {
		ctx    context.Context
		tried  time.Duration // from now, after the first one
		opened int
		says   string
	}{
		{gone, 0, 0, "canceled"},
		{t.Context(), 0, 1, "it is broken"},
		{t.Context(), time.Hour, 1, "it is broken"},
		{t.Context(), -time.Hour, 2, "it is broken"},
	} {
		p.tried = time.Now().Add(c.tried)
		if _, err := s.reload(c.ctx, p); err == nil || !strings.Contains(err.Error(), c.says) || len(h.models) != 1+c.opened {
			t.Errorf("%d: reload = %v, opened %d times; want %q and %d", i, err, len(h.models)-1, c.says, c.opened)
		}
	}
}

// TestNear: what a model computes may differ from what was stored by one in ten thousand of its length.
func TestNear(t *testing.T) {
	for _, c := range []struct {
		got, want []float32
		ok        bool
	}{
		{[]float32{1, 0}, []float32{1, 0}, true},
		{[]float32{1.00009, 0}, []float32{1, 0}, true},
		{[]float32{1.0002, 0}, []float32{1, 0}, false},
		{[]float32{1000.09, 0}, []float32{1000, 0}, true},
		{[]float32{0.00009, 0}, []float32{0, 0}, true},
		{[]float32{1}, []float32{1, 0}, false},
		{[]float32{nan(), 0}, []float32{1, 0}, false},
	} {
		if err := near(c.got, c.want); (err == nil) != c.ok {
			t.Errorf("near(%v, %v) = %v, want ok %t", c.got, c.want, err, c.ok)
		}
	}
}

func nan() float32 { zero := float32(0); return zero / zero }

// TestTodo: a version of another embedding space needs another index, and the log has the commands.
func TestTodo(t *testing.T) {
	space := &index.Error{Path: "photos.index", Err: &models.SpaceError{Got: "a", Want: "b"}}
	for _, c := range []struct {
		now  *loaded // answers
		err  error
		want string
	}{
		{nil, errors.New("damaged"), "mend or remove this version, and start the service again"},
		{&loaded{}, space, `a model that was trained again needs an index of its own: tfpair index migrate --model "shop/2" --index "photos.index" --out "photos.index-2" makes it; ` +
			`then start the service with --model shop="shop/2" --index shop="photos.index-2"`},
		{&loaded{}, &index.Error{Path: "photos.index", Err: &models.SpaceError{Got: "a", Want: "b", Float32: true}},
			`a model that was trained again needs an index of its own: tfpair index migrate --model "shop/2" --index "photos.index" --out "photos.index-2" makes it` +
				` (with --keep-vectors without pictures: the vectors of the float32 model are near); then start the service with --model shop="shop/2" --index shop="photos.index-2"`},
		{&loaded{}, errors.New("damaged"), "mend or remove this version; it is tried again every minute"},
	} {
		if got := (&slot{Source: Source{Name: "shop"}, now: c.now}).todo("shop/2\n120 7", c.err); got != c.want {
			t.Errorf("todo of %v = %s, want %s", c.err, got, c.want)
		}
	}
}

// TestVersionInPart: a version is left alone while files come into it. One that was copied in part is bad and named then, is opened once it
// is whole, and is not called bad any more once it is removed.
func TestVersionInPart(t *testing.T) {
	folder := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const saved, manifest = "/saved_model.pb", "/" + models.ManifestName
	write("1" + saved)
	write("1" + manifest)
	var log bytes.Buffer
	source := Source{Name: "photos", Newest: func() (string, error) { return newest(folder, "") }, Open: func() (Opened, error) {
		path, err := models.Locate(folder)
		if err == nil {
			_, err = os.Stat(path + manifest)
		}
		return Opened{Model: &modelstest.Model{}}, err
	}}
	s := started(t, Config{Models: []Source{source}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	p := s.slots[0]
	look := func(bad string) {
		t.Helper()
		if now := time.Now().Add(2 * retryBad); s.due(p, now) {
			_, _ = s.reload(t.Context(), p)
		}
		if got := p.badVersion(); got != bad {
			t.Errorf("bad is %q, want %q; the log:\n%s", got, bad, &log)
		}
	}
	look("")
	for i := range restiveLooks + 1 {
		write(fmt.Sprintf("2/%d", i))
		write("2" + saved)
		look("") // it comes
	}
	if got := strings.Count(log.String(), "change all the time"); got != 1 {
		t.Errorf("the log says %d times that its files change, want once:\n%s", got, &log)
	}
	look("2")
	write("2" + manifest)
	look("2")
	look("")
	if got := versionName(p.current().version); got != "2" {
		t.Errorf("%s answers, want 2", got)
	}
	write("3" + saved)
	look("")
	look("3")
	if err := os.RemoveAll(folder + "/3"); err != nil {
		t.Fatal(err)
	}
	look("")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	for range 2 * unseenLooks {
		look("")
	}
	if got := strings.Count(log.String(), "model not looked for"); got != 1 {
		t.Errorf("the log says %d times that the folder has gone, want once:\n%s", got, &log)
	}
}

// TestReloadOneByOne: versions of several models are opened one after the other, however many are asked for: each takes memory beside the
// one that answers.
func TestReloadOneByOne(t *testing.T) {
	var open, most atomic.Int32
	var sources []Source
	var newest atomic.Int32
	for i := range 8 {
		sources = append(sources, Source{Name: fmt.Sprint("m", i), Newest: func() (string, error) { return fmt.Sprint(newest.Load()), nil },
			Open: func() (Opened, error) {
				if n := open.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer open.Add(-1)
				time.Sleep(5 * time.Millisecond) // others could come
				return Opened{Model: &modelstest.Model{}}, nil
			}})
	}
	s := started(t, Config{Models: sources})
	newest.Add(1)
	var all sync.WaitGroup
	for _, p := range s.slots {
		all.Go(func() {
			if changed, err := s.reload(t.Context(), p); !changed || err != nil {
				t.Errorf("reload = %v, %v", changed, err)
			}
		})
	}
	all.Wait()
	if got := most.Load(); got != 1 {
		t.Errorf("%d were opened at the same time, want 1", got)
	}
}
