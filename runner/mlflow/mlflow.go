// Package mlflow tells an MLflow server of a training, by its REST interface:
//
//	parameters, metrics, files → Log → queue → HTTP → server
//
// A server that is away holds nothing up: what it has not got waits in memory, and is sent when it answers. The package is pure Go.
package mlflow

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tfpair/tfpair/internal/aside"
)

// How a run ended, in MLflow's words.
const (
	Finished = "FINISHED"
	Failed   = "FAILED"
	Killed   = "KILLED"
	running  = "RUNNING"
)

// Options say what is logged where.
type Options struct {
	Name   string            // of the run
	Keep   string            // file that remembers the server's number of the run, so that a training that goes on is one run there
	Params map[string]string // settings, said once
	Tags   map[string]string
	Now    func() time.Time
}

// Log is a run on a server. Its methods return at once; one goroutine sends. It is safe for concurrent use.
type Log struct {
	server  *Server
	options Options
	wake    chan struct{} // has a place for one
	done    chan struct{} // closed once the goroutine has ended
	quit    chan struct{} // closed by End
	cancel  context.CancelFunc

	mu      sync.Mutex // protects all that follows
	waiting []point
	lost    int   // points that were too many to wait
	trouble error // of the last attempt
	told    bool  // the trouble

	start time.Time
	run   info   // ID "" until the server has made it; of the goroutine, then of End
	said  []pair // parameters that the server has yet to get; likewise
	id    string // of the run, that the server is asked for by
	tried bool   // to make the run
}

// point is a metric.
type point struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
	Time  int64   `json:"timestamp"` // milliseconds since 1970
	Step  int     `json:"step"`
}

// pair is a parameter or a tag.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

const (
	mostWaiting = 200_000          // points
	mostPoints  = 1000             // of a request, as MLflow has it
	mostPairs   = 100              // likewise
	mostValue   = 6000             // characters of a parameter
	again       = 10 * time.Second // until a server is tried again that did not answer
	endTime     = 30 * time.Second // for what is left at the end
)

// Begin logs a run on a server, from its start at Now.
func Begin(ctx context.Context, s *Server, o Options) *Log {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what was measured until a signal is sent, too
	l := &Log{server: s, options: o, wake: make(chan struct{}, 1), done: make(chan struct{}), quit: make(chan struct{}), cancel: cancel, start: o.Now(), id: rand.Text()}
	go func() {
		defer close(l.done)
		l.serve(ctx)
	}()
	l.awake()
	return l
}

// Metrics adds values of a step. Those that are not finite have no place in MLflow.
func (l *Log) Metrics(step int, values map[string]float64) {
	now := l.options.Now().UnixMilli()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := values[name]; !math.IsNaN(v) && !math.IsInf(v, 0) {
			l.waiting = append(l.waiting, point{Name(name), v, now, step})
		}
	}
	if extra := len(l.waiting) - mostWaiting; extra > 0 {
		l.waiting, l.lost = l.waiting[extra:], l.lost+extra
	}
	l.awake()
}

// Name returns a name as MLflow takes it: recall@1 is recall_at_1 there.
func Name(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-. /", r):
			return r
		}
		return '_'
	}, strings.ReplaceAll(name, "@", "_at_"))
}

func (l *Log) awake() {
	select {
	case l.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Trouble returns what went wrong, the first time it is asked after that; nil otherwise.
func (l *Log) Trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trouble == nil || l.told {
		return nil
	}
	l.told = true
	return l.trouble
}

// serve sends what waits until End.
func (l *Log) serve(ctx context.Context) {
	for {
		select {
		case <-l.quit:
			return
		case <-l.wake:
		}
		if err := l.flush(ctx); err != nil {
			wait := time.NewTimer(again)
			select {
			case <-l.quit:
				wait.Stop()
				return
			case <-wait.C:
			}
			l.awake()
		}
	}
}

// flush sends all that waits.
func (l *Log) flush(ctx context.Context) error {
	err := l.open(ctx)
	for err == nil {
		l.mu.Lock()
		batch, lost := l.waiting[:min(len(l.waiting), mostPoints)], l.lost
		l.mu.Unlock()
		if len(batch) == 0 {
			break
		}
		err = l.server.post(ctx, "runs/log-batch", map[string]any{"run_id": l.run.ID, "metrics": batch}, nil)
		var refused *AnswerError
		if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusBadRequest) {
			break
		}
		l.mu.Lock()
		l.waiting = l.waiting[max(0, len(batch)-(l.lost-lost)):] // those that made room meanwhile are gone already
		if err != nil {                                          // what is refused once is refused always
			l.lost, l.trouble, err = l.lost+len(batch), err, nil
		}
		l.mu.Unlock()
	}
	if err != nil {
		l.mu.Lock()
		l.trouble = err
		l.mu.Unlock()
	}
	return err
}

