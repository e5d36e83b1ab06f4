package serve

import "errors"

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
	Ready() error  // nil: it answers
	Restarts() int // of the process
}

// ready returns why the version does not answer now, or nil.
func (l *loaded) ready() error {
	if l == nil {
		return errors.New("it is not open")
	}
	if m, ok := l.Model.(isolated); ok {
		return m.Ready()
	}
	return nil
}

// startedUp answers GET /startupz: 503 until all models are open.
func startedUp(c *call) (any, error) {
	if !c.service.started.Load() {
		return nil, unready("models are being opened")
	}
	return health{"started"}, nil
}
