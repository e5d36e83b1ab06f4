package models

import (
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/internal/workers"
)

// calls is a run of the session with fixed feeds and fetches, for many goroutines: a
// session.Call keeps the tensors of its feeds and serves one at a time.
type calls struct {
	session        *session.Session
	feeds, fetches []string
	free           chan *session.Call
}

func newCalls(s *session.Session, feeds, fetches []string) *calls {
	return &calls{s, feeds, fetches, make(chan *session.Call, workers.Cores())}
}

func (c *calls) run(values ...session.Value) ([]session.Value, error) {
	call, err := c.take()
	if err != nil {
		return nil, err
	}
	out, err := call.Run(values...)
	select {
	case c.free <- call:
	default: // more goroutines than cores: not worth keeping
	}
	return out, err
}

func (c *calls) take() (*session.Call, error) {
	select {
	case call := <-c.free:
		return call, nil
	default:
		return c.session.Prepare(c.feeds, c.fetches, nil)
	}
}