// kept is what the file of a run remembers.
type kept struct {
	Server string `json:"server"`
	Run    string `json:"run_id"`
}

// open makes the run on the server, or goes on with the one that the file remembers.
func (l *Log) open(ctx context.Context) error {
	if l.run.ID != "" {
		return l.say(ctx)
	}
	var before kept
	if text, err := os.ReadFile(l.options.Keep); err == nil && json.Unmarshal(text, &before) == nil && before.Server == l.server.Address() {
		run, known, err := l.server.get(ctx, before.Run)
		if err == nil && known {
			err = l.server.update(ctx, run.ID, running, time.Time{})
		}
		if err != nil || known {
			if err == nil {
				l.run = run
			}
			return err
		}
	}
	run, err := l.create(ctx)
	if err != nil {
		return err
	}
	l.run, l.said = run, pairs(l.options.Params)
	text, err := json.Marshal(kept{l.server.Address(), run.ID})
	if err == nil {
		_ = aside.WriteFile(l.options.Keep, append(text, '\n')) // without it, a training that goes on is another run there
	}
	return l.say(ctx)
}

// create makes the run on the server. Where an earlier attempt was not answered, the server may have made it.
func (l *Log) create(ctx context.Context) (info, error) {
	if l.tried {
		if run, known, err := l.server.made(ctx, l.id); err != nil || known {
			return run, err
		}
	}
	l.tried = true
	return l.server.create(ctx, l.options.Name, l.start, append(pairs(l.options.Tags), pair{tagID, l.id}))
}

// say sends the parameters that the server has yet to get.
func (l *Log) say(ctx context.Context) error {
	for len(l.said) > 0 {
		some := l.said[:min(len(l.said), mostPairs)]
		if err := l.server.post(ctx, "runs/log-batch", map[string]any{"run_id": l.run.ID, "params": some}, nil); err != nil {
			return err
		}
		l.said = l.said[len(some):]
	}
	return nil
}

// pairs returns values by name, in the order of the names, as MLflow takes them.
func pairs(values map[string]string) (list []pair) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := []rune(values[name]); len(v) > 0 {
			list = append(list, pair{Name(name), string(v[:min(len(v), mostValue)])})
		}
	}
	return list
}

// End sends what waits, then the files, and says how the run ended. It takes 30 seconds at most. The error says what the server has
// not got.
func (l *Log) End(ctx context.Context, status string, files ...string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	context.AfterFunc(ctx, l.cancel) // also what is on its way
	close(l.quit)
	<-l.done
	err := l.flush(ctx)
	for _, file := range files {
		if err == nil {
			if err = l.server.upload(ctx, l.run, file); err != nil {
				err = fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if l.run.ID != "" {
		if updated := l.server.update(ctx, l.run.ID, status, l.options.Now()); err == nil {
			err = updated
		}
	}
	if err == nil && l.lost > 0 {
		err = fmt.Errorf("%d values are not in it: they were refused, or too many to wait", l.lost)
	}
	return err
}

// Where returns the address of the run's page once the run has ended, "" where the server has not made it.
func (l *Log) Where() string {
	if l.run.ID == "" {
		return ""
	}
	return fmt.Sprintf("%s/#/experiments/%s/runs/%s", strings.TrimSuffix(l.server.Address(), "/"), l.run.Experiment, l.run.ID)
}
