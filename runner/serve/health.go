package serve

import (
	"errors"

	"github.com/tfpair/tfpair/models"
)

// health is the answer of a probe that goes well.
type health struct {
	Status string `json:"status"`
}

// Alive returns nil, or why the process is of no more use and should be started again: what GET /livez says.
func (s *Service) Alive() error {
	if s.stuck.Load() {
		return unready("a run of a model took longer than its timeout; start the service again")
	}
	return nil
}

// alive answers GET /livez.
func alive(c *call) (any, error) { return health{"alive"}, c.service.Alive() }

// ready answers GET /readyz: 503 means that requests should go elsewhere.
func ready(c *call) (any, error) { return health{"ready"}, c.service.ready() }

// ready returns why requests should go elsewhere, or nil.
func (s *Service) ready() error {
	switch {
	case s.stopping.Load():
		return unready("the service is shutting down")
	case !s.started.Load():
		return unready("models are being opened")
	case s.stuck.Load():
		return unready("a run of a model took longer than its timeout")
	}
	for _, p := range s.slots {
		if err := p.current().ready(); err != nil {
			return unready("model %q: %v", p.Name, err)
		}
	}
	return nil
}

// isolated is a model whose network runs in a process of its own. *models.Model is one with models.Isolated.
type isolated interface {
	Ready() error  // nil: it answers; else models.ErrStarting, and why it could not be started again
	Restarts() int // of the process
}

// ready returns why the version does not answer now, or nil.
func (l *loaded) ready() error {
	if l == nil {
		return errors.New("it is not open")
	}
	if m, ok := l.Model.(isolated); ok && m.Ready() != nil {
		return models.ErrStarting // anybody may ask: why is for the log
	}
	return nil
}

// processSeen is what the log was told of the process of a version.
type processSeen struct {
	restarts int
	down     string
}

// tellCrashes logs that the process of a version has ended, or has been started again, since the last look. Watch calls it.
func (s *Service) tellCrashes(p *slot) {
	l := p.current()
	if l == nil {
		return
	}
	m, ok := l.Model.(isolated)
	if !ok {
		return
	}
	now := processSeen{restarts: m.Restarts()}
	if err := m.Ready(); err != nil {
		now.down = err.Error()
	}
	before := l.seen
	l.seen = now
	switch {
	case now.down != "" && now.down != before.down:
		s.log.Error("model crashed", "model", p.Name, "version", l.info.Version, "error", now.down)
	case now.down == "" && now.restarts > before.restarts:
		s.log.Error("model crashed, and its process was started again", "model", p.Name, "version", l.info.Version, "restarts", now.restarts)
	}
}

// startedUp answers GET /startupz: 503 until all models are open.
func startedUp(c *call) (any, error) {
	if !c.service.started.Load() {
		return nil, unready("models are being opened")
	}
	return health{"started"}, nil
}
